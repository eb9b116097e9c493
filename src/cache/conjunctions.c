#include "cache/conjunctions.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"

bool conjunction_parse(struct slice more, struct conjunction *out)
{
    const size_t n = more.len / 8;
    if (more.len % 8 != 0 || n < DOT_TAGS_MIN || n > DOT_TAGS_MAX)
        return false;
    struct reader r = reader_of(more);
    struct conjunction set = {.n = (uint32_t)n};
    for (uint32_t i = 0; i < set.n; i++) {
        set.tags[i] = read_u64(&r);
        if (i > 0 && set.tags[i] <= set.tags[i - 1])
            return false;
    }
    *out = set;
    return true;
}

static bool same_set(const struct conjunction *a, const struct conjunction *b)
{
    return a->n == b->n && memcmp(a->tags, b->tags, a->n * sizeof a->tags[0]) == 0;
}

static void raise_top(struct conjunctions *c, uint64_t index)
{
    c->top = index > c->top ? index : c->top;
}

bool conjunctions_raise(struct conjunctions *c, const struct conjunction *set)
{
    uint32_t i = 0;
    while (i < c->used && !same_set(&c->all[i], set))
        i++;
    if (i == c->used)
        return false;
    if (set->index > c->all[i].index) {
        c->all[i].index = set->index;
        c->all[i].pass = set->pass;
        raise_top(c, set->index);
    }
    return true;
}

bool conjunctions_full(const struct conjunctions *c)
{
    return c->used == CACHE_CONJUNCTIONS_MAX;
}

void conjunctions_add(struct conjunctions *c, const struct conjunction *set)
{
    assert(!conjunctions_full(c));
    c->all[c->used++] = *set;
    raise_top(c, set->index);
}

static uint32_t oldest(const struct conjunctions *c)
{
    uint32_t found = 0;
    for (uint32_t i = 1; i < c->used; i++) {
        const struct conjunction *a = &c->all[i], *b = &c->all[found];
        if (a->pass < b->pass || (a->pass == b->pass && a->index < b->index))
            found = i;
    }
    return found;
}

const struct conjunction *conjunctions_oldest(const struct conjunctions *c)
{
    assert(c->used > 0);
    return &c->all[oldest(c)];
}

void conjunctions_drop(struct conjunctions *c)
{
    assert(c->used > 0);
    c->all[oldest(c)] = c->all[c->used - 1];
    c->used--;
}

/** Is every tag of set among the n at tags? Both rise. */
static bool is_within(const struct conjunction *set, const uint64_t *tags, uint32_t n)
{
    uint32_t met = 0;
    for (uint32_t i = 0; i < n && met < set->n && tags[i] <= set->tags[met]; i++)
        met += tags[i] == set->tags[met];
    return met == set->n;
}

bool conjunctions_cover(const struct conjunctions *c, const uint64_t *tags, uint32_t n,
                        uint64_t stamp)
{
    if (n < DOT_TAGS_MIN || stamp >= c->top)
        return false;
    for (uint32_t i = 0; i < c->used; i++) {
        if (c->all[i].index > stamp && is_within(&c->all[i], tags, n))
            return true;
    }
    return false;
}
