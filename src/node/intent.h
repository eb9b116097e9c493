/**
 * node/intent.h - announced writes: BEGIN dots that wait for their COMMIT or ABORT, or run out.
 *
 * Whatever kills an entry because the source may have changed must be a dot: a kill in one cache alone
 * is not seen by others, and entries that a peer hands over bring the old value back. So an intent
 * that runs out is ended by a DOT_COMMIT that names its BEGIN. The issuer sends it at the end of the
 * time; every other holder, in case the issuer is gone, a random 0 to 500 ms later, and only if none
 * that names the BEGIN has come. It acts as an ordinary key dot everywhere. A DOT_KEY of the same key
 * ends nothing here: it may have been issued before the commit that the intent announced, and only now
 * arrive.
 *
 * A put that names an intent ends it for its key: see "Puts of announced writes" in README.md.
 *
 * Never issues, never applies. Thread: the control thread. Source: scrubjay's own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"
#include "base/err.h"
#include "base/time.h"

#define INTENT_JITTER_US (500 * US_PER_MS)

struct intent_cfg {
    uint64_t epoch;    /* our origin: its intents are our own */
    uint32_t open_max; /* 4,096 */
    uint64_t seed;     /* of the jitter */
};

struct intents;

/** Make an empty table. NULL when the arena is too small. */
struct intents *intents_new(struct arena *arena, const struct intent_cfg *cfg);

/** Is there room for n more? Ask before own BEGINs are allotted. */
bool intents_room(const struct intents *t, size_t n);

/** The BEGIN dot (epoch, seq), if it is open: *hash is its key. */
bool intent_find(const struct intents *t, uint64_t epoch, uint64_t seq, uint64_t *hash);

/**
 * A DOT_BEGIN takes effect here (content, not coverage). ticket: comes back when an own one runs out.
 *
 * Errors: ERR_FULL (counted): the caller lets the dot act as a key dot only, without quarantine; the
 * other holders end it. ERR_DUPLICATE: it is open already. Nothing changes in either case.
 */
MUST_USE enum err intent_begin(struct intents *t, mono_us now, const struct dot *begin,
                               uint64_t ticket);

/** A DOT_COMMIT or DOT_ABORT takes effect here, ours or another's: dot (epoch, seq) is ended.
 *  Returns: false when it was not open. */
bool intent_end(struct intents *t, uint64_t epoch, uint64_t seq);

/** An intent that ran out: issue a DOT_COMMIT with this hash and subject (epoch, seq). */
struct intent_expired {
    uint64_t epoch, seq; /* of the BEGIN */
    uint64_t hash;
    bool own;
    uint64_t ticket; /* own */
};

/** Take the next intent that ran out; it is open no longer. false when there is none. */
bool intent_poll(struct intents *t, mono_us now, struct intent_expired *out);

/** When intent_poll() next has something; NEVER when nothing is open. */
mono_us intent_deadline(const struct intents *t);

/** Counters since start, and how many are open. */
struct intent_counters {
    uint64_t begun, ended;
    uint64_t expired_own, expired_foreign;
    uint64_t full;
    uint32_t open;
};

/** The counters, copied. */
struct intent_counters intent_counters(const struct intents *t);
