/** How long single calls take while the cache has other things to do. */
#include "inproc/load.h"
#include "inproc/watch.h"

#define STEP_EVERY 8 /* calls of housekeeping among the others: one in so many rounds */
#define LIFE_MS    1000
#define TAGGED     10000 /* items that carry one tag, where not all carry the same */

/** Store items from `first` on, each call timed. */
static bool fill_timed(struct load *l, struct watch *w, uint64_t first, uint64_t n)
{
    uint64_t stored = 0;
    for (uint64_t i = first; i < first + n; i++) {
        const struct watch_time begun = watch_begin();
        stored += load_fill(l, i);
        watch_end(w, begun);
    }
    return stored == n;
}

/** Each in turn, and timed: look for one of the first n items, store one that is new, sweep. */
static bool work_timed(struct load *l, struct watch *w, uint64_t n)
{
    bool stored = true;
    for (uint64_t i = 0; i < n && stored; i++) {
        struct watch_time begun = watch_begin();
        (void)load_get(l, load_draw(l, n));
        watch_end(w, begun);
        begun = watch_begin();
        stored = load_fill(l, n + i);
        watch_end(w, begun);
        if (i % STEP_EVERY == 0) {
            begun = watch_begin();
            (void)cache_step(l->stand.cache, l->stand.now);
            watch_end(w, begun);
        }
    }
    return stored;
}

/** From nothing to items. */
static bool grow(uint64_t items, struct stall *out)
{
    struct load l;
    struct watch w = watch_of(out, "growing");
    const bool done = load_begin(&l, load_budget(items)) && fill_timed(&l, &w, 0, items);
    load_end(&l);
    return done;
}

/** Full, and everything that is stored drives something out. */
static bool evict(uint64_t items, struct stall *out)
{
    struct load l;
    struct watch w = watch_of(out, "evicting");
    bool done = load_begin(&l, items * PAYLOAD_LEN);
    for (uint64_t i = 0; done && i < items; i++)
        done = load_fill(&l, i);
    done = done && load_items(&l) < items && work_timed(&l, &w, items);
    load_end(&l);
    return done;
}

/** Every second item has just expired. */
static bool expire(uint64_t items, struct stall *out)
{
    struct load l;
    struct watch w = watch_of(out, "expiring");
    bool done = load_begin(&l, load_budget(items) + load_budget(items));
    for (uint64_t i = 0; done && i < items; i++) {
        l.shape.ttl_ms = i % 2 == 0 ? LIFE_MS : 0;
        done = load_fill(&l, i);
    }
    l.shape.ttl_ms = 0;
    l.stand.now += LIFE_MS * US_PER_MS;
    done = done && work_timed(&l, &w, items);
    load_end(&l);
    return done;
}

/** Some items carry a tag that is invalidated: the call itself, and what comes after it. */
static bool kill_tag(const struct stalls_cfg *cfg, struct stall *call, struct stall *after)
{
    const uint64_t items = cfg->items, every = items / cfg->tagged;
    struct load l;
    bool done = load_begin(&l, load_budget(items) + load_budget(items));
    for (uint64_t i = 0; done && i < items; i++) {
        l.shape.tagged = i % every == 0 && i / every < cfg->tagged ? UINT64_MAX : 0;
        done = load_fill(&l, i);
    }
    l.shape.tagged = UINT64_MAX;
    struct watch w = watch_of(call, "invalidating a tag");
    if (done) {
        char room[LOAD_TAG_LEN];
        const struct slice tag = load_tag(&l, 0, room);
        const struct watch_time begun = watch_begin();
        stand_kill_tag(&l.stand, tag);
        watch_end(&w, begun);
        l.shape.tagged = 0;
        w = watch_of(after, "after a tag");
        done = work_timed(&l, &w, items);
    }
    load_end(&l);
    return done;
}

/** Every 10,000 items carry a tag of their own, and one after the other is invalidated. */
static bool kill_tags(uint64_t items, struct stall *out)
{
    struct load l;
    bool done = load_begin(&l, load_budget(items) + load_budget(items));
    l.shape.tagged = TAGGED;
    for (uint64_t i = 0; done && i < items; i++)
        done = load_fill(&l, i);
    struct watch w = watch_of(out, "invalidating 10,000");
    for (uint64_t i = 0; done && i < items; i += TAGGED) {
        char room[LOAD_TAG_LEN];
        const struct slice tag = load_tag(&l, i, room);
        const struct watch_time begun = watch_begin();
        stand_kill_tag(&l.stand, tag);
        watch_end(&w, begun);
        done = !load_get(&l, i) && (i + TAGGED >= items || load_get(&l, i + TAGGED));
    }
    load_end(&l);
    return done;
}

static bool measure_round(const struct stalls_cfg *cfg, struct stall round[STALLS_N])
{
    return grow(cfg->items, &round[0]) && evict(cfg->items, &round[1]) &&
           expire(cfg->items, &round[2]) && kill_tag(cfg, &round[3], &round[4]) &&
           kill_tags(cfg->items, &round[5]);
}

static uint64_t max_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/** Add what a round has found to that of the earlier ones. */
static void merge(struct stall *into, const struct stall *round, bool first)
{
    if (first) {
        *into = *round;
        into->each_ns = round->cpu_ns;
        return;
    }
    histogram_merge(&into->calls, &round->calls);
    into->interrupted_n += round->interrupted_n;
    into->cpu_ns = max_of(into->cpu_ns, round->cpu_ns);
    into->interrupted_ns = max_of(into->interrupted_ns, round->interrupted_ns);
    if (round->cpu_ns < into->each_ns)
        into->each_ns = round->cpu_ns;
}

bool measure_stalls(const struct stalls_cfg *cfg, struct stall out[STALLS_N])
{
    static struct stall round[STALLS_N];
    for (uint32_t i = 0; i < cfg->rounds; i++) {
        if (!measure_round(cfg, round))
            return false;
        for (uint32_t j = 0; j < STALLS_N; j++)
            merge(&out[j], &round[j], i == 0);
    }
    return true;
}
