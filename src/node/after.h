/**
 * node/after.h - reads that must not miss what a stamp names, also when this node never will.
 *
 * A stamp that is not covered here gets an index g, newer than everything known. An entry stamped g
 * or later was filled from a read of the source that began after the stamp was shown, so after its
 * commit: it may be served though the dots are still missing, or will never come (their origin may be
 * forgotten). The same stamp gets the same g for as long as it is remembered, else no fill would ever
 * be good enough; a forgotten one gets a new g, which costs a miss.
 *
 * Never starts a pull: the caller does. Thread: the control thread. Source: scrubjay's own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "ledger/ledger.h"
#include "node/stamp.h"

#define AFTER_MAX 256 /* stamps remembered; one more drops the oldest */

struct after;

/** Make an empty table. NULL when the arena is too small. */
struct after *after_new(struct arena *arena);

/**
 * May a read with this stamp be answered from any entry?
 *
 * Returns: true when every dot of s is covered here, by its retired origin's last sequence too. Else
 * false, with *min_index set: an entry stamped *min_index or later will do, and the token of a miss
 * must carry at least that. A new record raises the ledger's index (*fresh, when not NULL, is then
 * true): publish it to the cache before the answer, and begin to pull.
 */
bool after_ask(struct after *t, struct ledger *l, const struct stamp *s, uint64_t *min_index,
               bool *fresh);

/** The smallest index of a stamp that is still not covered, or was not when it was dropped: a read may be
 *  waiting with it. 0 = none. Such indices count as open gaps when entries of a peer are taken over. */
uint64_t after_floor(const struct after *t, const struct ledger *l);

/** How many were asked for that were not covered, and how many records were dropped for room. */
struct after_counters {
    uint64_t recorded;
    uint64_t dropped;
};

/** The counters, copied. */
struct after_counters after_counters(const struct after *t);
