#include <criterion/criterion.h>

#include "fixture.h"

#define O1 101ULL
#define O2 202ULL

static struct dot_range range(uint64_t lo, uint64_t hi)
{
    return (struct dot_range){.epoch = O1, .lo = lo, .hi = hi};
}

Test(gap, opens_with_the_index_of_its_discovery_and_closes_with_its_dots)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    arrive(l, O1, 1, DOT_KEY);
    hear(l, 50, O1, 3);
    const uint64_t g = ledger_l(l);
    cr_assert_eq(ledger_gaps(l), 1);
    cr_assert_eq(gap_at(l, 0).lo, 2);
    cr_assert_eq(gap_at(l, 0).hi, 3);
    cr_assert_eq(gap_at(l, 0).g, g);
    arrive(l, O1, 3, DOT_KEY);
    cr_assert_eq(gap_at(l, 0).hi, 2);
    cr_assert_eq(gap_at(l, 0).g, g);
    cr_assert_eq(ledger_gap_oldest(l), 50);
    arrive(l, O1, 2, DOT_KEY);
    cr_assert_eq(ledger_gaps(l), 0);
    cr_assert_eq(ledger_gap_oldest(l), NEVER);
    cr_assert_eq(view(l, O1).applied, 3);
    drop(l);
}

Test(gap, lists_no_more_than_asked_oldest_slot_first)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 1, O2, 2);
    hear(l, 2, O1, 2);
    hear(l, 3, O2, 4);
    struct gap gaps[4] = {0};
    cr_assert_eq(ledger_gap_list(l, gaps, 2), 2);
    cr_assert_eq(gaps[2].epoch, 0);
    cr_assert_eq(ledger_gap_list(l, gaps, 4), 3);
    cr_assert_eq(gaps[0].epoch, O2);
    cr_assert_eq(gaps[1].epoch, O2);
    cr_assert_eq(gaps[1].lo, 3);
    cr_assert_eq(gaps[2].epoch, O1);
    cr_assert_eq(ledger_gap_list(l, gaps, 0), 0);
    drop(l);
}

/** Leave single gaps at 3, 6, 9, ... 3n of O1, opened at their own number. */
static void open_gaps(struct ledger *l, uint64_t n)
{
    for (uint64_t i = 1; i <= n; i++) {
        arrive(l, O1, 3 * i - 2, DOT_KEY);
        arrive(l, O1, 3 * i - 1, DOT_KEY);
        hear(l, 3 * i, O1, 3 * i);
    }
}

Test(gap, the_ninth_merges_the_two_nearest_with_the_larger_index)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    open_gaps(l, 4); /* 3 6 9 12 */
    arrive(l, O1, 13, DOT_KEY);
    hear(l, 14, O1, 14); /* 2 from 12; all others are 3 apart */
    const struct gap older = gap_at(l, 3);
    const struct gap newer = gap_at(l, 4);
    for (uint64_t seq = 17; seq <= 23; seq += 3) {
        arrive(l, O1, seq - 2, DOT_KEY);
        arrive(l, O1, seq - 1, DOT_KEY);
        hear(l, seq, O1, seq);
    }
    const struct dot d = dot_of(O1, 25, DOT_KEY);
    arrive(l, O1, 24, DOT_KEY); /* adjacent to 23: joins it for a moment, and takes it along */
    cr_assert_eq(ledger_counters(l).gaps_merged, 1);
    cr_assert_eq(view(l, O1).gaps_n, LEDGER_GAPS);
    cr_assert_eq(gap_at(l, 7).lo, 23);
    cr_assert_eq(gap_at(l, 7).hi, 23);
    cr_assert_eq(gap_at(l, 7).g, ledger_l(l) - 1);
    ledger_take(l, 25, &d); /* 2 from 23, as near as 12 and 14: the older pair */
    cr_assert_eq(ledger_counters(l).gaps_merged, 2);
    cr_assert_eq(view(l, O1).gaps_n, LEDGER_GAPS);
    cr_assert_eq(gap_at(l, 3).lo, 12);
    cr_assert_eq(gap_at(l, 3).hi, 14);
    cr_assert_eq(gap_at(l, 3).g, newer.g);
    cr_assert_eq(gap_at(l, 3).opened_at, older.opened_at);
    cr_assert_eq(ledger_gaps(l), LEDGER_GAPS);
    drop(l);
}

