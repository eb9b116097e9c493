/* Healing without content: which buckets did it touch? */
#include <criterion/criterion.h>

#include "alone.h"

#define DEAD 0xDEADULL

static struct ledger_touched touched;

static struct dot_range range(uint64_t epoch, uint64_t lo, uint64_t hi)
{
    return (struct dot_range){.epoch = epoch, .lo = lo, .hi = hi};
}

/** A dot of its own bucket among 2^12. */
static void arrive_in(struct alone *a, uint64_t epoch, uint64_t seq, uint64_t bucket)
{
    const struct dot d = {.epoch = epoch, .seq = seq, .kind = DOT_KEY, .hash = bucket << 52};
    cr_assert_eq(ledger_take(a->ledger, 0, &d).verdict, LEDGER_FRESH);
    ledger_cover(a->ledger, &d);
}

static bool is_set(uint64_t bucket)
{
    cr_assert_eq(touched.bucket_bits, 12);
    return (touched.bits[bucket / 8] >> bucket % 8 & 1) != 0;
}

/** Does a stream to `to` come out? Pulls and questions are of no interest. */
static bool streams_to(struct alone *a, mono_us now, uint64_t to)
{
    struct heal_out out;
    bool found = false;
    while (next(a, now, &out))
        found = found || (out.kind == HEAL_STREAM && out.to == to);
    return found;
}

Test(touched, a_range_that_was_covered_here_is_answered_by_its_buckets)
{
    struct alone a = alone_make(1);
    for (uint64_t seq = 1; seq <= 5; seq++)
        arrive_in(&a, 500, seq, 100 + seq);
    struct peer_ranges gone = {.at = {range(500, 2, 5)}, .n = 1};
    struct peer_ranges ranges;
    cr_assert(heal_touched(a.heal, &gone, &ranges, &touched));
    cr_assert_eq(gone.n, 0);
    cr_assert_eq(ranges.n, 1);
    cr_assert_eq(ranges.at[0].lo, 2);
    cr_assert_eq(ranges.at[0].hi, 5);
    cr_assert_not(touched.everything);
    for (uint64_t seq = 2; seq <= 5; seq++)
        cr_assert(is_set(100 + seq));
    cr_assert_not(is_set(99));
    cr_assert_eq(heal_counters(a.heal).touched_served, 1);
    alone_drop(&a);
}

Test(touched, several_ranges_share_one_bitmap_and_unknown_ones_stay_gone)
{
    struct alone a = alone_make(1);
    arrive_in(&a, 500, 1, 1);
    arrive_in(&a, 501, 1, 2);
    arrive_in(&a, 501, 3, 3);
    struct peer_ranges gone = {.at = {range(777, 1, 4), range(500, 1, 1), range(501, 2, 3),
                                      range(501, 3, 3), range(501, 1, 1)},
                               .n = 5};
    struct peer_ranges ranges;
    cr_assert(heal_touched(a.heal, &gone, &ranges, &touched));
    cr_assert_eq(gone.n, 2);
    cr_assert_eq(gone.at[0].epoch, 777);
    cr_assert_eq(gone.at[1].lo, 2, "its front is missing here");
    cr_assert_eq(gone.at[1].hi, 3);
    cr_assert_eq(ranges.n, 3);
    cr_assert(is_set(1));
    cr_assert(is_set(2));
    cr_assert(is_set(3));
    cr_assert_eq(heal_counters(a.heal).touched_served, 3);
    alone_drop(&a);
}

Test(touched, the_front_of_a_range_is_answered_when_its_end_is_missing)
{
    struct alone a = alone_make(1);
    arrive_in(&a, 500, 1, 1);
    arrive_in(&a, 500, 2, 2);
    arrive_in(&a, 500, 4, 4);
    struct peer_ranges gone = {.at = {range(500, 1, 9)}, .n = 1};
    struct peer_ranges ranges;
    cr_assert(heal_touched(a.heal, &gone, &ranges, &touched));
    cr_assert_eq(ranges.at[0].hi, 2);
    cr_assert_eq(gone.n, 1);
    cr_assert_eq(gone.at[0].lo, 3);
    cr_assert_eq(gone.at[0].hi, 9);
    gone = (struct peer_ranges){.at = {range(500, 4, 9)}, .n = 1};
    cr_assert(heal_touched(a.heal, &gone, &ranges, &touched));
    cr_assert_eq(ranges.at[0].hi, 4, "past the head nothing is covered");
    cr_assert_eq(gone.at[0].lo, 5);
    alone_drop(&a);
}

