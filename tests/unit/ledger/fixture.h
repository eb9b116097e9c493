/** fixture.h - a ledger in its own block of memory, and short words for what happens to it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"

#define SELF 0x5E1FULL

/** A small ledger: 8 origins, 4 windows, a log of 64, no thin log, 4 retired, 4,096 buckets. */
struct ledger_cfg small_cfg(void);

/** Make a ledger, or fail the test. Free it with drop(). */
struct ledger *make(const struct ledger_cfg *cfg);
void drop(struct ledger *l);

/** Bytes that make() gave to a ledger of this configuration. */
size_t need(const struct ledger_cfg *cfg);

/** Are a and b the same invalidation, names aside? */
bool same_dot(const struct dot *a, const struct dot *b);

/** A dot with a hash, version, digest and all else that its kind has made from its name. `more` is lent
 *  until the next call. */
struct dot dot_of(uint64_t epoch, uint64_t seq, uint8_t kind);

/** Take d at time 0, and cover it when it is fresh. */
struct ledger_effect arrive_dot(struct ledger *l, const struct dot *d);

/** Take a dot at time 0, and cover it when it is fresh. */
struct ledger_effect arrive(struct ledger *l, uint64_t epoch, uint64_t seq, uint8_t kind);

/** Hear from the origin itself, which must be news. */
void hear(struct ledger *l, mono_us now, uint64_t epoch, uint64_t head);

/** What an origin looks like; it must be known. */
struct origin_view view(const struct ledger *l, uint64_t epoch);

/** The i-th open gap; it must exist. */
struct gap gap_at(const struct ledger *l, size_t i);

/** Close lo..hi and expect this barrier and this number of sequences. */
void close_expect(struct ledger *l, struct dot_range range, uint64_t g, uint64_t n);

/** The seed of random tests: SEED of the environment, else fixed. */
uint64_t test_seed(void);