Test(gap, merging_keeps_what_lies_between_covered)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    open_gaps(l, 8); /* 3 6 ... 24 */
    const struct gap second = gap_at(l, 1);
    arrive(l, O1, 25, DOT_KEY); /* joins 24 for a moment, and leaves it with a larger g */
    arrive(l, O1, 26, DOT_KEY);
    hear(l, 99, O1, 27); /* 3 from 24, as all are from each other */
    cr_assert_eq(view(l, O1).gaps_n, LEDGER_GAPS);
    const struct gap first = gap_at(l, 0);
    cr_assert_eq(first.lo, 3);
    cr_assert_eq(first.hi, 6);
    cr_assert_eq(first.g, second.g);
    cr_assert_eq(first.opened_at, 3);
    cr_assert(ledger_covered(l, O1, 4));
    struct dot_range runs[4];
    cr_assert_eq(ledger_missing(l, (struct dot_range){O1, first.lo, first.hi}, runs, 4), 2);
    cr_assert_eq(runs[0].lo, 3);
    cr_assert_eq(runs[0].hi, 3);
    cr_assert_eq(runs[1].lo, 6);
    cr_assert_eq(runs[1].hi, 6);
    close_expect(l, range(first.lo, first.hi), second.g, 2);
    drop(l);
}

Test(gap, a_late_dot_in_the_middle_of_a_merged_gap_gets_the_merged_index)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    for (uint64_t i = 1; i <= 9; i++)
        hear(l, i, O1, 10 * i); /* nine adjacent records: the first two merge */
    const struct gap first = gap_at(l, 0);
    cr_assert_eq(first.lo, 1);
    cr_assert_eq(first.hi, 20);
    cr_assert_eq(first.g, 3);
    cr_assert_eq(arrive(l, O1, 7, DOT_TAG).effect_i, 3); /* 2 before the merge */
    cr_assert_eq(arrive(l, O1, 8, DOT_KEY).effect_i, ledger_l(l));
    cr_assert_eq(gap_at(l, 0).lo, 1);
    cr_assert_eq(gap_at(l, 0).hi, 20);
    struct dot_range runs[4];
    cr_assert_eq(ledger_missing(l, (struct dot_range){O1, 1, 20}, runs, 4), 2);
    cr_assert_eq(runs[0].hi, 6);
    cr_assert_eq(runs[1].lo, 9);
    close_expect(l, range(1, 20), 3, 18);
    drop(l);
}

Test(gap, missing_lists_exact_runs_within_what_was_asked)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 0, O1, 10000);
    arrive(l, O1, 1, DOT_KEY);
    arrive(l, O1, 5, DOT_KEY);
    arrive(l, O1, 4097, DOT_KEY); /* the last bit of the window */
    struct dot_range runs[4] = {0};
    cr_assert_eq(ledger_missing(l, (struct dot_range){O1, 0, UINT64_MAX}, runs, 4), 3);
    cr_assert_eq(runs[0].lo, 2);
    cr_assert_eq(runs[0].hi, 4);
    cr_assert_eq(runs[1].lo, 6);
    cr_assert_eq(runs[1].hi, 4096);
    cr_assert_eq(runs[2].lo, 4098);
    cr_assert_eq(runs[2].hi, 10000);
    cr_assert_eq(runs[2].epoch, O1);
    cr_assert_eq(ledger_missing(l, (struct dot_range){O1, 3, 6}, runs, 4), 2);
    cr_assert_eq(runs[0].lo, 3);
    cr_assert_eq(runs[1].hi, 6);
    cr_assert_eq(ledger_missing(l, (struct dot_range){O1, 1, 9999}, runs, 1), 1);
    cr_assert_eq(ledger_missing(l, (struct dot_range){O1, 5, 5}, runs, 4), 0);
    cr_assert_eq(ledger_missing(l, (struct dot_range){O1, 10001, 10009}, runs, 4), 0);
    cr_assert_eq(ledger_missing(l, (struct dot_range){O2, 1, 9}, runs, 4), 0);
    drop(l);
}

