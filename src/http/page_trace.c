#include "base/hex.h"
#include "http/json.h"
#include "http/later.h"
#include "http/problem.h"
#include "node/stamp.h"

static void answer_traced(struct loop *l, const struct node_reply *reply, struct http_reply *out)
{
    if (reply->err == OK)
        http_reply_json(out, 200, http_json_trace(loop_node(l), reply));
    else
        http_later_refused(out, reply->err, "too many traces at one time; try again");
}

static bool read_stamp(const struct http_call *call, struct stamp *out)
{
    uint8_t bytes[STAMP_LEN];
    size_t len = 0;
    return hex_read(call->request->rest, bytes, sizeof bytes, &len) &&
           stamp_read(node_hkey(loop_node(call->site->loop)), slice_of(bytes, len), out) == OK;
}

void http_page_trace(const struct http_call *call)
{
    struct node_command command = {.ask = NODE_TRACE, .stamps_n = 1};
    if (!read_stamp(call, &command.stamps[0])) {
        http_problem(call->reply, 400, "BAD_STAMP",
                     "a stamp is the 48 hex digits that an invalidation of this cluster gives");
        return;
    }
    http_later_command(call, &command, answer_traced);
}
