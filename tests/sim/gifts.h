/**
 * gifts.h - entries that one node takes over from the cache of another: where the oracle learns of them.
 *
 * A frame of entries carries what its donor held when it said it, so a copy of what the oracle knew of
 * that goes with the frame: a donor may say others to somebody else before it arrives. What a node holds
 * after such a frame, and did not before, came with it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "oracle.h"

struct sim;
struct sim_node;

/** What a node answers for a key, as far as it can be seen from outside. */
struct gifts_answer {
    bool there;
    bool has_version;
    uint64_t age_ms, ttl_left_ms, version;
    uint64_t value; /* a hash */
};

/** Of one node, as donor and as receiver. */
struct gifts {
    uint32_t run;
    uint64_t given; /* entries said by that run */
    struct gifts_answer
        *held; /* by key: before the frame. A small cache may evict it, and take the gift
                                * instead, in the very millisecond in which it was stored */
    uint64_t taken;
    bool watching; /* a frame goes in, and may bring entries */
};

/** A node said a frame on a stream. Returns: when there are entries in it, what it holds now, by key; the
 *  caller frees it. NULL: there are none. */
struct oracle_entry *gifts_said(struct sim *s, struct sim_node *n);

/** A frame goes into a node now, */
void gifts_before(struct sim *s, struct sim_node *n);

/** and went in, with what its donor held. */
void gifts_after(struct sim *s, struct sim_node *n, const struct oracle_entry *said);

/** Drop what was kept of a node. */
void gifts_free(struct gifts *g);