Test(gap, the_oldest_is_found_again_after_it_closed)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 10, O1, 1);
    hear(l, 10, O2, 1);
    hear(l, 30, 303, 1);
    hear(l, 20, O2, 2);
    cr_assert_eq(ledger_gap_oldest(l), 10);
    arrive(l, O1, 1, DOT_KEY);
    cr_assert_eq(ledger_gap_oldest(l), 10);
    arrive(l, O2, 1, DOT_KEY);
    cr_assert_eq(ledger_gap_oldest(l), 20);
    arrive(l, O2, 2, DOT_KEY);
    cr_assert_eq(ledger_gap_oldest(l), 30);
    ledger_close(l, 303, 1, 1, NULL);
    cr_assert_eq(ledger_gap_oldest(l), NEVER);
    drop(l);
}

Test(gap, is_found_among_many_origins_without_one)
{
    static const uint64_t with_gap[] = {299, 130, 60, 61, 128};
    struct ledger_cfg cfg = small_cfg();
    struct gap gaps[8];
    cfg.origins_max = 300;
    struct ledger *l = make(&cfg);
    for (uint64_t epoch = 1; epoch < 300; epoch++)
        arrive(l, epoch, 1, DOT_KEY);
    for (size_t i = 0; i < ARRAY_LEN(with_gap); i++) /* the slot is the epoch */
        hear(l, 1000 + i, with_gap[i], 2);
    cr_assert_eq(ledger_gap_list(l, gaps, 8), 5);
    cr_assert(gaps[0].epoch == 60 && gaps[1].epoch == 61 && gaps[2].epoch == 128);
    cr_assert(gaps[3].epoch == 130 && gaps[4].epoch == 299);
    for (size_t i = 0; i < ARRAY_LEN(with_gap); i++) {
        cr_assert_eq(ledger_gap_oldest(l), 1000 + i);
        arrive(l, with_gap[i], 2, DOT_KEY);
    }
    cr_assert_eq(ledger_gap_oldest(l), NEVER);
    drop(l);
}

Test(gap, closing_returns_the_newest_index_of_what_it_closed)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 0, O1, 10); /* g = 2 */
    hear(l, 0, O1, 20); /* g = 3 */
    hear(l, 0, O1, 30); /* g = 4 */
    close_expect(l, range(1, 5), 2, 5);
    close_expect(l, range(1, 15), 3, 10);
    cr_assert_eq(view(l, O1).applied, 15);
    close_expect(l, range(1, 15), 0, 0);
    close_expect(l, range(0, UINT64_MAX), 4, 15);
    cr_assert_eq(ledger_gaps(l), 0);
    close_expect(l, range(1, 40), 0, 0);
    cr_assert_eq(view(l, O1).head, 30);
    cr_assert_eq(ledger_close(l, O2, 1, 9, NULL), 0);
    cr_assert_eq(ledger_counters(l).closed, 30);
    cr_assert_eq(ledger_l(l), 4);
    drop(l);
}

Test(gap, closing_counts_only_parts_that_lose_something)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 0, O1, 3); /* g = 2 */
    hear(l, 0, O1, 6); /* g = 3 */
    arrive(l, O1, 5, DOT_KEY);
    close_expect(l, range(5, 5), 0, 0); /* inside the second, but covered */
    arrive(l, O1, 4, DOT_KEY);
    close_expect(l, range(1, 5), 2, 3);
    cr_assert_eq(view(l, O1).applied, 5);
    drop(l);
}

