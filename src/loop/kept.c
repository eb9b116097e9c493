#include "loop/kept.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/** Count n more bytes unless all would have more than limit then. */
static bool reserve(struct kept_room *room, size_t n, uint64_t limit)
{
    if (atomic_fetch_add(&room->used, n) + n <= limit)
        return true;
    atomic_fetch_sub(&room->used, n);
    return false;
}

bool kept_is_long(const struct kept *k)
{
    return k->need > KEPT_LONG && k->need > k->len;
}

bool kept_is_hungry(const struct kept *k)
{
    return kept_is_long(k) && k->cap < k->need;
}

bool kept_feed(struct kept *k, struct kept_room *room)
{
    const size_t more = k->need - k->cap;
    assert(kept_is_hungry(k));
    if (!reserve(room, more, room->max / 2))
        return false;
    uint8_t *at = realloc(k->at, k->need);
    if (at == NULL) {
        atomic_fetch_sub(&room->used, more);
        return false;
    }
    k->at = at;
    k->cap = k->need;
    return true;
}

bool kept_put(struct kept *k, struct kept_room *room, struct slice rest, size_t need)
{
    assert(k->at == NULL && rest.len > 0);
    uint8_t *at = malloc(rest.len);
    if (at == NULL)
        return false;
    memcpy(at, rest.at, rest.len);
    *k = (struct kept){.at = at, .len = rest.len, .cap = rest.len, .need = need};
    atomic_fetch_add(&room->used, rest.len);
    if (kept_is_hungry(k))
        (void)kept_feed(k, room);
    return true;
}

struct slice kept_take(struct kept *k, struct kept_room *room)
{
    const struct slice kept = {.at = k->at, .len = k->len};
    if (k->at == NULL)
        return kept; /* as nearly always: nobody else's cache line is touched for it */
    atomic_fetch_sub(&room->used, k->cap);
    *k = (struct kept){.at = NULL};
    return kept;
}

struct slice kept_join(struct slice kept, struct slice rest)
{
    if (rest.len == 0)
        return kept;
    uint8_t *at = realloc((void *)kept.at, kept.len + rest.len);
    if (at == NULL) {
        free((void *)kept.at);
        return (struct slice){0};
    }
    memcpy(at + kept.len, rest.at, rest.len);
    return (struct slice){.at = at, .len = kept.len + rest.len};
}

void kept_drop(struct kept *k, struct kept_room *room)
{
    free((void *)kept_take(k, room).at);
}

bool kept_room_is_over(const struct kept_room *room)
{
    return atomic_load(&room->used) > room->max;
}
