#include <stdlib.h>
#include <strings.h>

#include "http/invalidate.h"
#include "http/pages.h"
#include "http/problem.h"
#include "node/command.h"

#define NO_MEMORY "the node is out of memory; try again"

/** What waits for the dots to be issued. */
struct waiting {
    struct http_later later;
    struct loop *loop;
};

static const struct hkey *hkey_of(struct loop *l)
{
    return &cache_config(loop_cache(l))->hkey;
}

static void on_issued(void *ctx, const struct node_reply *reply)
{
    struct waiting *w = ctx;
    const struct command_refusal refusal = command_refusal(reply->err);
    if (reply->err == OK)
        http_reply_json(w->later.reply, 200, http_invalidate_answer(hkey_of(w->loop), reply));
    else
        http_problem(w->later.reply, reply->err == ERR_CONFIG ? 400 : 503, refusal.name,
                     refusal.text);
    w->later.answered(w->later.ctx);
    free(w);
}

static void issue(const struct http_call *call, const struct http_invalidate *wanted)
{
    struct waiting *w = calloc(1, sizeof *w);
    if (w == NULL) {
        http_problem(call->reply, 500, "NO_MEMORY", NO_MEMORY);
        return;
    }
    const struct policy *policy = policy_of(loop_policies(call->site->loop), wanted->ns);
    const struct node_command command = {.ask = NODE_ISSUE,
                                         .targets = wanted->targets,
                                         .targets_n = wanted->targets_n,
                                         .ack = policy_ack(policy, wanted->ack),
                                         .timeout_us = wanted->timeout_us};
    *w = (struct waiting){.later = *call->later, .loop = call->site->loop};
    loop_command(call->site->loop, &command, on_issued, w);
}

/** What whoever asks may do: the bearer of a client's key (RFC 6750 2.1). */
static uint8_t rights_of(const struct http_call *call)
{
    static const char scheme[] = "Bearer ";
    const char *text = call->request->authorization;
    if (text == NULL || strncasecmp(text, scheme, sizeof scheme - 1) != 0)
        return 0;
    return loop_bearer(call->site->loop, slice_text(text + sizeof scheme - 1));
}

/** From other machines, and where there are clients, only who has the capability may ask. */
static bool permits_bearer(const struct http_call *call)
{
    const uint8_t rights = rights_of(call);
    if ((rights & RIGHT_INVALIDATE) != 0)
        return true;
    if (!loop_has_clients(call->site->loop)) {
        http_problem(call->reply, 403, "NOT_PERMITTED",
                     "this listener can be reached from other machines, and this node has no "
                     "clients file: use the client protocol, or a listener on loopback");
    } else if (rights == 0) {
        http_problem(call->reply, 401, "AUTH_REQUIRED",
                     "give the key of a client that may invalidate: Authorization: Bearer KEY");
        call->reply->authenticate = "Bearer realm=\"scrubjay\"";
    } else {
        http_problem(call->reply, 403, "NOT_PERMITTED",
                     "this needs the capability invalidate, which this client has not");
        call->reply->authenticate =
            "Bearer realm=\"scrubjay\", error=\"insufficient_scope\", scope=\"invalidate\"";
    }
    return false;
}

/** Web pages of other sites may not ask (RFC 6454 7). */
static bool permits(const struct http_call *call)
{
    if (call->request->origin != NULL) {
        http_problem(call->reply, 403, "NOT_PERMITTED", "requests of web pages are not answered");
        return false;
    }
    const bool open = call->site->loopback && !loop_has_clients(call->site->loop);
    return open || permits_bearer(call);
}

void http_page_invalidate(const struct http_call *call)
{
    struct http_invalidate wanted;
    struct client_fault fault;
    if (!permits(call))
        return;
    if (http_invalidate_read(hkey_of(call->site->loop), call->request->body, &wanted, &fault) !=
        OK) {
        http_problem(call->reply, 400, fault.name, fault.text);
        return;
    }
    issue(call, &wanted);
    http_invalidate_fini(&wanted);
}