Test(gap, a_middle_part_closes_only_as_far_as_the_window_can_say)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.windows_max = 1;
    struct ledger *l = make(&cfg);
    hear(l, 0, O1, 9000);
    close_expect(l, range(4097, 9000), 0, 0);
    close_expect(l, range(4000, 9000), 2, 97);
    cr_assert(ledger_covered(l, O1, 4096));
    cr_assert_not(ledger_covered(l, O1, 4097));
    hear(l, 0, O2, 9);
    cr_assert_eq(ledger_close(l, O2, 5, 9, NULL), 0); /* no window is left */
    cr_assert_not(ledger_covered(l, O2, 5));
    close_expect(l, range(1, 3999), 2, 3999);
    cr_assert_eq(view(l, O1).applied, 4096);
    cr_assert_neq(ledger_close(l, O2, 5, 9, NULL), 0); /* it went back */
    drop(l);
}

Test(gap, closing_a_range_of_any_length_is_exact, .timeout = 5)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    for (uint64_t i = 1; i <= 10000; i++) {
        const uint64_t head = i * 1000000000;
        hear(l, 0, O1, head);
        arrive(l, O1, head - 999999990, DOT_KEY); /* the tenth of the range */
        close_expect(l, range(1, head - 5), 2 * i, 999999994);
        cr_assert_eq(view(l, O1).applied, head - 5);
        close_expect(l, range(head - 4, head), 2 * i, 5);
        cr_assert_eq(ledger_gaps(l), 0);
    }
    drop(l);
}

Test(gap, the_last_sequences_there_are_do_not_wrap)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 0, O1, UINT64_MAX);
    close_expect(l, range(1, UINT64_MAX - 10), 2, UINT64_MAX - 10);
    cr_assert_eq(arrive(l, O1, UINT64_MAX, DOT_TAG).effect_i, 2);
    cr_assert_eq(gap_at(l, 0).hi, UINT64_MAX - 1);
    struct dot_range runs[2];
    cr_assert_eq(ledger_missing(l, (struct dot_range){O1, 0, UINT64_MAX}, runs, 2), 1);
    cr_assert_eq(runs[0].hi, UINT64_MAX - 1);
    close_expect(l, range(5, UINT64_MAX), 2, 9);
    cr_assert_eq(view(l, O1).applied, UINT64_MAX);
    cr_assert_eq(ledger_gaps(l), 0);
    cr_assert_eq(arrive(l, O1, UINT64_MAX, DOT_KEY).verdict, LEDGER_DUPLICATE);
    cr_assert_eq(ledger_missing(l, (struct dot_range){O1, 0, UINT64_MAX}, runs, 2), 0);
    close_expect(l, range(0, UINT64_MAX), 0, 0);
    drop(l);
}

Test(window, ends_4096_past_applied)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    cr_assert_eq(ledger_adopt(l, O1, 100), OK);
    cr_assert_eq(arrive(l, O1, 100 + 4095, DOT_KEY).verdict, LEDGER_FRESH);
    cr_assert_eq(arrive(l, O1, 100 + 4096, DOT_KEY).verdict, LEDGER_FRESH);
    cr_assert_eq(arrive(l, O1, 100 + 4097, DOT_KEY).verdict, LEDGER_BEYOND);
    cr_assert(ledger_covered(l, O1, 100 + 4095));
    cr_assert(ledger_covered(l, O1, 100 + 4096));
    cr_assert_not(ledger_covered(l, O1, 100 + 4097));
    arrive(l, O1, 101, DOT_KEY);
    cr_assert_eq(arrive(l, O1, 100 + 4097, DOT_KEY).verdict, LEDGER_FRESH);
    drop(l);
}