Test(touched, nothing_moves_when_nothing_is_covered)
{
    struct alone a = alone_make(1);
    show_head(&a, 0, 1, 9);
    struct peer_ranges gone = {.at = {range(ORIGIN(1), 1, 9), range(777, 1, 2)}, .n = 2};
    struct peer_ranges ranges;
    cr_assert_not(heal_touched(a.heal, &gone, &ranges, &touched));
    cr_assert_eq(gone.n, 2);
    cr_assert_eq(ranges.n, 0);
    cr_assert_eq(heal_counters(a.heal).touched_served, 0);
    alone_drop(&a);
}

Test(touched, more_than_nine_buckets_in_ten_are_everything)
{
    const uint64_t limit = 4096 * 9 / 10; /* 3,686.4 */
    struct alone a = alone_make(1);
    struct peer_ranges ranges;
    for (uint64_t i = 0; i <= limit + 1; i++) {
        arrive_in(&a, 500, i + 1, i);
        if (i + 1 < limit)
            continue;
        struct peer_ranges gone = {.at = {range(500, 1, 2)}, .n = 1};
        cr_assert(heal_touched(a.heal, &gone, &ranges, &touched));
        cr_assert_eq(touched.everything, i + 1 > limit, "%lu buckets", (unsigned long)i + 1);
    }
    alone_drop(&a);
}

Test(touched, closings_by_buckets_are_counted)
{
    struct alone a = alone_make(1);
    heal_closed_touched(a.heal, 7);
    heal_closed_touched(a.heal, 5);
    cr_assert_eq(heal_counters(a.heal).touched_closed, 12);
    alone_drop(&a);
}

/* ---- asking ---- */

Test(touched, the_origin_that_holds_no_more_is_asked_over_a_stream_once_a_second)
{
    struct alone a = alone_make(4);
    show_head(&a, 0, 1, 3);
    say_gone(&a, MS, 1, range(ORIGIN(1), 1, 3));
    cr_assert(streams_to(&a, MS, 1));
    for (mono_us now = 2 * MS; now < 1001 * MS; now += 10 * MS) {
        say_gone(&a, now, 1, range(ORIGIN(1), 1, 3));
        cr_assert_not(streams_to(&a, now, 1));
    }
    say_gone(&a, 1001 * MS, 1, range(ORIGIN(1), 1, 3));
    cr_assert(streams_to(&a, 1001 * MS, 1));
    alone_drop(&a);
}

Test(touched, who_showed_the_head_is_asked_over_a_stream)
{
    struct alone a = alone_make(4);
    show_cover(&a, 0, 3, DEAD, 3);
    say_gone(&a, MS, 3, range(DEAD, 1, 3));
    cr_assert(streams_to(&a, MS, 3));
    alone_drop(&a);
}

Test(touched, others_are_asked_over_a_stream_only_when_the_dots_had_time_to_reach_them)
{
    struct alone a = alone_make(4);
    show_cover(&a, 0, 3, DEAD, 3);
    heal_tick(a.heal, 5 * MS);
    say_gone(&a, 6 * MS, 2, range(DEAD, 1, 3));
    cr_assert_not(streams_to(&a, 6 * MS, 2));
    say_gone(&a, 105 * MS - 1, 2, range(DEAD, 1, 3));
    cr_assert_not(streams_to(&a, 105 * MS - 1, 2));
    say_gone(&a, 105 * MS, 2, range(DEAD, 1, 3));
    cr_assert(streams_to(&a, 105 * MS, 2));
    alone_drop(&a);
}

Test(touched, what_is_not_missing_here_opens_no_stream)
{
    struct alone a = alone_make(2);
    arrive(&a, 0, ORIGIN(1), 1);
    arrive(&a, 0, ORIGIN(1), 3);
    say_gone(&a, MS, 1, range(ORIGIN(1), 1, 1));
    say_gone(&a, MS, 1, range(DEAD, 1, 1));
    cr_assert_not(streams_to(&a, MS, 1));
    alone_drop(&a);
}
