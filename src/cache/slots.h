/**
 * cache/slots.h - the hash index of a shard: from a target hash to the offsets of items.
 *
 * Open addressing with linear probing and backward-shift deletion, 8 bytes a slot, never more than
 * 7/8 full, so every probe ends at an empty slot. A slot's home follows from its fingerprint alone:
 * deletion needs no item. Equal fingerprints are candidates; the caller compares the item.
 * Never grows and never looks at an item.
 * Source: Lemire, "Fast random integer generation in an interval" (2019), for homes in a table of any
 * size; Knuth, The Art of Computer Programming, vol. 3, 6.4, algorithm R.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct slot {
    uint32_t fingerprint;
    uint32_t where; /* offset + 1; 0 = empty */
};

struct slots {
    struct slot *at;
    uint32_t n;
    uint32_t used;
    uint64_t seed;
};

/** Begin with n empty slots (zeroed, at least 8) at `at`. Lends `at`. */
void slots_init(struct slots *s, struct slot *at, uint32_t n, uint64_t seed);

/** Is there no room for one more? */
bool slots_full(const struct slots *s);

/** A walk over the slots that may hold a hash. */
struct probe {
    uint32_t fingerprint;
    uint32_t i;      /* where to look next */
    uint32_t slot_i; /* the candidate found */
    uint32_t offset; /* of its item */
};

/** Begin a walk for hash. */
struct probe slots_probe(const struct slots *s, uint64_t hash);

/** Go to the next candidate; false when there is none left. */
bool slots_next(const struct slots *s, struct probe *p);

/** Add an item; asserts that the table is not full. */
void slots_add(struct slots *s, uint64_t hash, uint32_t offset);

/** The item of a candidate has moved. */
void slots_move(struct slots *s, uint32_t slot_i, uint32_t offset);

/** Remove the candidate of a walk. The walk may go on: it looks at the same slot again. */
void slots_remove(struct slots *s, struct probe *p);