Test(window, beyond_it_a_dot_takes_effect_and_is_heard_but_not_covered)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    const struct ledger_effect strict = arrive(l, O1, 5000, DOT_KEY);
    cr_assert_eq(strict.verdict, LEDGER_BEYOND);
    cr_assert_eq(strict.effect_i, 3);
    cr_assert_eq(arrive(l, O1, 5000, DOT_TAG).effect_i, 2);
    cr_assert_eq(view(l, O1).head, 5000);
    cr_assert_eq(gap_at(l, 0).hi, 5000);
    cr_assert_not(ledger_log_find(l, O1, 5000, &(struct dot){0}));
    cr_assert_eq(ledger_counters(l).beyond, 2);
    cr_assert_eq(ledger_counters(l).applied, 0);
    drop(l);
}

Test(window, a_full_circle_collapses_into_applied)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    for (uint64_t seq = LEDGER_WINDOW; seq > 1; seq--)
        cr_assert_eq(arrive(l, O1, seq, DOT_KEY).verdict, LEDGER_FRESH);
    cr_assert_eq(view(l, O1).applied, 0);
    cr_assert_eq(gap_at(l, 0).hi, 1);
    arrive(l, O1, 1, DOT_KEY);
    cr_assert_eq(view(l, O1).applied, LEDGER_WINDOW);
    cr_assert_eq(ledger_gaps(l), 0);
    drop(l);
}

Test(window, without_one_left_only_dots_in_order_are_covered)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.windows_max = 1;
    struct ledger *l = make(&cfg);
    cr_assert_eq(arrive(l, O1, 2, DOT_KEY).verdict, LEDGER_FRESH);
    cr_assert_eq(arrive(l, O2, 2, DOT_KEY).verdict, LEDGER_BEYOND);
    cr_assert_eq(view(l, O2).head, 2); /* the head is heard nevertheless */
    cr_assert_eq(gap_at(l, 1).hi, 2);
    cr_assert_eq(arrive(l, O2, 1, DOT_KEY).verdict, LEDGER_FRESH);
    cr_assert_eq(arrive(l, O2, 2, DOT_KEY).verdict, LEDGER_FRESH);
    cr_assert_eq(arrive(l, O1, 1, DOT_KEY).verdict, LEDGER_FRESH); /* gives the window back */
    cr_assert_eq(arrive(l, O2, 4, DOT_KEY).verdict, LEDGER_FRESH);
    cr_assert_eq(arrive(l, O1, 4, DOT_KEY).verdict, LEDGER_BEYOND);
    drop(l);
}

Test(window, lost_between_take_and_cover_leaves_the_dot_uncovered)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.windows_max = 1;
    struct ledger *l = make(&cfg);
    const struct dot late = dot_of(O1, 3, DOT_KEY);
    cr_assert_eq(ledger_take(l, 0, &late).verdict, LEDGER_FRESH);
    arrive(l, O1, 1, DOT_KEY); /* contiguous for a moment */
    cr_assert_eq(arrive(l, O2, 2, DOT_KEY).verdict, LEDGER_FRESH);
    ledger_cover(l, &late);
    cr_assert_not(ledger_covered(l, O1, 3));
    cr_assert_not(ledger_log_find(l, O1, 3, &(struct dot){0}));
    cr_assert_eq(ledger_counters(l).beyond, 1);
    cr_assert_eq(gap_at(l, 0).hi, 3);
    drop(l);
}

Test(window, none_at_all_is_a_configuration)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.windows_max = 0;
    struct ledger *l = make(&cfg);
    cr_assert_eq(arrive(l, O1, 2, DOT_KEY).verdict, LEDGER_BEYOND);
    cr_assert_eq(arrive(l, O1, 1, DOT_KEY).verdict, LEDGER_FRESH);
    cr_assert_eq(arrive(l, O1, 2, DOT_KEY).verdict, LEDGER_FRESH);
    drop(l);
}
