/* Equal vectors should mean the same dots. */
#include <criterion/criterion.h>

#include "alone.h"

#define S          US_PER_SEC
#define DOTS_MAX   20000 /* of an origin; its first sum comes long before */
#define AUDIT_COST 100   /* bytes a second */
#define OVERHEAD   128   /* of one datagram: IP, UDP, seal, header */

static struct alone_cfg cfg_of(uint64_t peers)
{
    struct alone_cfg cfg = alone_cfg_of(peers);
    cfg.heal.audit_us = 10 * S;
    return cfg;
}

static bool find_sum(const struct alone *a, uint64_t epoch, struct ledger_sum *out)
{
    for (size_t i = 0; i < ledger_origins(a->ledger); i++) {
        if (ledger_sum_at(a->ledger, i, out) && out->epoch == epoch)
            return true;
    }
    return false;
}

/** Let dots of an origin come, from *seq on, until it has a sum that ends past `past`. */
static struct ledger_sum fill(struct alone *a, uint64_t epoch, uint64_t *seq, uint64_t past)
{
    struct ledger_sum sum = {0};
    for (; *seq <= DOTS_MAX; ++*seq) {
        arrive(a, 0, epoch, *seq);
        if (find_sum(a, epoch, &sum) && sum.hi > past) {
            ++*seq;
            return sum;
        }
    }
    cr_assert_fail("no sum");
    return sum;
}

static void say_sum(struct alone *a, mono_us now, struct ledger_sum sum, uint64_t off)
{
    struct peer_sums sums = {.n = 1};
    sums.at[0] = (struct peer_sum){sum.epoch, sum.lo, sum.hi, sum.sum + off};
    heal_sums(a->heal, now, 1, &sums);
}

static bool is_barred(struct alone *a)
{
    struct heal_out out;
    while (heal_poll(a->heal, 0, &out)) {
        if (out.kind == HEAL_BAR && out.reason == HEAL_FORKED)
            return true;
    }
    return false;
}

Test(audit, sums_go_to_a_random_peer_each_ten_seconds)
{
    const struct alone_cfg cfg = cfg_of(3);
    struct alone a = alone_make_cfg(&cfg);
    uint64_t seq = 1;
    size_t n = 0;
    bool asked[4] = {0};
    const struct ledger_sum sum = fill(&a, 500, &seq, 0);
    for (mono_us now = 0; now < 200 * S; now += 100 * MS) {
        struct heal_out out;
        while (next(&a, now, &out)) {
            cr_assert_eq(out.msg->type, PEER_SUMS);
            cr_assert_eq(out.msg->args.sums.n, 1);
            cr_assert_eq(out.msg->args.sums.at[0].sum, sum.sum);
            cr_assert_eq(out.msg->args.sums.at[0].epoch, 500);
            asked[out.to] = true;
            n++;
        }
    }
    cr_assert_geq(n, 18);
    cr_assert_leq(n, 20);
    cr_assert(asked[1] && asked[2] && asked[3]);
    alone_drop(&a);
}

Test(audit, nothing_is_sent_without_sums_without_peers_or_without_a_time)
{
    for (uint64_t peers = 0; peers < 2; peers++) {
        const struct alone_cfg cfg = cfg_of(peers);
        struct alone a = alone_make_cfg(&cfg);
        uint64_t seq = 1;
        if (peers == 0)
            fill(&a, 500, &seq, 0);
        for (mono_us now = 0; now < 100 * S; now += S)
            expect_none(&a, now);
        alone_drop(&a);
    }
    struct alone a = alone_make(1);
    uint64_t seq = 1;
    fill(&a, 500, &seq, 0);
    cr_assert_eq(heal_deadline(a.heal), NEVER);
    for (mono_us now = 0; now < 100 * S; now += S)
        expect_none(&a, now);
    alone_drop(&a);
}

