/** How long expired items last when nobody looks at them. */
#include "inproc/load.h"
#include "inproc/watch.h"

#define EXPIRES_EVERY 11
#define LIFE_MS       1000
#define LOOK_EVERY    64       /* calls from one count of the items to the next */
#define CALLS_MAX     20000000 /* and then it is enough */

static bool fill_mixed(struct load *l, struct reclaim *out)
{
    for (uint64_t i = 0; i < out->items; i++) {
        const bool expires = i % EXPIRES_EVERY == 0;
        l->shape.ttl_ms = expires ? LIFE_MS : 0;
        out->expired += expires;
        if (!load_fill(l, i))
            return false;
    }
    return load_items(l) == out->items;
}

static void step_timed(struct load *l, struct watch *w)
{
    for (uint32_t i = 0; i < LOOK_EVERY; i++) {
        const struct watch_time begun = watch_begin();
        (void)cache_step(l->stand.cache, l->stand.now);
        watch_end(w, begun);
    }
}

static void reclaim(struct load *l, struct reclaim *out)
{
    struct watch w = watch_of(&out->steps, "expired");
    const uint64_t wall_ns = load_wall_ns();
    uint64_t spent_ns = 0;
    l->stand.now += LIFE_MS * US_PER_MS;
    out->left = out->expired;
    while (out->left > 0 && out->calls_n < CALLS_MAX) {
        const uint64_t begun = load_cpu_ns();
        step_timed(l, &w);
        out->calls_n += LOOK_EVERY;
        spent_ns += load_cpu_ns() - begun;
        out->left = load_items(l) - (out->items - out->expired);
    }
    out->cpu_ms = (double)spent_ns / 1e6;
    out->wall_ms = (double)(load_wall_ns() - wall_ns) / 1e6;
}

bool measure_reclaim(uint64_t items, struct reclaim *out)
{
    struct load l;
    *out = (struct reclaim){.items = items};
    const bool done = load_begin(&l, load_budget(items)) && fill_mixed(&l, out);
    if (done)
        reclaim(&l, out);
    load_end(&l);
    return done;
}
