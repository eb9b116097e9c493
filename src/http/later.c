#include "http/later.h"

#include <stdlib.h>

#include "http/problem.h"

/** What waits for the reply. */
struct waiting {
    struct http_later later;
    struct loop *loop;
    http_answer *answer;
};

static void on_reply(void *ctx, const struct node_reply *reply)
{
    struct waiting *w = ctx;
    w->answer(w->loop, reply, w->later.reply);
    w->later.answered(w->later.ctx);
    free(w);
}

void http_later_refused(struct http_reply *out, enum err err, const char *busy)
{
    if (err == ERR_REFUSED)
        http_problem(out, 503, "DRAINING", "this node is leaving; ask another one");
    else
        http_problem(out, 503, "BUSY", busy);
}

void http_later_command(const struct http_call *call, const struct node_command *command,
                        http_answer *answer)
{
    struct waiting *w = calloc(1, sizeof *w);
    if (w == NULL) {
        http_problem(call->reply, 500, "NO_MEMORY", "the node is out of memory; try again");
        return;
    }
    *w = (struct waiting){.later = *call->later, .loop = call->site->loop, .answer = answer};
    loop_command(call->site->loop, command, on_reply, w);
}