Test(audit, origins_take_turns_where_there_are_more_than_a_message_holds)
{
    const struct alone_cfg cfg = cfg_of(1);
    struct alone a = alone_make_cfg(&cfg);
    size_t told[40] = {0};
    size_t messages = 0;
    for (uint64_t i = 0; i < 40; i++) {
        uint64_t seq = 1;
        fill(&a, 500 + i, &seq, 0);
    }
    for (mono_us now = 0; messages < 10; now += 100 * MS) {
        struct heal_out out;
        while (next(&a, now, &out)) {
            const struct peer_sums *sums = &out.msg->args.sums;
            cr_assert_eq(sums->n, PEER_SUMS_MAX);
            const size_t bytes = OVERHEAD + sums->n * sizeof(struct peer_sum);
            cr_assert_lt(bytes, (size_t)AUDIT_COST * 10);
            for (size_t i = 0; i < sums->n; i++)
                told[sums->at[i].epoch - 500]++;
            messages++;
        }
    }
    for (size_t i = 0; i < 40; i++)
        cr_assert_eq(told[i], 6);
    alone_drop(&a);
}

Test(audit, equal_sums_cost_nothing)
{
    const struct alone_cfg cfg = cfg_of(1);
    struct alone a = alone_make_cfg(&cfg);
    uint64_t seq = 1;
    say_sum(&a, 0, fill(&a, 500, &seq, 0), 0);
    cr_assert_not(is_barred(&a));
    cr_assert_eq(heal_counters(a.heal).sums_compared, 1);
    say_sum(&a, 0, (struct ledger_sum){.epoch = 777, .lo = 0, .hi = 256}, 0);
    cr_assert_not(is_barred(&a));
    cr_assert_eq(heal_counters(a.heal).sums_compared, 1, "an unknown origin says nothing");
    alone_drop(&a);
}

Test(audit, a_difference_costs_one_barrier_for_what_stood_before_it)
{
    const struct alone_cfg cfg = cfg_of(1);
    struct alone a = alone_make_cfg(&cfg);
    uint64_t seq = 1;
    const struct ledger_sum sum = fill(&a, 500, &seq, 0);
    say_sum(&a, 0, sum, 1);
    cr_assert(is_barred(&a));
    cr_assert_eq(heal_counters(a.heal).broad_forked, 1);
    say_sum(&a, 0, sum, 1);
    cr_assert_not(is_barred(&a));
    say_sum(&a, 61 * S, sum, 1);
    cr_assert_not(is_barred(&a), "all of it was issued before the barrier");
    alone_drop(&a);
}

Test(audit, an_origin_that_forks_on_costs_one_barrier_a_minute)
{
    const struct alone_cfg cfg = cfg_of(1);
    struct alone a = alone_make_cfg(&cfg);
    uint64_t seq = 1;
    const struct ledger_sum first = fill(&a, 500, &seq, 0);
    say_sum(&a, 0, first, 1);
    cr_assert(is_barred(&a));
    const struct ledger_sum second = fill(&a, 500, &seq, first.hi);
    say_sum(&a, 60 * S - 1, second, 1);
    cr_assert_not(is_barred(&a));
    say_sum(&a, 60 * S, second, 1);
    cr_assert(is_barred(&a));
    cr_assert_eq(heal_counters(a.heal).broad_forked, 2);
    alone_drop(&a);
}

Test(audit, differences_of_several_origins_in_one_message_share_a_barrier)
{
    const struct alone_cfg cfg = cfg_of(1);
    struct alone a = alone_make_cfg(&cfg);
    struct peer_sums sums = {0};
    for (uint64_t i = 0; i < PEER_SUMS_MAX; i++) {
        uint64_t seq = 1;
        const struct ledger_sum sum = fill(&a, 500 + i, &seq, 0);
        sums.at[sums.n++] = (struct peer_sum){sum.epoch, sum.lo, sum.hi, sum.sum + 1};
    }
    heal_sums(a.heal, 0, 1, &sums); /* more than are remembered */
    cr_assert(is_barred(&a));
    cr_assert_not(is_barred(&a));
    cr_assert_eq(heal_counters(a.heal).sums_compared, PEER_SUMS_MAX);
    const struct peer_sums last = {.at = {sums.at[PEER_SUMS_MAX - 1]}, .n = 1};
    heal_sums(a.heal, 1, 1, &last);
    cr_assert_not(is_barred(&a));
    alone_drop(&a);
}
