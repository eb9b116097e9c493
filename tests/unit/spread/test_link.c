#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/rng.h"
#include "spread/link.h"

#include "rig.h"

Test(link, a_full_table_refuses_and_counts)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 8);
    cr_assert_eq(spread_link_up(r.s, 0, 9, 0), ERR_FULL);
    cr_assert_eq(spread_link_up(r.s, 0, 8, 0), OK, "known");
    cr_assert_eq(spread_counters(r.s).links_full, 1);
    spread_link_down(r.s, 3);
    cr_assert_eq(spread_link_up(r.s, 0, 9, 0), OK);
    issue(&r, 0, 1);
    cr_assert_eq(drain(&r, 0), 8);
    drop(&r);
}

Test(link, one_that_goes_down_owes_nothing)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct spread_view v;
    link_up(&r, 1);
    issue(&r, 0, 1);
    drain(&r, 0);
    spread_link_down(r.s, 7);
    cr_assert_eq(spread_deadline(r.s), 10 * MS);
    spread_link_down(r.s, 1);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    cr_assert_not(spread_link(r.s, 1, &v));
    cr_assert(spread_all_covered(r.s, 1));
    ack(&r, 0, 1, 1, 0);
    cr_assert_eq(drain(&r, 10 * MS), 0);
    drop(&r);
}

Test(link, known_ones_keep_their_state)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 1);
    issue(&r, 0, 2);
    drain(&r, 0);
    ack(&r, 0, 1, 1, 0);
    cr_assert_eq(spread_link_up(r.s, 0, 1, 2), OK);
    cr_assert_eq(view(&r, 1).applied, 1);
    cr_assert_eq(drain(&r, 10 * MS), 1);
    drop(&r);
}

Test(link, all_have_covered_only_when_each_has)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    cr_assert(spread_all_covered(r.s, 3), "no link");
    link_up(&r, 2);
    issue(&r, 0, 4);
    cr_assert_not(spread_all_covered(r.s, 3));
    ack(&r, 0, 1, 4, 0);
    cr_assert_not(spread_all_covered(r.s, 3));
    ack(&r, 0, 2, 1, 1); /* 1 and 3 */
    cr_assert(spread_all_covered(r.s, 3));
    cr_assert_not(spread_all_covered(r.s, 2));
    cr_assert_not(spread_all_covered_range(r.s, 1, 3));
    cr_assert_not(spread_all_covered_range(r.s, 3, 4));
    cr_assert(spread_all_covered_range(r.s, 3, 3));
    ack(&r, 0, 2, 2, 0);
    cr_assert(spread_all_covered_range(r.s, 1, 3));
    drop(&r);
}

Test(link, covers_never_go_back)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 1);
    issue(&r, 0, 4);
    ack(&r, 0, 1, 3, 0);
    ack(&r, 0, 1, 1, 0);
    cr_assert_eq(view(&r, 1).applied, 3);
    drop(&r);
}

Test(link, claims_past_what_we_issued_are_refused)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 1);
    issue(&r, 0, 2);
    ack(&r, 0, 1, 3, 0);
    cr_assert_eq(spread_counters(r.s).covers_refused, 1);
    cr_assert_not(spread_all_covered(r.s, 1));
    ack(&r, 0, 1, 0, UINT64_MAX); /* 2, and much that is not */
    issue(&r, 0, 2);
    cr_assert(spread_all_covered(r.s, 2));
    cr_assert_not(spread_all_covered(r.s, 3));
    const struct cover other = {.epoch = SELF + 1, .applied = 4};
    spread_cover(r.s, 0, 1, &other);
    cr_assert_eq(view(&r, 1).applied, 0);
    drop(&r);
}

/** A mask with a quarter of its bits set. */
static uint64_t sparse_mask(struct rng *rng)
{
    const uint64_t half = rng_next(rng);
    return half & rng_next(rng);
}

Test(link, joined_covers_hold_exactly_what_either_holds)
{
    struct rng rng;
    const uint64_t seed = test_seed();
    rng_init(&rng, seed);
    for (int i = 0; i < 20000; i++) {
        const struct cover a = {.applied = rng_below(&rng, 80), .mask = sparse_mask(&rng)};
        const struct cover b = {.applied = rng_below(&rng, 80), .mask = ~sparse_mask(&rng)};
        const struct cover all = spread_link_join(a, b);
        for (uint64_t seq = 1; seq < 200; seq++) {
            const bool held = cover_has(&a, seq) || cover_has(&b, seq);
            cr_assert_eq(cover_has(&all, seq), held, "seed %lu seq %lu", (unsigned long)seed,
                         (unsigned long)seq);
        }
    }
}

Test(link, every_arena_that_is_too_small_is_refused)
{
    const struct spread_cfg cfg = small_cfg();
    const size_t max = 256U << 10;
    void *mem = calloc(1, max);
    struct arena arena;
    size_t need = 0;
    for (size_t len = 0; len <= max && need == 0; len += 16) {
        arena_init(&arena, mem, len);
        if (spread_new(&arena, &cfg) != NULL)
            need = len;
    }
    cr_assert_gt(need, (size_t)0);
    arena_init(&arena, mem, need - 16);
    cr_assert_null(spread_new(&arena, &cfg));
    free(mem);
}
