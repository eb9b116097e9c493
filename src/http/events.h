/**
 * http/events.h - the newest things that happened here, numbered: membership, invalidations, own state.
 *
 * A ring of EVENTS_MAX; the oldest makes room. Readers keep the number that they want next, and learn from
 * http_events_oldest() when it is gone: nobody is waited for, and nothing grows. Kept are the
 * namespaces of invalidations and never what they aim at.
 *
 * Never renders and never reads a clock. Thread: the control thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"
#include "node/told.h"
#include "swim/swim.h"
#include "wire/client.h"
#include "wire/peer.h"

#define EVENTS_MAX 2048 /* a power of two */

enum http_event_kind {
    EVENT_MEMBER,
    EVENT_INVALIDATION,
    EVENT_STATE
};

/** A few bytes of their own. */
struct http_event_name {
    uint8_t len;
    uint8_t at[PEER_NAME_MAX];
};

/** A member changed. */
struct http_event_member {
    enum swim_event_kind what;
    enum swim_state state;
    uint32_t incarnation;
    uint64_t generation;
    struct addr addr;
    struct http_event_name name, accuser; /* empty = not known, nobody */
};

/** A dot took effect here. */
struct http_event_dot {
    bool
        everything; /* no dot: any entry may have gone, or dots came faster than they can be told */
    bool soft;
    bool named;   /* is ns known? */
    uint8_t kind; /* enum dot_kind */
    uint8_t ns_len;
    uint8_t ns[CLIENT_NS_MAX];
    uint64_t epoch, seq;
};

struct http_event {
    uint64_t id; /* from 1, without holes */
    mono_us at;
    enum http_event_kind kind;

    union {
        struct http_event_member member;
        struct http_event_dot dot;
        const char *state; /* static */
    };
};

struct http_events {
    uint64_t added; /* the newest id; 0 = nothing happened yet */
    struct http_event *ring;
};

/** Make room. false: out of memory. */
bool http_events_init(struct http_events *e);

/** Release the ring. */
void http_events_fini(struct http_events *e);

/** A member changed; its names are copied. */
void http_events_member(struct http_events *e, mono_us now, enum swim_event_kind what,
                        const struct swim_member *member);

/** Something took effect; its namespace is copied, its target is not kept. */
void http_events_applied(struct http_events *e, mono_us now, const struct node_applied *applied);

/** The node's own state changed. state: static. */
void http_events_state(struct http_events *e, mono_us now, const char *state);

/** The oldest id that is still here; one past the newest when nothing is. */
uint64_t http_events_oldest(const struct http_events *e);

/** The event of an id from oldest to newest (asserted). Lends until the next one is added. */
const struct http_event *http_events_at(const struct http_events *e, uint64_t id);
