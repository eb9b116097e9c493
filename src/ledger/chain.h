/**
 * ledger/chain.h - finds records of a ring by a hash, without ever removing one.
 *
 * Records have positions 0, 1, 2, ...; the ring holds the last `max` of them, the record of position p
 * at p & mask. Records whose hashes fall together are chained from the newest to older ones, and a
 * chain ends where it leaves the ring, so forgetting a record costs nothing. Never holds the records,
 * and may name one of another hash: who follows a chain compares.
 * Source: the hash chains of RFC 1951, section 4, where old strings are dropped the same way.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct chains {
    uint32_t *newest; /* by hash: position + 1, mod 2^32, of the head of the chain; 0 = none */
    uint32_t
        *older; /* by place: how many records before this one the next of the chain is; 0 = none */
    uint32_t mask;  /* capacity - 1, of both arrays */
    uint64_t added; /* records ever added: the position of the next one */
};

/** Make empty chains over a ring of max records, a power of two (asserted); false when no room. */
bool ledger_chains_init(struct arena *arena, struct chains *c, uint32_t max);

/** Add the next record under this hash. Returns: its position. */
uint64_t ledger_chains_add(struct chains *c, uint64_t hash);

/** Step to the newest record that may have this hash; false when the ring holds none. */
bool ledger_chains_first(const struct chains *c, uint64_t hash, uint64_t *position);

/** Step to the next older one; false at the end of the chain or of the ring. */
bool ledger_chains_next(const struct chains *c, uint64_t *position);

/** Records in the ring. */
uint32_t ledger_chains_n(const struct chains *c);
