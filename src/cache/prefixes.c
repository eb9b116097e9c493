#include "cache/prefixes.h"

#include <assert.h>
#include <stddef.h>

#include "cache/mix.h"

void prefixes_init(struct prefixes *p, struct prefix *all, uint32_t max, uint16_t *heads,
                   uint32_t heads_n)
{
    assert(max > 0 && max <= CACHE_PREFIXES_MAX);
    assert(heads_n > 0 && (heads_n & (heads_n - 1)) == 0);
    *p = (struct prefixes){.all = all, .max = max, .mask = heads_n - 1};
    p->heads = heads;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint16_t *chain_of(const struct prefixes *p, uint64_t hash)
{
    return &p->heads[mix_hash(hash, p->seed) & p->mask];
}

static struct prefix *find(const struct prefixes *p, uint64_t hash)
{
    for (uint16_t at = *chain_of(p, hash); at != 0; at = p->all[at - 1].chain) {
        if (p->all[at - 1].hash == hash)
            return &p->all[at - 1];
    }
    return NULL;
}

/** The slot of a length in use, else a free slot, else -1. */
static int len_slot(const struct prefixes *p, uint16_t len)
{
    int free = -1;
    for (int i = 0; i < CACHE_PREFIX_LENS; i++) {
        if (p->lens_used[i] > 0 && p->lens[i] == len)
            return i;
        if (p->lens_used[i] == 0)
            free = i;
    }
    return free;
}

static uint16_t id_of(const struct prefixes *p, const struct prefix *barrier)
{
    return (uint16_t)(barrier - p->all + 1);
}

static void unlink_order(struct prefixes *p, struct prefix *barrier)
{
    if (barrier->older != 0)
        p->all[barrier->older - 1].newer = barrier->newer;
    else
        p->oldest = barrier->newer;
    if (barrier->newer != 0)
        p->all[barrier->newer - 1].older = barrier->older;
    else
        p->newest = barrier->older;
}

static void append_order(struct prefixes *p, struct prefix *barrier)
{
    barrier->older = p->newest;
    barrier->newer = 0;
    if (p->newest != 0)
        p->all[p->newest - 1].newer = id_of(p, barrier);
    else
        p->oldest = id_of(p, barrier);
    p->newest = id_of(p, barrier);
}

bool prefixes_raise(struct prefixes *p, uint64_t hash, uint64_t index, uint64_t pass)
{
    struct prefix *barrier = find(p, hash);
    if (barrier == NULL)
        return false;
    if (index <= barrier->index)
        return true;
    barrier->index = index;
    barrier->pass = pass;
    p->top = later(p->top, index);
    unlink_order(p, barrier);
    append_order(p, barrier);
    return true;
}

bool prefixes_take(const struct prefixes *p, uint16_t len)
{
    return p->used < p->max && len_slot(p, len) >= 0;
}

void prefixes_add(struct prefixes *p, const struct prefix *barrier)
{
    assert(prefixes_take(p, barrier->len));
    assert(find(p, barrier->hash) == NULL);
    const int slot = len_slot(p, barrier->len);
    uint16_t *chain = chain_of(p, barrier->hash);
    const uint16_t id = p->free != 0 ? p->free : ++p->fresh;
    struct prefix *added = &p->all[id - 1];
    if (p->free != 0)
        p->free = added->chain;
    *added = *barrier;
    added->chain = *chain;
    *chain = id;
    append_order(p, added);
    p->lens[slot] = barrier->len;
    p->lens_used[slot]++;
    p->top = later(p->top, barrier->index);
    p->used++;
}

const struct prefix *prefixes_oldest(const struct prefixes *p)
{
    return p->oldest == 0 ? NULL : &p->all[p->oldest - 1];
}

const struct prefix *prefixes_newest(const struct prefixes *p)
{
    return p->newest == 0 ? NULL : &p->all[p->newest - 1];
}

void prefixes_drop(struct prefixes *p)
{
    assert(p->oldest != 0);
    const uint16_t id = p->oldest;
    struct prefix *barrier = &p->all[id - 1];
    uint16_t *link = chain_of(p, barrier->hash);
    while (*link != id)
        link = &p->all[*link - 1].chain;
    *link = barrier->chain;
    unlink_order(p, barrier);
    p->lens_used[len_slot(p, barrier->len)]--;
    barrier->chain = p->free;
    p->free = id;
    p->used--;
}

static bool covers(const struct prefixes *p, uint64_t hash, uint64_t stamp)
{
    const struct prefix *barrier = find(p, hash);
    return barrier != NULL && barrier->index > stamp;
}

bool prefixes_cover(const struct prefixes *p, const struct hkey *hkey, struct slice ns,
                    struct slice key, uint64_t stamp)
{
    if (p->used == 0 || stamp >= p->top)
        return false;
    for (int i = 0; i < CACHE_PREFIX_LENS; i++) {
        if (p->lens_used[i] == 0 || p->lens[i] > key.len)
            continue;
        const struct slice prefix = slice_of(key.at, p->lens[i]);
        if (covers(p, hash_target(hkey, TARGET_PREFIX, ns, prefix), stamp))
            return true;
    }
    return false;
}
