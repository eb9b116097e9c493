#include "cache/recent.h"

#include <assert.h>
#include <stddef.h>

#include "cache/mix.h"

void recent_init(struct recent *r, struct record *ring, uint64_t *heads, uint32_t n)
{
    assert(n > 0 && (n & (n - 1)) == 0);
    *r = (struct recent){.ring = ring, .next = 1, .mask = n - 1};
    r->heads = heads;
}

void recent_raise_floor(struct recent *r, uint64_t index)
{
    r->floor = index > r->floor ? index : r->floor;
}

/** Number of the oldest record that is still there. */
static uint64_t oldest(const struct recent *r)
{
    const uint64_t n = (uint64_t)r->mask + 1;
    return r->next > n ? r->next - n : 1;
}

uint64_t *recent_head(const struct recent *r, uint64_t hash)
{
    return &r->heads[mix_hash(hash, r->seed) & r->mask];
}

void recent_add(struct recent *r, const struct record *what)
{
    struct record *record = &r->ring[r->next & r->mask];
    uint64_t *head = recent_head(r, what->hash);
    /* The floor rises before the record goes: a reader that looks at records first and at the floor
     * last can miss neither. */
    recent_raise_floor(r, record->index);
    *record = *what;
    r->top = what->index > r->top ? what->index : r->top;
    record->older = *head;
    *head = r->next++;
}

/** Follow a chain from number on. Chains go strictly back, so the first forgotten number ends one. */
static const struct record *match(const struct recent *r, uint64_t number, uint64_t hash)
{
    while (number >= oldest(r)) {
        const struct record *record = &r->ring[number & r->mask];
        if (record->hash == hash)
            return record;
        number = record->older;
    }
    return NULL;
}

const struct record *recent_first(const struct recent *r, uint64_t hash)
{
    return match(r, *recent_head(r, hash), hash);
}

const struct record *recent_next(const struct recent *r, const struct record *record)
{
    return match(r, record->older, record->hash);
}

bool recent_newer(const struct recent *r, uint64_t hash, uint64_t stamp)
{
    const struct record *record = recent_first(r, hash);
    while (record != NULL && record->index <= stamp)
        record = recent_next(r, record);
    return record != NULL;
}
