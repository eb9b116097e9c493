/**
 * inproc/measure.h - what jay-engine measures of one cache, alone in its process.
 *
 * Items are alike: keys of 32 bytes, values of VALUE_LEN. Time inside the cache is simulated; the
 * machine's is read around calls only. Nothing here prints.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/histogram.h"
#include "policy/budget.h"
#include "policy/stand.h"

#define VALUE_LEN   100
#define PAYLOAD_LEN (BUDGET_KEY_LEN + VALUE_LEN)
#define STALLS_N    6
#define SPACES_N    4

#define COST_BATCH 32 /* keys that are asked for together */

/** CPU time of one operation, in nanoseconds: others on the machine cost it nothing but caches. */
struct cost {
    uint64_t items;
    double key_ns;    /* making a key and its hash; not in the others */
    double insert_ns; /* token and fill */
    double evict_ns;  /* the same where each drives others out */
    double get_ns;    /* one by one, in random order */
    double batch_ns;  /* the same of COST_BATCH keys at a time, with hints */
};

/** How long single calls took in one situation, in nanoseconds. */
struct stall {
    const char *situation;
    struct histogram calls;  /* by the wall's clock */
    uint64_t cpu_ns;         /* the most CPU time of one call */
    uint64_t each_ns;        /* the same of that round in which it was least */
    uint64_t interrupted_n;  /* calls during which somebody else ran: not among calls */
    uint64_t interrupted_ns; /* the longest of those, by the wall's clock */
};

/** What measure_stalls() does. */
struct stalls_cfg {
    uint64_t items;
    uint64_t tagged; /* of them, all over the cache, carry the tag that is invalidated */
    uint32_t rounds;
};

/** What an item of one shape takes beside its key and value, all tables and slack included. */
struct space {
    const char *shape;
    uint64_t items;
    double beyond_payload; /* bytes */
};

/** How long expired items last when only cache_step() is called. */
struct reclaim {
    uint64_t items, expired;
    uint64_t calls_n;
    uint64_t left; /* expired ones that were not reclaimed in the end; 0 */
    double cpu_ms; /* of all these calls */
    double wall_ms;
    struct stall steps;
};

/** Each fills *out, and returns false when there is no memory, or the cache took less than it should. */
bool measure_cost(uint64_t items, struct cost *out);

/** A cache that grows, evicts, expires, loses a tag of some items, and one tag of 10,000 items after the
 *  other, the same calls in every round: what one of them does to itself comes again, what others do to it
 *  does not. */
bool measure_stalls(const struct stalls_cfg *cfg, struct stall out[STALLS_N]);

/** Items without anything, with a life, with a life and a version, with a tag. */
bool measure_space(uint64_t budget_bytes, struct space out[SPACES_N]);

/** items, of which every 11th expires at once. */
bool measure_reclaim(uint64_t items, struct reclaim *out);
