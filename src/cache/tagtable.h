/**
 * cache/tagtable.h - the tags that entries of a shard carry, interned to 4 bytes each.
 *
 * A tag lives as long as an entry refers to it and is freed at once with the last: its barrier is not
 * lost then, because every tag dot also left a recent record, which raises the fill floor when it is
 * forgotten. Never evicts: a full table refuses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct tag {
    uint64_t hash; /* target hash */
    uint64_t bar;  /* entries with an older stamp are dead */
    uint64_t soft; /* and stale with one older than this */
    uint32_t refs;
    uint32_t next; /* in its chain, or among the free ones: id + 1; 0 = last */
};

struct tagtable {
    struct tag *tags;
    uint32_t *heads; /* id + 1 of the first of each chain */
    uint32_t max;
    uint32_t mask; /* heads - 1 */
    uint32_t used;
    uint32_t fresh; /* ids never used begin here */
    uint32_t free;  /* id + 1 of the first freed one */
    uint64_t seed;
};

/** Begin with max free tags and heads_n (a power of two) chains, all zeroed. Lends both arrays. */
void tagtable_init(struct tagtable *t, struct tag *tags, uint32_t max, uint32_t *heads,
                   uint32_t heads_n);

/** The tag with this hash, or NULL when no entry carries it. Lent until released. */
struct tag *tagtable_find(const struct tagtable *t, uint64_t hash);

/** Take one reference, interning the tag if need be. false: the table is full, nothing changed. */
bool tagtable_take(struct tagtable *t, uint64_t hash, uint32_t *id);

/** Give one reference back; the last one frees the tag. */
void tagtable_release(struct tagtable *t, uint32_t id);
