/**
 * http/reply.h - what is asked and what is answered, as plain structs; the bytes are libmicrohttpd's.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "http/text.h"

#define HTTP_BODY_MAX 65536 /* bytes of a request's body */

#define HTTP_PROBLEM "application/problem+json"
#define HTTP_JSON    "application/json"
#define HTTP_PLAIN   "text/plain; charset=utf-8"
#define HTTP_EVENTS  "text/event-stream"
#define HTTP_HTML    "text/html; charset=utf-8"

struct http_stream;

/** One request. Everything is lent. */
struct http_request {
    const char *method;
    const char *path;          /* decoded, without the query */
    const char *accept;        /* NULL = none */
    const char *origin;        /* the Origin header; NULL = none */
    const char *authorization; /* the header; NULL = none */
    bool verbose;              /* ?verbose */
    const char *limit;         /* ?limit; NULL = none */
    bool has_ns;               /* ?ns */
    struct slice ns;
    const char *last_event_id; /* the Last-Event-ID header; NULL = none */
    struct slice body;
    const char *rest; /* what the route's pattern left open: NAME */
};

/** One answer. status 0 = not answered yet. */
struct http_reply {
    unsigned status;
    const char *type;         /* static */
    const char *allow;        /* static, with 405; else NULL */
    const char *authenticate; /* static, with 401; else NULL */
    const char *policy;       /* static, of a page: its Content-Security-Policy; else NULL */
    struct http_text body;
    struct http_stream *stream; /* in place of body, without an end; NULL = body */
};

/** Answer with JSON. Takes value; NULL (out of memory) becomes a 500. */
void http_reply_json(struct http_reply *r, unsigned status, json_t *value);

/** Answer with text/plain. */
void http_reply_plain(struct http_reply *r, unsigned status, const char *text);

/** Release the body, or the stream. */
void http_reply_fini(struct http_reply *r);
