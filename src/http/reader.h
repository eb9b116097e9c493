/**
 * http/reader.h - what one listener of the event stream gets next, as text/event-stream.
 *
 * A place in the ring of events and one rendered block: a listener that takes nothing costs no more
 * than that, and is told afterwards what it missed, by a block "gap". Ids are EPOCH-NUMBER: numbers of
 * another run of the process mean nothing here.
 *
 * Source: WHATWG HTML, 9.2 server-sent events. Never touches a socket, never reads a clock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/events.h"
#include "http/json.h"
#include "http/text.h"

#define READER_RETRY_MS 2000 /* what a listener that lost us waits */

struct http_reader {
    uint64_t next; /* id */
    uint64_t gaps, missed;
    bool unknown_past;      /* what it saw last was of another run, or is no id of ours */
    struct http_text block; /* rendered, not yet taken as a whole */
    size_t taken;
};

/**
 * Begin: a block without an event that tells the place and READER_RETRY_MS, then what comes after
 * last_id.
 *
 * last_id: the Last-Event-ID header, hostile; NULL = from now on. One that means nothing here begins with
 *          a gap of unknown length, from now on.
 */
void http_reader_init(struct http_reader *r, const struct http_events *e, uint64_t epoch,
                      const char *last_id);

/** Release what was rendered. */
void http_reader_fini(struct http_reader *r);

/** Is there anything to take? */
bool http_reader_behind(const struct http_reader *r, const struct http_events *e);

/** Say something, if there is nothing else to say: who listens, and what stands between, knows it lives. */
void http_reader_beat(struct http_reader *r);

/** Take the next bytes, at most cap. Returns: how many; 0 when there is nothing, or r->block.failed. */
size_t http_reader_take(struct http_reader *r, const struct http_events *e,
                        const struct http_json_events *j, char *to, size_t cap);
