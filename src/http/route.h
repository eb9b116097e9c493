/**
 * http/route.h - which handler answers which request.
 */
#pragma once

#include "http/facts.h"
#include "http/host.h"
#include "http/reply.h"

struct http_streams;

/** What every handler may use. */
struct http_site {
    struct loop *loop;
    struct facts_site facts;
    struct http_streams *streams; /* NULL without a listener */
    bool loopback;                /* the listener can only be reached from this machine */
    struct http_names names;
};

/** Called when a reply that route left open (status 0) has been filled in. */
typedef void http_answered(void *ctx);

/** Where a late answer goes. */
struct http_later {
    struct http_reply *reply; /* must stay valid until answered() */
    http_answered *answered;
    void *ctx;
};

/**
 * Answer one request.
 *
 * request: lent for the call.
 * later:   its reply is filled in before the call returns, or, with status 0 until then, later on the
 *          control thread, followed by answered(). Copied if need be.
 */
void http_route(struct http_site *site, struct http_request *request,
                const struct http_later *later);

/** Who answers: what http_route() found. */
struct http_match {
    bool path_known;
    const char *allow; /* static; when the path is known but not for this method */
    const char *rest;  /* lent from path */
};

/** Look method and path up without answering. */
struct http_match http_route_match(const char *method, const char *path);
