#include "http/reply.h"

#include "http/stream.h"

static int append(const char *bytes, size_t n, void *text)
{
    http_text_add(text, bytes, n);
    return 0;
}

void http_reply_json(struct http_reply *r, unsigned status, json_t *value)
{
    r->status = status;
    r->type = HTTP_JSON;
    if (value == NULL || json_dump_callback(value, append, &r->body, JSON_COMPACT) != 0)
        r->body.failed = true;
    http_text_say(&r->body, "\n");
    json_decref(value);
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
