/**
 * streams.h - connections between nodes: frames in order, delayed, broken by cuts and crashes.
 *
 * A cut stops the frames at its mouth; after STUCK_US the connection breaks. What was sent before a
 * hangup arrives before it. Never looks into a frame.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/slice.h"

#include "queue.h"

#define CONNS_MAX       1024
#define CONNECT_WAIT_US (2 * US_PER_SEC)
#define STUCK_US        (10 * US_PER_SEC)
#define IDLE_US         (45 * US_PER_SEC) /* a node gives a silent stream up after 30 s */

struct sim;
struct oracle_entry;
struct sim_frame;

struct conn {
    uint32_t node[2]; /* 0 opened it, 1 was asked */
    uint32_t run[2];
    uint32_t id[2];
    bool used, established;
    bool open[2];                         /* the end still listens */
    struct sim_frame *first[2], *last[2]; /* on their way to the end */
    mono_us stuck_at[2];
    uint32_t generation;
    mono_us moved_at; /* the last time that anything happened on it */
};

struct conns {
    struct conn at[CONNS_MAX];
    uint32_t n;       /* places ever used */
    uint32_t inbound; /* last id given to an accepted connection */
};

/** A node wants a connection to `to` that it calls id. */
void conn_open(struct sim *s, uint32_t node, uint32_t id, const struct addr *to);

/** A node says one frame on its connection id. Takes said, as of gifts_said(). */
void conn_send(struct sim *s, uint32_t node, uint32_t id, struct slice bytes,
               struct oracle_entry *said);

/** A node closes its connection id, after what it said. */
void conn_hangup(struct sim *s, uint32_t node, uint32_t id);

/** A process died: its connections end; told: the others hear of it now, else they never do. */
void conn_crash(struct sim *s, uint32_t node, bool told);

/** EVENT_CONNECT, EVENT_STREAM_UP, EVENT_STREAM_FAIL, EVENT_FRAME. Returns: was a node touched? */
bool conn_event(struct sim *s, struct event *e);

/** Now and then: has every connection on which nothing moves been given up? Fails the simulation. */
void conns_audit(struct sim *s);

/** Drop all connections and frames. */
void conns_free(struct conns *c);
