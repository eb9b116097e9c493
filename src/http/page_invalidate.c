#include <strings.h>

#include "http/invalidate.h"
#include "http/later.h"
#include "http/problem.h"
#include "node/command.h"

static const struct hkey *hkey_of(struct loop *l)
{
    return &cache_config(loop_cache(l))->hkey;
}

static void answer_issued(struct loop *l, const struct node_reply *reply, struct http_reply *out)
{
    const struct command_refusal refusal = command_refusal(reply->err);
    if (reply->err == OK)
        http_reply_json(out, 200, http_invalidate_answer(hkey_of(l), reply));
    else
        http_problem(out, reply->err == ERR_CONFIG ? 400 : 503, refusal.name, refusal.text);
}

static void issue(const struct http_call *call, const struct http_invalidate *wanted)
{
    const struct policy *policy = policy_of(loop_policies(call->site->loop), wanted->ns);
    const struct node_command command = {.ask = NODE_ISSUE,
                                         .targets = wanted->targets,
                                         .targets_n = wanted->targets_n,
                                         .ack = policy_ack(policy, wanted->ack),
                                         .timeout_us = wanted->timeout_us};
    http_later_command(call, &command, answer_issued);
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

/** On loopback, where nobody has to log in; who shows a key where there are clients is asked for it. */
static bool is_open_to(const struct http_call *call)
{
    const enum entry entry = loop_entry(call->site->loop);
    return call->site->loopback && entry_is_open(entry) &&
           (!entry_hears_logins(entry) || call->request->authorization == NULL);
}

/** From other machines, and where there are clients, only who has the capability may ask. */
static bool permits_bearer(const struct http_call *call)
{
    const uint8_t rights = rights_of(call);
    if ((rights & RIGHT_INVALIDATE) != 0)
        return true;
    if (!entry_hears_logins(loop_entry(call->site->loop))) {
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
    if (!is_open_to(call))
        return permits_bearer(call);
    if (entry_hears_logins(loop_entry(call->site->loop)))
        loop_count_guest(call->site->loop);
    return true;
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
