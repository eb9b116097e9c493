#include "node/hot.h"

#include <assert.h>

#define SETS (HOT_SLOTS / HOT_WAYS)

/** Events of the second that runs and of the one before it. */
struct rate {
    mono_us began_at; /* the second that runs */
    uint64_t now_n;
    uint64_t before_n;
};

struct key {
    uint64_t hash;
    bool used;
    bool told; /* a NOSTORE was asked for, at told_at */
    mono_us told_at;
    struct rate rate;
};

struct hot {
    struct hot_cfg cfg;
    struct key keys[SETS][HOT_WAYS];
    struct rate all;
    struct hot_counters counters;
};

struct hot *hot_new(struct arena *arena, const struct hot_cfg *cfg)
{
    assert(cfg->per_second > 0 && cfg->burst > 0);
    struct hot *h = arena_take(arena, 1, sizeof *h);
    if (h == NULL)
        return NULL;
    h->cfg = *cfg; /* the rest is zero, as arenas are, and untouched */
    return h;
}

static void turn_rate(struct rate *r, mono_us now)
{
    const uint64_t passed = (now - r->began_at) / US_PER_SEC;
    if (passed == 0)
        return;
    r->before_n = passed == 1 ? r->now_n : 0;
    r->now_n = 0;
    r->began_at += passed * US_PER_SEC;
}

/** Events of the last second, as if those of the older one had come evenly. */
static uint64_t read_rate(struct rate *r, mono_us now)
{
    turn_rate(r, now);
    const uint64_t left_us = US_PER_SEC - (now - r->began_at);
    return r->now_n + r->before_n * left_us / US_PER_SEC;
}

/** The key's slot; else the quietest of its set, emptied. */
static struct key *take_slot(struct hot *h, mono_us now, uint64_t hash)
{
    struct key *set = h->keys[hash % SETS];
    struct key *quiet = &set[0];
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < HOT_WAYS; i++) {
        struct key *k = &set[i];
        if (k->used && k->hash == hash)
            return k;
        const uint64_t rate = k->used ? read_rate(&k->rate, now) + 1 : 0;
        if (rate < least) {
            least = rate;
            quiet = k;
        }
    }
    h->counters.displaced += quiet->used ? 1 : 0;
    *quiet = (struct key){.used = true, .hash = hash, .rate = {.began_at = now}};
    return quiet;
}

bool hot_count(struct hot *h, mono_us now, uint64_t hash)
{
    struct key *k = take_slot(h, now, hash);
    h->counters.counted++;
    const uint64_t rate = read_rate(&k->rate, now);
    k->rate.now_n++;
    if (rate <= h->cfg.per_second || (k->told && now - k->told_at < HOT_PAUSE_US))
        return false;
    k->told = true;
    k->told_at = now;
    h->counters.nostores++;
    return true;
}

bool hot_burst(struct hot *h, mono_us now, size_t n)
{
    const uint64_t rate = read_rate(&h->all, now) + n;
    h->all.now_n += n;
    const bool burst = rate > h->cfg.burst;
    h->counters.bursts += burst ? 1 : 0;
    return burst;
}

struct hot_counters hot_counters(const struct hot *h)
{
    return h->counters;
}
