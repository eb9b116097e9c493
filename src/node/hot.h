/**
 * node/hot.h - keys that are invalidated all the time, and bursts of key dots.
 *
 * A key that changes a hundred times a second cannot be cached; a DOT_NOSTORE says so to everybody for
 * a second, and saves the fills. It is issued in place of one DOT_KEY, so it is a kill all the same:
 * never in place of none. The table forgets the quietest key of a set when another needs the place:
 * forgetting only misses a NOSTORE.
 *
 * Never issues. Thread: the control thread. Source: a counter over two half-open seconds, weighted
 * by what is left of the older one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/time.h"

#define HOT_SLOTS      1024
#define HOT_WAYS       4
#define HOT_NOSTORE_MS 1000              /* what a NOSTORE should say */
#define HOT_PAUSE_US   (500 * US_PER_MS) /* between two of one key */

struct hot_cfg {
    uint32_t per_second; /* more in the second before make a key hot: 100 */
    uint32_t burst;      /* own key targets a second that make a burst: 20,000 */
};

struct hot;

/** Make an empty table. NULL when the arena is too small. */
struct hot *hot_new(struct arena *arena, const struct hot_cfg *cfg);

/** We are about to issue a DOT_KEY for hash. Returns: true when it should be a DOT_NOSTORE of
 *  HOT_NOSTORE_MS instead; at most once per HOT_PAUSE_US and key. */
bool hot_count(struct hot *h, mono_us now, uint64_t hash);

/** We are about to issue n key dots. Returns: true when there were more than `burst` in the last
 *  second, these included: large batches then go as DOT_BUCKETS. */
bool hot_burst(struct hot *h, mono_us now, size_t n);

/** Counters since start. */
struct hot_counters {
    uint64_t counted, nostores, bursts;
    uint64_t displaced; /* keys that lost their slot to another */
};

/** The counters, copied. */
struct hot_counters hot_counters(const struct hot *h);
