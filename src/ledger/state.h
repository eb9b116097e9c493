/**
 * ledger/state.h - what a ledger is made of, and the steps that several of its verbs share.
 *
 * Only the ledger's own files include this.
 */
#pragma once

#include "ledger/checkpoint.h"
#include "ledger/digest.h"
#include "ledger/gap.h"
#include "ledger/ledger.h"
#include "ledger/log.h"
#include "ledger/origin.h"
#include "ledger/retired.h"
#include "ledger/thin.h"
#include "ledger/touch.h"
#include "ledger/window.h"

#define LEDGER_UNRECORDED 64

/** An origin that has no slot, and what was last heard of it: each news of it costs the whole cache. */
struct unrecorded {
    uint64_t epoch;
    uint64_t head;
};

struct ledger {
    uint64_t l;
    struct origins origins; /* slot 0, place 0 is our own */
    struct windows windows;
    struct checkpoint_pool checkpoints;
    struct unrecorded unrecorded[LEDGER_UNRECORDED];
    uint32_t unrecorded_i; /* the next one to overwrite */
    uint32_t gone_n;       /* origins that are gone */
    uint32_t unended_n;    /* origins that ended elsewhere, and lack something here */
    struct retired_ring retired;
    struct gaps gaps;
    struct dotlog log;
    struct thin thin;
    struct touch touch;
    struct digest digest;
    struct ledger_counters counters; /* but gaps_opened and gaps_merged, which gaps counts */
};

/* ---- cover.c ---- */

/** Can seq, past applied + 1, be recorded? Takes a window from the pool when there is none yet. */
bool ledger_secure_window(struct ledger *l, struct origin *o, uint64_t seq);

/** Did somebody retire o with a last sequence that is past what is applied here? */
bool ledger_lacks_end(const struct origin *o);

/** Raise applied to at least `to`, and bring all that is derived from it up to date. */
void ledger_advance_origin(struct ledger *l, struct origin *o, uint64_t to);

/** Mark lo..hi covered, lo past applied. Returns: false, nothing changed, when it cannot be recorded. */
bool ledger_mark_covered(struct ledger *l, struct origin *o, uint64_t lo, uint64_t hi);

/* ---- ended.c ---- */

/**
 * The slot of an origin that has none yet: a new one, with nothing heard (rule U: all up to its head is a
 * gap), or that of a retired origin, as it was. In a full table the origin that is gone for longest,
 * and has no gap, is retired for it. NULL, nothing changed but a counter, when there is none.
 */
struct origin *ledger_add_origin(struct ledger *l, uint64_t epoch);

/** The last sequence of a retired origin; 0 when it is not in the ring. */
uint64_t ledger_retired_last(const struct ledger *l, uint64_t epoch);
