#include "http/json.h"
#include "http/later.h"

static void answer_surveyed(struct loop *l, const struct node_reply *reply, struct http_reply *out)
{
    if (reply->err == OK)
        http_reply_json(out, 200, http_json_matrix(loop_node(l), reply));
    else
        http_later_refused(out, reply->err, "too many surveys at one time; try again");
}

void http_page_matrix(const struct http_call *call)
{
    const struct node_command command = {.ask = NODE_SURVEY};
    http_later_command(call, &command, answer_surveyed);
}
