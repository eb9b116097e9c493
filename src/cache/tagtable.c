#include "cache/tagtable.h"

#include <assert.h>
#include <stddef.h>

#include "cache/mix.h"

void tagtable_init(struct tagtable *t, struct tag *tags, uint32_t max, uint32_t *heads,
                   uint32_t heads_n)
{
    assert(max > 0 && heads_n > 0 && (heads_n & (heads_n - 1)) == 0);
    *t = (struct tagtable){.tags = tags, .max = max, .mask = heads_n - 1};
    t->heads = heads;
}

static uint32_t *chain_of(const struct tagtable *t, uint64_t hash)
{
    return &t->heads[mix_hash(hash, t->seed) & t->mask];
}

struct tag *tagtable_find(const struct tagtable *t, uint64_t hash)
{
    for (uint32_t at = *chain_of(t, hash); at != 0; at = t->tags[at - 1].next) {
        if (t->tags[at - 1].hash == hash)
            return &t->tags[at - 1];
    }
    return NULL;
}

/** A free tag, or 0; ids are handed out as id + 1. */
static uint32_t pop_free(struct tagtable *t)
{
    const uint32_t at = t->free;
    if (at != 0) {
        t->free = t->tags[at - 1].next;
        return at;
    }
    return t->fresh < t->max ? ++t->fresh : 0;
}

bool tagtable_take(struct tagtable *t, uint64_t hash, uint32_t *id)
{
    struct tag *tag = tagtable_find(t, hash);
    if (tag == NULL) {
        const uint32_t at = pop_free(t);
        if (at == 0)
            return false;
        uint32_t *chain = chain_of(t, hash);
        tag = &t->tags[at - 1];
        *tag = (struct tag){.hash = hash, .next = *chain};
        *chain = at;
        t->used++;
    }
    tag->refs++;
    *id = (uint32_t)(tag - t->tags);
    return true;
}

void tagtable_release(struct tagtable *t, uint32_t id)
{
    struct tag *tag = &t->tags[id];
    assert(tag->refs > 0);
    if (--tag->refs > 0)
        return;
    uint32_t *link = chain_of(t, tag->hash);
    while (*link != id + 1)
        link = &t->tags[*link - 1].next;
    *link = tag->next;
    tag->next = t->free;
    t->free = id + 1;
    t->used--;
}
