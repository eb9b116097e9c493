#include <criterion/criterion.h>

#include "base/rng.h"

#include "fixture.h"

#define O1 101ULL

static const struct ledger_cfg *roomy_cfg(void)
{
    static struct ledger_cfg cfg;
    cfg = small_cfg();
    cfg.log_max = 8192;
    cfg.more_bytes = 1U << 16;
    return &cfg;
}

/** What the origin O1 sums up, which must be place 1. */
static struct ledger_sum sum_of(const struct ledger *l)
{
    struct ledger_sum sum;
    cr_assert(ledger_sum_at(l, 1, &sum));
    cr_assert_eq(sum.epoch, O1);
    return sum;
}

static void arrive_run(struct ledger *l, uint64_t lo, uint64_t hi, uint8_t kind)
{
    for (uint64_t seq = lo; seq <= hi; seq++)
        arrive(l, O1, seq, kind);
}

Test(sums, are_there_once_two_checkpoints_are)
{
    struct ledger *l = make(roomy_cfg());
    struct ledger_sum sum;
    cr_assert_not(ledger_sum_at(l, 0, &sum));
    arrive_run(l, 1, 511, DOT_KEY);
    cr_assert_not(ledger_sum_at(l, 1, &sum));
    arrive_run(l, 512, 512, DOT_KEY);
    cr_assert(sum_of(l).lo == 256 && sum_of(l).hi == 512);
    arrive_run(l, 513, 256 * 20 + 255, DOT_KEY);
    cr_assert(sum_of(l).lo == 256 * 13 && sum_of(l).hi == 256 * 20);
    drop(l);
}

Test(sums, of_our_own_dots_are_there_too)
{
    struct ledger *l = make(roomy_cfg());
    struct ledger_sum sum;
    for (int i = 0; i < 600; i++) {
        struct dot d = {.kind = DOT_KEY, .hash = (uint64_t)i};
        ledger_issue(l, 0, &d);
        ledger_cover(l, &d);
    }
    cr_assert(ledger_sum_at(l, 0, &sum));
    cr_assert(sum.epoch == SELF && sum.lo == 256 && sum.hi == 512);
    cr_assert_eq(ledger_sum_check(l, &sum), OK);
    drop(l);
}

Test(sums, are_equal_whatever_the_order_of_arrival)
{
    struct ledger *a = make(roomy_cfg());
    struct ledger *b = make(roomy_cfg());
    struct rng rng;
    rng_init(&rng, test_seed());
    arrive_run(a, 1, 3000, DOT_KEY);
    for (uint64_t lo = 1; lo <= 2901; lo += 100) {
        uint32_t order[100];
        for (uint32_t i = 0; i < 100; i++)
            order[i] = i;
        rng_shuffle(&rng, order, 100);
        for (uint32_t i = 0; i < 100; i++)
            arrive(b, O1, lo + order[i], DOT_KEY);
    }
    const struct ledger_sum sum = sum_of(a);
    cr_assert(sum.lo == 1024 && sum.hi == 2816);
    cr_assert(sum_of(b).lo == 1024 && sum_of(b).hi == 2816);
    cr_assert_eq(sum_of(b).sum, sum.sum);
    cr_assert_eq(ledger_sum_check(b, &sum), OK);
    drop(a);
    drop(b);
}

Test(sums, do_not_see_what_the_thin_log_loses)
{
    static const uint8_t keys[] = {DOT_KEY, DOT_PUT, DOT_NOSTORE, DOT_BEGIN, DOT_COMMIT};
    struct ledger *a = make(roomy_cfg());
    struct ledger *b = make(roomy_cfg());
    for (uint64_t seq = 1; seq <= 1024; seq++) {
        const uint8_t kind = seq % 7 == 0 ? DOT_TAG : keys[seq % ARRAY_LEN(keys)];
        const uint64_t hash = O1 * 31 + seq;
        struct dot thin = {.epoch = O1, .seq = seq, .kind = DOT_KEY, .hash = hash};
        if (kind == DOT_TAG)
            thin.kind = DOT_TAG;
        arrive(a, O1, seq, kind);
        arrive_dot(b, &thin);
    }
    const struct ledger_sum sum = sum_of(a);
    cr_assert_eq(ledger_sum_check(b, &sum), OK);
    drop(a);
    drop(b);
}

