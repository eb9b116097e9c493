#include <stdlib.h>
#include <string.h>

#include "http/json.h"
#include "http/pages.h"
#include "http/problem.h"
#include "http/stream.h"
#include "wire/client.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000

/** A number from 1 to LIMIT_MAX in decimal digits. */
static bool read_limit(const char *text, size_t *out)
{
    size_t n = 0;
    if (*text == '\0' || strlen(text) > 4)
        return false;
    for (; *text >= '0' && *text <= '9'; text++)
        n = n * 10 + (size_t)(*text - '0');
    *out = n;
    return *text == '\0' && n >= 1 && n <= LIMIT_MAX;
}

void http_page_invalidations(const struct http_call *call)
{
    const struct http_request *r = call->request;
    struct http_json_wanted wanted = {.limit = LIMIT_DEFAULT, .one_ns = r->has_ns, .ns = r->ns};
    if (r->limit != NULL && !read_limit(r->limit, &wanted.limit))
        http_problem(call->reply, 400, "BAD_ARGS", "limit must be a number from 1 to 1,000");
    else if (r->ns.len > CLIENT_NS_MAX)
        http_problem(call->reply, 400, "NS_TOO_LONG", "a namespace has at most 64 bytes");
    else
        http_reply_json(call->reply, 200,
                        http_json_invalidations(loop_node(call->site->loop),
                                                &call->site->streams->events, &wanted, loop_now()));
}

void http_page_events(const struct http_call *call)
{
    struct http_reply *reply = call->reply;
    if (strcmp(call->request->method, "HEAD") != 0) {
        reply->stream = http_stream_open(call->site->streams, call->request->last_event_id);
        if (reply->stream == NULL) {
            http_problem(reply, 503, "BUSY", "16 streams are open, which is the limit");
            return;
        }
    }
    reply->status = 200;
    reply->type = HTTP_EVENTS;
}
