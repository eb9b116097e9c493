/**
 * ledger/ledger.h - which invalidations this node has heard of and which it has covered.
 *
 * The ledger knows origins (process runs, by random 64-bit epoch), never names or addresses, and has
 * no order between origins. One counter L orders everything that this node learned: it rises on each
 * first application and on each advance of a head. A head heard without its dots opens a gap with
 * discovery index g = L; a gap may be closed at any time by a barrier at g ("entries with a stamp
 * below g are dead"), so forgetting anything costs misses, never staleness.
 *
 * Thread: the control thread only. Never touches the cache: the caller applies effects.
 * Source: version vectors with exceptions (Malkhi and Terry 2005), dotted version vectors (Preguica
 * et al. 2010); the discovery index is scrubjay's own, see src/ledger/README.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"
#include "base/err.h"
#include "base/time.h"
#include "ledger/ended.h"
#include "ledger/sums.h"
#include "ledger/touched.h"

#define LEDGER_WINDOW 4096 /* dots past `applied` that are recorded, per origin */
#define LEDGER_GAPS   8    /* gap records per origin; one more merges the two nearest */
#define LEDGER_GROUPS 32   /* groups of the vector hash, by epoch mod 32 */

struct ledger_cfg {
    struct hkey hkey;
    uint64_t epoch; /* of this run; never 0 */
    uint32_t
        origins_max; /* 4,096 in production; beyond: dots of new origins take effect unrecorded */
    uint32_t windows_max; /* out-of-order windows available at one time, at most origins_max */
    uint32_t log_max;     /* dots kept for healing others; a power of two */
    uint32_t thin_max;    /* targets kept of dots that left the log; a power of two, or 0 */
    uint32_t
        more_bytes; /* room for `more` of logged dots, a ring; a dot whose part left it is gone */
    uint32_t retired_max; /* ended origins that the vector hash counts; 0 = none is remembered */
    uint32_t checkpoints_max; /* origins that may have first-heard checkpoints at one time */
    uint8_t bucket_bits;      /* log2 of the last-touch buckets: 12 to 16, or 0 for 12 */
};

struct ledger;

/** Make an empty ledger: L = 1, no origin but our own. NULL when the arena is too small. */
struct ledger *ledger_new(struct arena *arena, const struct ledger_cfg *cfg);

/** L, the local event index. Starts at 1 and never goes back. */
uint64_t ledger_l(const struct ledger *l);

/** Raise L by one and return it: a new index that dominates everything heard so far. */
uint64_t ledger_advance(struct ledger *l);

/** Our own origin epoch. */
uint64_t ledger_epoch(const struct ledger *l);

/** Our own last covered sequence (the head that we advertise). */
uint64_t ledger_head(const struct ledger *l);

/** How a dot stands to what is covered. */
enum ledger_verdict {
    LEDGER_FRESH,     /* apply at effect_i, then ledger_cover() */
    LEDGER_DUPLICATE, /* covered already: nothing to do */
    LEDGER_BEYOND /* apply at effect_i, do not cover: outside the window, or no room for the origin */
};

struct ledger_effect {
    enum ledger_verdict verdict;
    uint64_t effect_i; /* e: a for key and put dots, g for wider ones */
};

/**
 * Allot the next sequence of our own origin to d (epoch and seq are set) and hear it.
 * Returns: the effect; always LEDGER_FRESH. The caller applies it and then calls ledger_cover().
 */
struct ledger_effect ledger_issue(struct ledger *l, mono_us now, struct dot *d);

/**
 * Hear dot d and take its application index: raises L once for a new head and once for the
 * application itself. Idempotent for a covered dot.
 *
 * d: epoch and seq not 0 (asserted). A dot of our own epoch past our head is LEDGER_DUPLICATE and
 * counted (self_heads): somebody else speaks with our epoch. Effect_i of a duplicate is 0. A dot that
 * is BEYOND for its distance, or for want of a window, is heard all the same: its gap stays open.
 * Without an origin slot nothing is heard, and effect_i is a new index for every kind (origins_full).
 */
struct ledger_effect ledger_take(struct ledger *l, mono_us now, const struct dot *d);

/**
 * Mark d covered after its effect took place everywhere, log it, advance `applied`, close gaps.
 *
 * d: taken or issued before. Covered already, or its origin was retired since, which covered it: nothing
 * happens.
 * When other dots came between take and cover and took the last window, d stays uncovered and is
 * counted as beyond: its gap is still open, so it is asked for again.
 */
void ledger_cover(struct ledger *l, const struct dot *d);

/**
 * Hear that origin `epoch` has issued up to `head` (not that we have it).
 *
 * head:    confirmed: the origin itself says so, or somebody who has covered it. A claim that nobody
 *          stands behind must never come here: it would be closed as covered, and the true dots with
 *          these numbers would later pass for duplicates.
 * Returns: OK when something new was heard (a gap is open, L was raised); ERR_DUPLICATE when not;
 *          ERR_FULL when no origin slot is left and the head is news (counted; the caller must raise
 *          its whole-cache barrier at ledger_advance()); ERR_REFUSED for our own epoch past our head (counted) and for
 *          epoch 0. Nothing changes but in the case of OK.
 */
MUST_USE enum err ledger_hear(struct ledger *l, mono_us now, uint64_t epoch, uint64_t head);

/** Is (epoch, seq) covered here? False for an unknown epoch. */
bool ledger_covered(const struct ledger *l, uint64_t epoch, uint64_t seq);

