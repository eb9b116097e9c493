/**
 * ledger/origin.h - the table of origins, and what is covered of each one.
 *
 * A slot is never moved: its number names an origin until the origin is removed, and then another one
 * may get it. The places of the slots in use are dense, in the order of discovery but for removals.
 * The gap records lie in the origin itself: hearing a head needs no other memory, so a head that was
 * heard is never lost. Only the bits of dots that came out of order need a window from the pool.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/time.h"
#include "ledger/checkpoint.h"
#include "ledger/epochs.h"
#include "ledger/ledger.h"
#include "ledger/running.h"
#include "ledger/window.h"

/* A gap record: an uncovered sequence is in exactly one. lo and hi are uncovered, what lies between
 * them may be covered. */
struct part {
    uint64_t lo;
    uint64_t hi;
    uint64_t g;
    mono_us opened_at;
};

struct origin {
    uint64_t epoch;
    uint64_t applied;
    uint64_t head;
    uint64_t term;         /* what the vector hash holds for this origin */
    struct window *window; /* lent by the pool while bits may be set; else NULL */
    uint64_t born;         /* L before anything of it was heard of */
    uint64_t log_since;  /* records of the log before this one are of an earlier user of the slot */
    uint64_t thin_since; /* and of the thin log */
    mono_us gone_since;  /* NEVER while its member is there */
    uint64_t ended_at;   /* the last sequence with which somebody retired it; 0 = nobody did */
    struct checkpoints *checkpoints; /* lent by the pool; NULL when it had none */
    struct running running;
    uint32_t place; /* in `order` */
    uint32_t parts_n;
    struct part parts[LEDGER_GAPS + 1]; /* ascending; one to spare while a merge is decided */
};

struct origins {
    struct origin *at;
    uint32_t *order; /* n slots in use, then the free ones */
    uint32_t n;
    uint32_t max;
    struct epochs index; /* slots */
};

/** Make an empty table of max >= 1 slots; false when it does not fit. */
bool ledger_origins_init(struct arena *arena, struct origins *t, uint32_t max, uint64_t seed);

/** The origin of this epoch, lent; NULL when it is unknown. */
struct origin *ledger_origins_find(const struct origins *t, uint64_t epoch);

/** Add an unknown epoch with nothing heard; NULL when the table is full. */
struct origin *ledger_origins_add(struct origins *t, uint64_t epoch);

/** Free the slot of o, which must hold nothing that was lent to it. The last place moves into its own. */
void ledger_origins_remove(struct origins *t, struct origin *o);

/** The origin at this place, lent; place < n (asserted). */
struct origin *ledger_origins_at(const struct origins *t, size_t place);

/** Is this slot in use? */
bool ledger_origins_used(const struct origins *t, uint32_t slot);

/** The slot number of o. */
uint32_t ledger_origins_slot(const struct origins *t, const struct origin *o);

/** Is seq covered? */
bool ledger_origin_covers(const struct origin *o, uint64_t seq);

/** Does seq, which is past applied, lie inside the window? */
bool ledger_origin_in_window(const struct origin *o, uint64_t seq);

/**
 * How many sequences from seq on, at most len, are all covered or all not. seq is past applied.
 */
uint64_t ledger_origin_run(const struct origin *o, uint64_t seq, uint64_t len, bool covered);

/** How many of lo..hi are not covered; lo is past applied. */
uint64_t ledger_origin_open_n(const struct origin *o, uint64_t lo, uint64_t hi);

/** Raise applied to `to`, and on through what the window says is covered. */
void ledger_origin_advance(struct origin *o, uint64_t to);
