#include <stdlib.h>

#include "http/json.h"
#include "http/pages.h"
#include "http/problem.h"
#include "node/stamp.h"

/** What waits for the answers of the members. */
struct waiting {
    struct http_later later;
    struct loop *loop;
};

static void on_traced(void *ctx, const struct node_reply *reply)
{
    struct waiting *w = ctx;
    if (reply->err == OK)
        http_reply_json(w->later.reply, 200, http_json_trace(loop_node(w->loop), reply));
    else if (reply->err == ERR_REFUSED)
        http_problem(w->later.reply, 503, "DRAINING", "this node is leaving; ask another one");
    else
        http_problem(w->later.reply, 503, "BUSY", "too many traces at one time; try again");
    w->later.answered(w->later.ctx);
    free(w);
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_hex(const char *text, uint8_t out[STAMP_LEN])
{
    for (size_t i = 0; i < STAMP_LEN; i++) {
        const int high = digit_of(text[2 * i]);
        const int low = high < 0 ? -1 : digit_of(text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high * 16 + low);
    }
    return text[(size_t)2 * STAMP_LEN] == '\0';
}

static bool read_stamp(const struct http_call *call, struct stamp *out)
{
    uint8_t bytes[STAMP_LEN];
    return read_hex(call->request->rest, bytes) &&
           stamp_read(node_hkey(loop_node(call->site->loop)), slice_of(bytes, STAMP_LEN), out) ==
               OK;
}

void http_page_trace(const struct http_call *call)
{
    struct node_command command = {.ask = NODE_TRACE, .stamps_n = 1};
    if (!read_stamp(call, &command.stamps[0])) {
        http_problem(call->reply, 400, "BAD_STAMP",
                     "a stamp is the 48 hex digits that an invalidation of this cluster gives");
        return;
    }
    struct waiting *w = calloc(1, sizeof *w);
    if (w == NULL) {
        http_problem(call->reply, 500, "NO_MEMORY", "the node is out of memory; try again");
        return;
    }
    *w = (struct waiting){.later = *call->later, .loop = call->site->loop};
    loop_command(call->site->loop, &command, on_traced, w);
}