/**
 * Take over `applied` of an origin without its dots: only before READY, with an empty cache
 * (join). Raises head and applied to at least `applied`. Errors: ERR_FULL, ERR_REFUSED (own epoch).
 */
MUST_USE enum err ledger_adopt(struct ledger *l, uint64_t epoch, uint64_t applied);

/** One gap record: heard dots, of which lo and hi and perhaps not all between them are uncovered. */
struct gap {
    uint64_t epoch;
    uint64_t lo;       /* first sequence, uncovered */
    uint64_t hi;       /* last sequence, uncovered */
    uint64_t g;        /* discovery index: newest of the part */
    mono_us opened_at; /* oldest of the part */
};

/** Number of open gap records over all origins. */
size_t ledger_gaps(const struct ledger *l);

/**
 * List open gaps, oldest origin slot first. At most cap are written to out.
 * Returns: how many were written. Copies.
 */
size_t ledger_gap_list(const struct ledger *l, struct gap *out, size_t cap);

/**
 * List all open gaps of the next origins_max origins that have any, from *slot on: 0 to begin. *slot
 * moves on; it is 0 again when the last origin was listed. So every gap has its turn, however many.
 * out: room for LEDGER_GAPS gaps of each. Returns: how many were written. Copies.
 */
size_t ledger_gap_turn(const struct ledger *l, uint32_t *slot, struct gap *out, size_t origins_max);

/** The earliest opened_at of all gaps; NEVER when none is open. Amortised constant time when no gap. */
mono_us ledger_gap_oldest(const struct ledger *l);

/**
 * List the uncovered runs inside range, for a PULL; at most cap.
 * Returns: how many were written.
 */
size_t ledger_missing(const struct ledger *l, struct dot_range range, struct dot_range *out,
                      size_t cap);

/**
 * Close everything uncovered in [lo, hi] of an origin without content: marks it covered.
 *
 * Returns: the barrier index (the newest g among the gap parts closed) that the caller must have
 * raised in every shard BEFORE it lets anything else happen; 0 when nothing was open there. *closed_n,
 * when not NULL, is the number of sequences closed. A range from applied + 1 may have any length. One
 * that begins later is closed only as far as it can be recorded, which is LEDGER_WINDOW past applied
 * and not at all without a window: the rest stays open. So close from the front.
 */
uint64_t ledger_close(struct ledger *l, uint64_t epoch, uint64_t lo, uint64_t hi,
                      uint64_t *closed_n);

/** Hash of the vector: sum mod 2^64 of SipHash(hkey, epoch || applied) over applied > 0. */
uint64_t ledger_vector_hash(const struct ledger *l);

/** What the origin adds to it; 0 when nothing of it is covered. */
uint64_t ledger_vector_term(const struct ledger *l, uint64_t epoch);

/** The LEDGER_GROUPS partial sums, lent until the ledger changes. */
const uint64_t *ledger_vector_groups(const struct ledger *l);

/** What an origin looks like from outside. */
struct origin_view {
    uint64_t epoch;
    uint64_t applied;
    uint64_t head;
    uint64_t mask; /* as in struct cover */
    uint32_t gaps_n;
    bool beyond_mask;   /* dots past what mask can say are covered too */
    bool ended;         /* somebody retired it, and nothing of it is missing here */
    mono_us gone_since; /* NEVER while its member is there, as far as ledger_gone() was told */
};

/** Number of origins known, our own included. */
size_t ledger_origins(const struct ledger *l);

/** The i-th origin, i < ledger_origins(); 0 is our own. Retiring moves the last one into its place. */
struct origin_view ledger_origin_at(const struct ledger *l, size_t i);

/** Look an origin up; false when it is unknown. A retired one has applied = head = its last sequence,
 *  and is gone since time 0. */
bool ledger_origin(const struct ledger *l, uint64_t epoch, struct origin_view *out);

/**
 * Find one covered dot, without its name, in the log or else in the thin log.
 *
 * The thin log knows targets only: what comes from there is a hard DOT_KEY or DOT_TAG without version
 * and digest, which kills more than the dot itself and never less. Kinds that have no thin form
 * (everything wider than a tag, and quarantines) are not found there. `more` is lent until the next
 * ledger_cover().
 * Returns: false when it was covered without content, or neither log holds it.
 */
bool ledger_log_find(const struct ledger *l, uint64_t epoch, uint64_t seq, struct dot *out);

/** The i-th newest dot of the log, i < ledger_log_n(): for inspection. The epoch is 0 when its origin was
 *  retired since, `more` is empty when that part was overwritten. */
struct dot ledger_log_newest(const struct ledger *l, size_t i);

/** Dots that the log and the thin log have room for together. */
size_t ledger_log_max(const struct ledger *l);

/** Dots in the log, the thin one aside. */
size_t ledger_log_n(const struct ledger *l);

/** Counters since start. */
struct ledger_counters {
    uint64_t issued;
    uint64_t applied; /* dots covered with content, own ones included */
    uint64_t duplicates;
    uint64_t beyond;      /* effects outside the window or without an origin slot */
    uint64_t heads;       /* head advances heard */
    uint64_t gaps_opened; /* gap records that outlived the call which opened them are a subset */
    uint64_t gaps_merged;
    uint64_t closed;     /* sequences covered without content */
    uint64_t self_heads; /* claims about our own epoch past our head */
    uint64_t origins_full;
    uint64_t retired;
    uint64_t forgotten;  /* retired origins of which nothing is known any more */
    uint64_t reinstated; /* retired origins that were heard from again */
    uint64_t conflicts;  /* sums that differed */
};

/** The counters, copied. */
struct ledger_counters ledger_counters(const struct ledger *l);
