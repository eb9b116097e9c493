#include "http/reply.h"

#include "http/stream.h"

void http_reply_json(struct http_reply *r, unsigned status, json_t *value)
{
    r->status = status;
    r->type = HTTP_JSON;
    http_text_json(&r->body, value);
    http_text_say(&r->body, "\n");
    if (!r->body.failed)
        return;
    http_text_fini(&r->body);
    r->status = 500;
}

void http_reply_plain(struct http_reply *r, unsigned status, const char *text)
{
    r->status = status;
    r->type = HTTP_PLAIN;
    http_text_say(&r->body, text);
}

void http_reply_fini(struct http_reply *r)
{
    http_text_fini(&r->body);
    http_stream_close(r->stream);
    r->stream = NULL;
}
