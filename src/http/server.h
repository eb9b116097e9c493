/**
 * http/server.h - the inspection endpoint: HTTP on the control loop, served by libmicrohttpd.
 *
 * Inspection, health, metrics, and one way to invalidate; never a key or a value of the cache. At most
 * HTTP_CONNECTIONS_MAX connections are answered, the next get 503; a request or a response that takes
 * longer than HTTP_PATIENCE_US is cut off; bodies have at most HTTP_BODY_MAX bytes. Streams of events last,
 * and count as connections (http/stream.h).
 * Thread: the control thread.
 */
#pragma once

#include "http/host.h"
#include "loop/loop.h"

#define HTTP_CONNECTIONS_MAX 64
#define HTTP_PATIENCE_US     (5 * US_PER_SEC)
#define HTTP_WHY_MAX         256 /* a good capacity for the reason of http_new() */

struct http;

/**
 * Listen on addr (port 0 = any free port) and answer from the loop of l, which is lent for life. Also
 * renders members, stats, node and vectors for the client protocol (loop_inspect_set).
 *
 * addr:    ip_len 0 = no listener, rendering only.
 * why:     gets a text for people when NULL is returned.
 * Returns: NULL on any error, with everything released.
 */
struct http *http_new(struct loop *l, const struct addr *addr, char *why, size_t why_cap);

/** Tell what memory the process may use, for people to be told. */
void http_memory_limit_set(struct http *h, uint64_t bytes);

/** Names that requests may be meant for, beside addresses and localhost; lent for life. Before the loop runs. */
void http_names_set(struct http *h, const struct http_names *names);

/** The address that was bound; ip_len 0 = none. */
struct addr http_addr(const struct http *h);

/** Stop listening and close all connections. Before loop_free(). NULL is allowed. */
void http_free(struct http *h);
