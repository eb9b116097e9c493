/**
 * queue.h - what will happen, in order: a binary heap of events by (time, sequence).
 *
 * Events of one moment come out in the order in which they were planned. Never looks into an event;
 * an event owns its `p`, which is freed with it.
 */
#pragma once

#include <stdint.h>

#include "base/time.h"

/** What happens. The argument fields are explained where the event is planned. */
enum event_kind {
    EVENT_DATAGRAM, /* p: struct packet */
    EVENT_REFUSED,  /* a = slot: a datagram to it found nobody */
    EVENT_TOO_BIG,  /* a = slot: a datagram to it was too long for its path */
    EVENT_CONNECT,  /* a = conn: the opener's SYN arrives */
    EVENT_STREAM_UP,
    EVENT_STREAM_FAIL,
    EVENT_FRAME,  /* a = conn, b = end: the first frame of its queue may have arrived */
    EVENT_NAMES,  /* b = mode of the zone when it was asked */
    EVENT_OP,     /* a client of `node` does something */
    EVENT_FETCH,  /* p: struct fetch; a client reads the source */
    EVENT_FILL,   /* p: struct fetch; ... and brings back what it read */
    EVENT_ISSUE,  /* p: struct intent; a writer tells the cache */
    EVENT_STORE,  /* p: struct storing; the second half of a put, on its worker */
    EVENT_CLIENT, /* a = enum client_step, b and p: see there; a client goes on */
    EVENT_THAW,
    EVENT_BOOT,  /* b = flags of sim_restart() */
    EVENT_ACT,   /* a = index in the script; b = 0: it begins, 1: it ends */
    EVENT_STORM, /* a = how many recorded datagrams `node` still gets; b = time between two */
    EVENT_READ   /* a process looks at its keyring file */
};

/** The name of a kind, for reports. Lends static text. */
const char *event_text(enum event_kind kind);

struct event {
    mono_us at;
    enum event_kind kind;
    uint32_t node; /* whom it happens to */
    uint32_t run;  /* the process that it is meant for; RUN_ANY: whichever is there */
    uint64_t a, b;
    void *p;
    struct event *next; /* free list, inbox of a paused node */
};

#define RUN_ANY UINT32_MAX

struct queue_entry {
    mono_us at;
    uint64_t order;
    struct event *event;
};

struct queue_chunk;

struct queue {
    struct queue_entry *heap;
    uint32_t n, cap;
    uint64_t order;
    struct event *free;
    struct queue_chunk *chunks;
};

/** Forget everything that is planned, and give the memory back. */
void queue_free(struct queue *q);

/** Take a blank event, to be handed to queue_add() or event_free(). */
struct event *queue_event(struct queue *q);

/** Give an event back, and free its `p`. */
void event_free(struct queue *q, struct event *e);

/** Plan e, which has its time. Takes it. */
void queue_add(struct queue *q, struct event *e);

/** When the next event is due; NEVER when there is none. */
mono_us queue_next_at(const struct queue *q);

/** Take the next event; there must be one. It is then the caller's. */
struct event *queue_take(struct queue *q);
