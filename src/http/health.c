#include "http/health.h"

#include "http/facts.h"

struct check {
    const char *name;
    bool passes;
    const char *word; /* what stands behind it */
};

static struct check check_of(enum health_question question, const struct node_view *v)
{
    switch (question) {
    case HEALTH_READY:
        return (struct check){"readyz", http_is_ready(v), v->state_text};
    case HEALTH_STARTED:
        return (struct check){"startupz", v->state != NODE_JOINING, v->state_text};
    default:
        return (struct check){"livez", true, "the control loop answers"};
    }
}

static void say_check(struct http_text *out, bool passes, const char *name, const char *word)
{
    http_text_say(out, passes ? "[+] " : "[-] ");
    http_text_say(out, name);
    http_text_say(out, ": ");
    http_text_say(out, word);
    http_text_say(out, "\n");
}

/** Why a level or a bounded read may be refused though the node is ready. */
static void say_promises(struct http_text *out, const struct node_view *v)
{
    const struct votes_view *votes = &v->votes;
    if (v->proof_state == PROOF_EXCEEDED) {
        http_text_say(out, "expect: exceeded: ");
        http_text_number(out, v->alive);
        http_text_say(out, " nodes live, at most ");
        http_text_number(out, votes->expect);
        http_text_say(out, " are expected\n");
    }
    if (v->proof_state == PROOF_WINDOWS) {
        http_text_say(out, "fence_ms: differs between nodes: ");
        http_text_number(out, v->window_ms);
        http_text_say(out, " here, ");
        http_text_number(out, v->window_other_ms);
        http_text_say(out, " elsewhere\n");
    }
    if (votes->expect > 0 && votes->mode == VOTE_NONE) {
        http_text_say(out, "votes: not yet: synced with ");
        http_text_number(out, votes->voters_n);
        http_text_say(out, " of ");
        http_text_number(out, votes->voters_min);
        http_text_say(out, " voters\n");
    }
}

/** Facts that decide nothing but explain much. */
static void say_more(struct http_text *out, const struct health_call *call)
{
    const struct node_view *v = call->view;
    http_text_say(out, "members alive: ");
    http_text_number(out, v->alive);
    http_text_say(out, "\ngaps open: ");
    http_text_number(out, v->gaps);
    http_text_say(out, v->isolated ? "\nisolated: yes\n" : "\nisolated: no\n");
    http_text_say(out, "workers wedged: ");
    http_text_number(out, call->workers_wedged);
    http_text_say(out, "\n");
    say_promises(out, v);
}

void http_health(const struct health_call *call, struct http_reply *out)
{
    const struct check check = check_of(call->question, call->view);
    const bool named = call->question != HEALTH_LIVE;
    http_reply_plain(out, check.passes ? 200 : 503, "");
    if (call->verbose) {
        say_check(&out->body, check.passes, check.name, check.word);
        say_more(&out->body, call);
        return;
    }
    http_text_say(&out->body, named ? check.word : "live");
    http_text_say(&out->body, "\n");
}