Test(sums, differ_when_one_name_has_two_dots)
{
    struct ledger *a = make(roomy_cfg());
    arrive_run(a, 1, 1024, DOT_KEY);
    const struct ledger_sum sum = sum_of(a);
    for (int what = 0; what < 2; what++) {
        struct ledger *b = make(roomy_cfg());
        struct dot d = dot_of(O1, 700, what == 0 ? DOT_KEY : DOT_TAG);
        d.hash += what == 0;
        arrive_run(b, 1, 699, DOT_KEY);
        arrive_dot(b, &d);
        arrive_run(b, 701, 1024, DOT_KEY);
        cr_assert_eq(ledger_sum_check(b, &sum), ERR_CONFLICT);
        cr_assert_eq(ledger_counters(b).conflicts, 1);
        drop(b);
    }
    drop(a);
}

Test(sums, begin_anew_after_a_closing_without_content)
{
    struct ledger *a = make(roomy_cfg());
    struct ledger *b = make(roomy_cfg());
    arrive_run(a, 1, 2048, DOT_KEY);
    arrive_run(b, 1, 699, DOT_KEY);
    arrive_run(b, 701, 710, DOT_KEY);
    const struct ledger_sum sum = sum_of(a);
    cr_assert_neq(ledger_close(b, O1, 700, 700, NULL), 0);
    cr_assert_not(ledger_sum_at(b, 1, &(struct ledger_sum){0}));
    arrive_run(b, 711, 2048, DOT_KEY);
    cr_assert(sum_of(b).lo == 768 && sum_of(b).hi == 2048);
    cr_assert_eq(ledger_sum_check(b, &sum), ERR_UNKNOWN); /* from 256 on */
    const struct ledger_sum later = sum_of(b);
    cr_assert_eq(ledger_sum_check(a, &later), OK);
    drop(a);
    drop(b);
}

Test(sums, do_not_pass_over_a_closing_in_the_middle)
{
    struct ledger *l = make(roomy_cfg());
    arrive_run(l, 1, 500, DOT_KEY);
    hear(l, 0, O1, 900);
    cr_assert_neq(ledger_close(l, O1, 600, 600, NULL), 0);
    arrive_run(l, 501, 599, DOT_KEY);
    cr_assert_eq(view(l, O1).applied, 600);
    arrive_run(l, 601, 1023, DOT_KEY);
    cr_assert_not(ledger_sum_at(l, 1, &(struct ledger_sum){0}));
    arrive_run(l, 1024, 1024, DOT_KEY);
    cr_assert_eq(sum_of(l).lo, 768);
    drop(l);
}

Test(sums, begin_anew_after_an_adoption_and_a_reinstatement)
{
    struct ledger *l = make(roomy_cfg());
    uint64_t barrier;
    arrive_run(l, 1, 600, DOT_KEY);
    cr_assert_eq(ledger_adopt(l, O1, 700), OK);
    cr_assert_not(ledger_sum_at(l, 1, &(struct ledger_sum){0}));
    arrive_run(l, 701, 1500, DOT_KEY);
    cr_assert_eq(sum_of(l).lo, 768);
    cr_assert_eq(ledger_retire(l, O1, &barrier), OK);
    arrive_run(l, 1501, 1600, DOT_KEY);
    cr_assert_not(ledger_sum_at(l, 1, &(struct ledger_sum){0}));
    drop(l);
}

Test(sums, between_anything_but_checkpoints_are_unknown)
{
    struct ledger *l = make(roomy_cfg());
    arrive_run(l, 1, 1024, DOT_KEY);
    const struct ledger_sum good = sum_of(l);
    struct ledger_sum bad = good;
    bad.lo += 1;
    cr_assert_eq(ledger_sum_check(l, &bad), ERR_UNKNOWN);
    bad = good;
    bad.hi = 0;
    cr_assert_eq(ledger_sum_check(l, &bad), ERR_UNKNOWN);
    bad.lo = good.hi;
    bad.hi = good.hi;
    cr_assert_eq(ledger_sum_check(l, &bad), ERR_UNKNOWN);
    bad = good;
    bad.epoch = 9;
    cr_assert_eq(ledger_sum_check(l, &bad), ERR_UNKNOWN);
    cr_assert_eq(ledger_counters(l).conflicts, 0);
    drop(l);
}
