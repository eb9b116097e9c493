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

/** Facts that decide nothing but explain much. */
static void say_more(struct http_text *out, const struct node_view *v)
{
    http_text_say(out, "members alive: ");
    http_text_number(out, v->alive);
    http_text_say(out, "\ngaps open: ");
    http_text_number(out, v->gaps);
    http_text_say(out, v->isolated ? "\nisolated: yes\n" : "\nisolated: no\n");
}

void http_health(enum health_question question, const struct node_view *view, bool verbose,
                 struct http_reply *out)
{
    const struct check check = check_of(question, view);
    const bool named = question != HEALTH_LIVE;
    http_reply_plain(out, check.passes ? 200 : 503, "");
    if (verbose) {
        say_check(&out->body, check.passes, check.name, check.word);
        say_more(&out->body, view);
        return;
    }
    http_text_say(&out->body, named ? check.word : "live");
    http_text_say(&out->body, "\n");
}
