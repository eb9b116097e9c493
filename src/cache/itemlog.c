#include "cache/itemlog.h"

#include <assert.h>
#include <string.h>

#define UNIT 8

static_assert(sizeof(struct item) == 48, "the header of an item has no padding");

void itemlog_init(struct itemlog *l, void *at, uint64_t cap)
{
    assert(cap % UNIT == 0 && cap > 0);
    assert(cap / UNIT < UINT32_MAX);
    *l = (struct itemlog){.at = at, .cap = cap};
}

/** How many optional words a record with these flags has. */
static size_t words_n(uint8_t flags)
{
    return ((flags & ITEM_VERSION) != 0 ? 1U : 0U) + ((flags & ITEM_FRESH) != 0 ? 1U : 0U);
}

uint64_t itemlog_size(const struct item_shape *shape)
{
    const uint64_t bytes = sizeof(struct item) + words_n(shape->flags) * sizeof(uint64_t) +
                           shape->tags_n * sizeof(uint32_t) + shape->key_len + shape->value_len;
    return (bytes + UNIT - 1) / UNIT * UNIT;
}

uint64_t itemlog_used(const struct itemlog *l)
{
    return l->head - l->tail;
}

uint64_t itemlog_size_max(const struct itemlog *l)
{
    return l->cap / 2;
}

/** Bytes between the head and the end of the buffer that a record of size must leave unused. */
static uint64_t filler_for(const struct itemlog *l, uint64_t size)
{
    const uint64_t left = l->cap - l->head % l->cap;
    return size > left ? left : 0;
}

bool itemlog_fits(const struct itemlog *l, uint64_t size)
{
    return itemlog_used(l) + filler_for(l, size) + size <= l->cap;
}

static void put_filler(struct itemlog *l, uint64_t len)
{
    if (len == 0)
        return;
    itemlog_at(l, l->head)->flags = ITEM_FILLER;
    l->head += len;
}

struct item *itemlog_append(struct itemlog *l, uint64_t size, uint32_t *offset)
{
    assert(size % UNIT == 0 && size <= itemlog_size_max(l));
    assert(itemlog_fits(l, size));
    put_filler(l, filler_for(l, size));
    struct item *it = itemlog_at(l, l->head);
    it->units = (uint32_t)(size / UNIT);
    *offset = itemlog_offset(l, l->head);
    l->head += size;
    return it;
}

struct item *itemlog_at(const struct itemlog *l, uint64_t pos)
{
    return (struct item *)(void *)(l->at + pos % l->cap);
}

struct item *itemlog_item(const struct itemlog *l, uint32_t offset)
{
    return (struct item *)(void *)(l->at + (uint64_t)offset * UNIT);
}

uint32_t itemlog_offset(const struct itemlog *l, uint64_t pos)
{
    return (uint32_t)(pos % l->cap / UNIT);
}

uint64_t itemlog_next(const struct itemlog *l, uint64_t pos)
{
    const struct item *it = itemlog_at(l, pos);
    if ((it->flags & ITEM_FILLER) != 0)
        return pos + (l->cap - pos % l->cap);
    return pos + (uint64_t)it->units * UNIT;
}

void itemlog_drop(struct itemlog *l)
{
    assert(l->tail < l->head);
    l->tail = itemlog_next(l, l->tail);
}

struct item *itemlog_reinsert(struct itemlog *l, uint32_t *offset)
{
    const uint64_t next = itemlog_next(l, l->tail);
    const uint64_t size = next - l->tail;
    const uint64_t filler = filler_for(l, size);
    if (l->head - next + filler + size > l->cap)
        return NULL;
    /* In a full buffer the new place overlaps the old one, and the filler's word may lie in the old
     * one: so move first, then write the filler. The two never meet, as size <= cap / 2. */
    memmove(itemlog_at(l, l->head + filler), itemlog_at(l, l->tail), size);
    l->tail = next;
    put_filler(l, filler);
    *offset = itemlog_offset(l, l->head);
    l->head += size;
    return itemlog_item(l, *offset);
}

uint64_t *item_words(struct item *it)
{
    return (uint64_t *)(void *)(it + 1);
}

uint32_t *item_tags(struct item *it)
{
    return (uint32_t *)(void *)(item_words(it) + words_n(it->flags));
}

struct slice item_key(const struct item *it)
{
    const size_t at = words_n(it->flags) * sizeof(uint64_t) + it->tags_n * sizeof(uint32_t);
    return slice_of((const uint8_t *)(it + 1) + at, it->key_len);
}

struct slice item_value(const struct item *it)
{
    return slice_of(item_key(it).at + it->key_len, it->value_len);
}

/** One of the optional words. */
static uint64_t word(const struct item *it, size_t i)
{
    return ((const uint64_t *)(const void *)(it + 1))[i];
}

bool item_version(const struct item *it, uint64_t *out)
{
    if ((it->flags & ITEM_VERSION) == 0)
        return false;
    *out = word(it, 0);
    return true;
}

uint64_t item_age(const struct item *it, mono_us now)
{
    const uint64_t age = now - it->created_us;
    return age <= INT64_MAX ? age : 0;
}

mono_us item_fresh_until(const struct item *it)
{
    return (it->flags & ITEM_FRESH) == 0 ? NEVER : word(it, words_n(it->flags) - 1);
}
