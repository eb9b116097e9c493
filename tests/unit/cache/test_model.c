/**
 * Random lives of a cache beside a reference that forgets nothing.
 *
 * A value is "as of" the L of its token. Whenever the cache returns one, no dot newer than that may
 * cover it; whenever it stores one, the reference must agree. A cache with limits may miss more; one
 * whose tables are never full must do exactly what the reference does.
 */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "model.h"
#include "seed.h"

/** What happens in 1,000 steps; the rest sweeps. */
static const struct {
    void (*step)(struct model *m);
    uint32_t permille;
} steps[] = {
    {model_get, 440},        {model_fill, 310},      {model_import, 20},     {model_touch, 10},
    {model_key_dot, 40},     {model_quarantine, 15}, {model_put, 40},        {model_tag_dot, 16},
    {model_tags_all_dot, 8}, {model_prefix_dot, 10}, {model_buckets_dot, 4}, {model_wider_dot, 2},
};

static void step(struct model *m)
{
    uint64_t dice = model_below(m, 1000);
    m->w->now += model_below(m, 1500);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (dice < steps[i].permille) {
            steps[i].step(m);
            return;
        }
        dice -= steps[i].permille;
    }
    if (m->sweeps || dice == 0)
        (void)cache_step(m->w->c, m->w->now);
}

static void add(struct cache_stats *sum, const struct cache_stats *s)
{
    uint64_t *to = (uint64_t *)(void *)sum;
    const uint64_t *from = (const uint64_t *)(const void *)s;
    for (size_t i = 0; i < sizeof *s / sizeof *to; i++)
        to[i] += from[i];
}

static void run(const struct world_cfg *cfg, uint64_t seed, uint64_t ops, struct cache_stats *sum)
{
    struct model *m = model_new(cfg, seed, false);
    for (uint64_t i = 0; i < ops; i++) {
        step(m);
        if (i % 1024 == 0)
            cr_assert_leq(stats(m->w).used_bytes, cfg->budget_bytes);
    }
    cr_assert_gt(m->hits, ops / 50, "seed %" PRIu64 ": it still is a cache", seed);
    const struct cache_stats s = stats(m->w);
    add(sum, &s);
    model_free(m);
}

static void assert_everything_happened(const struct cache_stats *s)
{
    static const enum cache_reason reasons[] = {
        CACHE_INVALIDATED, CACHE_TAG,       CACHE_PREFIX,    CACHE_NAMESPACE,
        CACHE_ALL,         CACHE_FORGOTTEN, CACHE_NEWER,     CACHE_VERSION,
        CACHE_NOSTORE,     CACHE_INTENT,    CACHE_TAGS_FULL,
    };

    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        cr_assert_gt(s->refused[reasons[i]], 0, "no %s", cache_reason_text(reasons[i]));
    cr_assert_gt(s->stale_hits, 0);
    cr_assert_gt(s->imports, 0);
    cr_assert_gt(s->marked, 0);
    cr_assert_gt(s->evicted, 0);
    cr_assert_gt(s->reinserted, 0);
    cr_assert_gt(s->expired, 0);
    cr_assert_gt(s->killed, 0);
    cr_assert_gt(s->spared, 0);
    cr_assert_gt(s->swept, 0);
    cr_assert_gt(s->dead_lookups, 0);
    cr_assert_gt(s->prefixes_folded, 0);
    cr_assert_gt(s->conjunctions_folded, 0);
    cr_assert_gt(s->tags_full, 0);
}

Test(model, a_small_cache_never_serves_what_a_dot_covered)
{
    static const struct world_cfg cfgs[] = {
        {.budget_bytes = 108 << 10, .shards = 1, .recent_max = 16},
        {.budget_bytes = 100 << 10, .shards = 1, .recent_max = 4},
        {.budget_bytes = 216 << 10, .shards = 2, .recent_max = 64},
        {.budget_bytes = 300 << 10, .shards = 1, .recent_max = 256, .bucket_bits = 14},
    };
    const uint64_t seed = seed_of(20240601);
    struct cache_stats sum = {0};
    for (uint64_t i = 0; i < 2 * ARRAY_LEN(cfgs); i++)
        run(&cfgs[i % ARRAY_LEN(cfgs)], seed + i, 60000, &sum);
    assert_everything_happened(&sum);
}

Test(model, a_roomy_cache_does_exactly_what_the_reference_does)
{
    const struct world_cfg cfg = {
        .budget_bytes = 48 << 20, .shards = 4, .recent_max = 32768, .bucket_bits = 13};
    const uint64_t seed = seed_of(77001);
    for (uint64_t i = 0; i < 3; i++) {
        struct model *m = model_new(&cfg, seed + i, true);
        for (int n = 0; n < 40000; n++)
            step(m);
        const struct cache_stats s = stats(m->w);
        cr_assert_eq(s.evicted + s.prefixes_folded + s.conjunctions_folded + s.quarantine_full +
                         s.tags_full + s.refused[CACHE_FORGOTTEN],
                     0);
        cr_assert_gt(m->hits, 1000);
        cr_assert_gt(m->stored, 1000);
        model_free(m);
    }
}
