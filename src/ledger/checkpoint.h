/**
 * ledger/checkpoint.h - which L was it just before a dot of an origin was first heard of?
 *
 * A sparse list of pairs (head, l): every dot past `head` was first heard of later than index l. Pairs
 * are noted as heads are heard, never as dots are covered: a dot that came out of order took effect
 * earlier than `applied` says. The answer may be older than the truth, never younger.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

#define LEDGER_CHECKPOINTS 64 /* pairs per origin */

struct checkpoint {
    uint64_t head;
    uint64_t l;
};

struct checkpoints {
    struct checkpoint at[LEDGER_CHECKPOINTS]; /* rising in both */
    uint32_t n;
    struct checkpoints *next_free;
};

/** Lists that were never lent are not linked, so that a start touches none of their memory. */
struct checkpoint_pool {
    struct checkpoints *at;
    uint32_t max;
    uint32_t lent_n;          /* the first so many were lent at some time */
    struct checkpoints *free; /* of these, those that were given back */
    uint64_t buckets; /* how many last-touch buckets there are: what precision is worth having */
};

/** Take room for max origins; false when it does not fit. max may be 0. */
bool ledger_checkpoints_init(struct arena *arena, struct checkpoint_pool *pool, uint32_t max,
                             uint8_t bucket_bits);

/** Lend an empty list until ledger_checkpoints_give(); NULL when none is left. */
struct checkpoints *ledger_checkpoints_take(struct checkpoint_pool *pool);

/** Give a list back; NULL is allowed. */
void ledger_checkpoints_give(struct checkpoint_pool *pool, struct checkpoints *c);

/** A head is about to rise from `head`, and L was l before. Not every one is kept. c may be NULL. */
void ledger_checkpoints_note(const struct checkpoint_pool *pool, struct checkpoints *c,
                             struct checkpoint now);

/** The best l known to be before seq was first heard of; `born` when there is none. c may be NULL. */
uint64_t ledger_checkpoints_before(const struct checkpoints *c, uint64_t seq, uint64_t born);
