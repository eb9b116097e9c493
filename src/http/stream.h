/**
 * http/stream.h - listeners of GET /v1/events: answers without an end, on the control loop.
 *
 * At most STREAMS_MAX. Who waits for news is suspended and costs nothing; news wakes all of them at most
 * every STREAM_TICK_US, and each takes at most STREAM_BUDGET bytes then. So a flood of invalidations, or a
 * listener that reads slowly, makes gaps (http/reader.h), never queues.
 *
 * Thread: the control thread.
 */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include <ev.h>
#include <sys/queue.h>

#include "http/events.h"
#include "http/facts.h"
#include "http/owners.h"

#define STREAMS_MAX    16
#define STREAM_TICK_US (50 * US_PER_MS)
#define STREAM_BUDGET  16384
#define STREAM_BEAT_US (10 * US_PER_SEC) /* something is said at least so often */

struct http_stream;

/** All listeners, and what they listen to. */
struct http_streams {
    struct loop *loop;
    struct http_events events;
    struct http_owners owners; /* as of the last tick */
    struct facts_http *counters;
    uint64_t epoch; /* our own: ids of other runs mean nothing */
    LIST_HEAD(, http_stream) open;
    struct ev_timer tick;
    bool ending;
    void (*woken)(void *ctx); /* a connection was resumed: run the daemon soon */
    void *ctx;
};

/** Begin to keep events of l, which is lent, as are counters. false: out of memory. */
bool http_streams_init(struct http_streams *s, struct loop *l, struct facts_http *counters);

/** Let all answers end, as soon as the daemon is run, with what is still to be said. */
void http_streams_end(struct http_streams *s);

/** Release everything; the daemon is gone. */
void http_streams_fini(struct http_streams *s);

/** Let whoever hung up go, and say something to who heard nothing for long. */
void http_streams_sweep(struct http_streams *s, mono_us now);

/** A listener more. last_id: its Last-Event-ID; NULL = none. NULL: STREAMS_MAX listen (counted), or no
 *  memory. */
struct http_stream *http_stream_open(struct http_streams *s, const char *last_id);

/** Its answer on a connection; takes the stream, also on errors. NULL: out of memory. */
struct MHD_Response *http_stream_response(struct http_stream *s, struct MHD_Connection *connection);

/** Forget a listener that got no answer. NULL is allowed. */
void http_stream_close(struct http_stream *s);
