#include <criterion/criterion.h>
#include <string.h>

#include "base/rng.h"
#include "ledger/checkpoint.h"
#include "ledger/touch.h"

#include "fixture.h"

#define O1      101ULL
#define RUNS    20
#define MISSING 10000

/* A donor that covered `history` dots of one origin, in order, with random keys. */
static struct ledger *make_donor(struct rng *rng, uint64_t history)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.bucket_bits = 16;
    struct ledger *l = make(&cfg);
    for (uint64_t seq = 1; seq <= history; seq++) {
        struct dot d = {.epoch = O1, .seq = seq, .kind = DOT_KEY, .hash = rng_next(rng)};
        cr_assert_eq(ledger_take(l, 0, &d).verdict, LEDGER_FRESH);
        ledger_cover(l, &d);
    }
    return l;
}

static uint32_t count_touched(const struct ledger *l, uint64_t lo, uint64_t hi)
{
    static struct ledger_touched t;
    const struct dot_range range = {.epoch = O1, .lo = lo, .hi = hi};
    cr_assert_eq(ledger_touched(l, &range, 1, &t), OK);
    cr_assert_not(t.everything);
    cr_assert_not(t.tagged);
    return t.set_n;
}

/** Mean share of buckets over the runs, in millionths, when the last 10,000 dots are missing. */
static uint64_t mean_share(uint64_t shortest, uint64_t longest)
{
    uint64_t sum = 0;
    for (uint64_t run = 0; run < RUNS; run++) {
        struct rng rng;
        rng_init(&rng, test_seed() + run);
        const uint64_t history = shortest + rng_below(&rng, longest - shortest + 1);
        struct ledger *l = make_donor(&rng, history);
        sum += count_touched(l, history - MISSING + 1, history) * 1000000ULL / 65536;
        drop(l);
    }
    cr_log_info("history %llu to %llu: %llu millionths of the buckets",
                (unsigned long long)shortest, (unsigned long long)longest,
                (unsigned long long)(sum / RUNS));
    return sum / RUNS;
}

Test(checkpoint, ten_thousand_missing_keys_cost_at_most_fifteen_percent_of_the_buckets,
     .timeout = 60)
{
    cr_assert_leq(mean_share(10000, 40000), 150000);
    cr_assert_leq(mean_share(40000, 40000), 150000);
}

Test(checkpoint, a_long_history_costs_little_more, .timeout = 60)
{
    cr_assert_leq(mean_share(300000, 1000000), 150000);
}

Test(checkpoint, the_pool_lends_what_came_back_first_and_empty_and_no_more_than_it_has)
{
    static _Alignas(64) uint8_t mem[8192];
    struct arena arena;
    struct checkpoint_pool pool;
    arena_init(&arena, mem, sizeof mem);
    cr_assert(ledger_checkpoints_init(&arena, &pool, 2, LEDGER_BUCKET_BITS_MIN));
    struct checkpoints *a = ledger_checkpoints_take(&pool);
    ledger_checkpoints_note(&pool, a, (struct checkpoint){.head = 1, .l = 1});
    cr_assert_eq(a->n, 1);
    ledger_checkpoints_give(&pool, a);
    cr_assert_eq(ledger_checkpoints_take(&pool), a);
    cr_assert_eq(a->n, 0);
    struct checkpoints *b = ledger_checkpoints_take(&pool);
    cr_assert_not_null(b);
    cr_assert_neq(b, a);
    cr_assert_null(ledger_checkpoints_take(&pool));
}

Test(checkpoint, a_start_touches_none_of_the_lists)
{
    static const uint8_t zero[8192];
    static _Alignas(64) uint8_t mem[sizeof zero];
    struct arena arena;
    struct checkpoint_pool pool;
    arena_init(&arena, mem, sizeof mem);
    cr_assert(ledger_checkpoints_init(&arena, &pool, 4, LEDGER_BUCKET_BITS_MIN));
    cr_assert_eq(memcmp(mem, zero, sizeof mem), 0);
}
