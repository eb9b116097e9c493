#include <criterion/criterion.h>

#include "alone.h"

#define DEAD 0xDEADULL /* the origin of a member that is gone */

static struct dot_range range(uint64_t epoch, uint64_t lo, uint64_t hi)
{
    return (struct dot_range){.epoch = epoch, .lo = lo, .hi = hi};
}

Test(pull, a_gap_is_asked_for_when_its_grace_is_over)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    cr_assert_eq(heal_deadline(a.heal), NEVER);
    show_head(&a, 1 * MS, 1, 3);
    cr_assert_eq(heal_deadline(a.heal), 6 * MS);
    expect_none(&a, 6 * MS - 1);
    cr_assert(next(&a, 6 * MS, &out));
    cr_assert_eq(out.msg->args.ranges.n, 1);
    cr_assert_eq(out.msg->args.ranges.at[0].epoch, ORIGIN(1));
    cr_assert_eq(out.msg->args.ranges.at[0].lo, 1);
    cr_assert_eq(out.msg->args.ranges.at[0].hi, 3);
    expect_none(&a, 6 * MS);
    expect_none(&a, 16 * MS - 1);
    cr_assert_eq(next_pull(&a, 16 * MS), 1);
    cr_assert_eq(heal_counters(a.heal).pulls, 2);
    alone_drop(&a);
}

Test(pull, reordered_dots_within_the_grace_ask_nothing)
{
    struct alone a = alone_make(1);
    arrive(&a, 0, ORIGIN(1), 3);
    arrive(&a, 4 * MS, ORIGIN(1), 1);
    arrive(&a, 4 * MS, ORIGIN(1), 2);
    expect_none(&a, 5 * MS);
    cr_assert_eq(heal_deadline(a.heal), NEVER);
    alone_drop(&a);
}

Test(pull, asks_exactly_the_runs_that_are_missing_and_past_their_grace)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    arrive(&a, 0, ORIGIN(1), 3);
    arrive(&a, 0, ORIGIN(1), 5);
    arrive(&a, 4 * MS, ORIGIN(1), 9); /* 6..8 are younger */
    cr_assert(next(&a, 5 * MS, &out));
    cr_assert_eq(out.msg->args.ranges.n, 2);
    cr_assert_eq(out.msg->args.ranges.at[0].hi, 2);
    cr_assert_eq(out.msg->args.ranges.at[1].lo, 4);
    cr_assert_eq(out.msg->args.ranges.at[1].hi, 4);
    alone_drop(&a);
}

Test(pull, waits_two_round_trips_where_they_are_long)
{
    struct alone a = alone_make(1);
    heal_rtt(a.heal, 1, 40 * MS);
    show_head(&a, 0, 1, 3);
    next_pull(&a, 5 * MS);
    expect_none(&a, 85 * MS - 1);
    next_pull(&a, 85 * MS);
    alone_drop(&a);
}

Test(pull, asks_the_advertiser_then_the_origin_then_two_others)
{
    struct alone a = alone_make(6);
    show_cover(&a, 0, 2, ORIGIN(5), 10);
    mono_us now = 5 * MS;
    cr_assert_eq(next_pull(&a, now), 2);
    cr_assert_eq(next_pull(&a, now += 10 * MS), 5);
    const uint64_t third = next_pull(&a, now += 10 * MS);
    cr_assert_neq(third, 5);
    const uint64_t fourth = next_pull(&a, now += 10 * MS);
    cr_assert_neq(fourth, third);
    cr_assert_eq(next_pull(&a, now += 10 * MS), 2);
    alone_drop(&a);
}

Test(pull, an_unknown_advertiser_and_a_dead_origin_leave_the_others)
{
    struct alone a = alone_make(2);
    show_cover(&a, 0, 99, DEAD, 10);
    const uint64_t first = next_pull(&a, 5 * MS);
    cr_assert(first == 1 || first == 2);
    cr_assert_eq(next_pull(&a, 15 * MS), 3 - first);
    alone_drop(&a);
}

Test(pull, an_origin_that_showed_its_own_head_is_asked_once_in_a_turn)
{
    struct alone a = alone_make(3);
    show_head(&a, 0, 1, 3);
    cr_assert_eq(next_pull(&a, 5 * MS), 1);
    cr_assert_neq(next_pull(&a, 15 * MS), 1);
    alone_drop(&a);
}

Test(pull, work_that_is_done_makes_room_for_the_next_advertiser)
{
    struct alone a = alone_make(16);
    for (uint64_t i = 0; i < 300; i++) {
        show_cover(&a, 0, 1 + i % 16, 5000 + i, 1);
        arrive(&a, 0, 5000 + i, 1);
    }
    show_cover(&a, 0, 3, 6000, 1);
    cr_assert_eq(next_pull(&a, 5 * MS), 3);
    alone_drop(&a);
}

Test(pull, a_wait_ends_with_the_first_that_comes)
{
    struct alone a = alone_make(4);
    const struct dot d = {.epoch = ORIGIN(3), .seq = 1, .kind = DOT_KEY};
    show_cover(&a, 0, 2, ORIGIN(3), 10);
    cr_assert_eq(next_pull(&a, 5 * MS), 2);
    cr_assert_eq(heal_waits(a.heal).sum_us, 0);
    arrive(&a, 8 * MS, ORIGIN(3), 1);
    heal_pulled(a.heal, 8 * MS, &d, false);
    heal_pulled(a.heal, 9 * MS, &d, false);
    const struct spans waits = heal_waits(a.heal);
    cr_assert_eq(spans_count(&waits), 1);
    cr_assert_eq(waits.sum_us, 3 * MS);
    alone_drop(&a);
}

Test(pull, stays_with_a_source_that_gives)
{
    struct alone a = alone_make(4);
    show_cover(&a, 0, 2, ORIGIN(3), 10);
    const struct dot d = {.epoch = ORIGIN(3), .seq = 1, .kind = DOT_KEY};
    cr_assert_eq(next_pull(&a, 5 * MS), 2);
    arrive(&a, 6 * MS, ORIGIN(3), 1);
    heal_pulled(a.heal, 6 * MS, &d, false);
    cr_assert_eq(next_pull(&a, 15 * MS), 2);
    cr_assert_eq(next_pull(&a, 25 * MS), 3);
    cr_assert_eq(heal_counters(a.heal).pulled, 1);
    alone_drop(&a);
}

Test(pull, without_peers_nothing_is_asked_and_t_gap_closes)
{
    struct alone a = alone_make(0);
    arrive(&a, 0, DEAD, 5);
    expect_none(&a, 5 * MS);
    expect_none(&a, 2 * US_PER_SEC - 1);
    expect_close(&a, 2 * US_PER_SEC, range(DEAD, 1, 4), HEAL_T_GAP);
    expect_none(&a, 2 * US_PER_SEC);
    alone_drop(&a);
}

Test(pull, a_peer_that_goes_down_is_not_asked)
{
    struct alone a = alone_make(2);
    show_head(&a, 0, 1, 3);
    heal_tick(a.heal, 5 * MS);
    heal_peer_down(a.heal, 1);
    expect_none(&a, 5 * MS);
    cr_assert_eq(next_pull(&a, 15 * MS), 2);
    alone_drop(&a);
}

Test(pull, gaps_of_several_origins_with_one_source_share_a_message)
{
    struct alone a = alone_make(2);
    struct heal_out out;
    show_cover(&a, 0, 1, 501, 10);
    show_cover(&a, 0, 2, 502, 10);
    show_cover(&a, 0, 1, 503, 10);
    cr_assert(next(&a, 5 * MS, &out));
    cr_assert_eq(out.to, 1);
    cr_assert_eq(out.msg->args.ranges.n, 2);
    cr_assert_eq(out.msg->args.ranges.at[1].epoch, 503);
    cr_assert(next(&a, 5 * MS, &out));
    cr_assert_eq(out.to, 2);
    expect_none(&a, 5 * MS);
    alone_drop(&a);
}

Test(pull, more_runs_than_a_message_holds_go_on_in_a_few_more)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    for (uint64_t seq = 2; seq <= 400; seq += 2) /* 200 runs of one */
        arrive(&a, 0, ORIGIN(1), seq);
    uint64_t lo = 1;
    for (int i = 0; i < 4; i++) {
        cr_assert(next(&a, 5 * MS, &out));
        cr_assert_eq(out.msg->args.ranges.n, PEER_RANGES_MAX);
        cr_assert_eq(out.msg->args.ranges.at[0].lo, lo);
        lo += 2ULL * PEER_RANGES_MAX;
    }
    expect_none(&a, 5 * MS);
    cr_assert(next(&a, 15 * MS, &out));
    cr_assert_eq(out.msg->args.ranges.at[0].lo, 1, "from the front again");
    alone_drop(&a);
}

Test(pull, a_long_gap_asks_for_one_stream_and_goes_on_by_datagram)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    show_head(&a, 0, 1, 5000);
    cr_assert_eq(next_pull(&a, 5 * MS), 1);
    cr_assert(next(&a, 5 * MS, &out));
    cr_assert_eq(out.kind, HEAL_STREAM);
    cr_assert_eq(out.to, 1);
    cr_assert_eq(out.range.lo, 1);
    cr_assert_eq(out.range.hi, 5000);
    for (mono_us now = 15 * MS; now < 1005 * MS; now += 10 * MS) {
        cr_assert_eq(next_pull(&a, now), 1);
        expect_none(&a, now);
    }
    next_pull(&a, 1005 * MS);
    cr_assert(next(&a, 1005 * MS, &out));
    cr_assert_eq(out.kind, HEAL_STREAM, "a second one when nothing came of the first");
    alone_drop(&a);
}

Test(pull, a_stream_that_did_its_work_does_not_stand_in_the_way_of_the_next)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    show_head(&a, 0, 1, 1000);
    next_pull(&a, 5 * MS);
    cr_assert(next(&a, 5 * MS, &out));
    cr_assert_eq(out.kind, HEAL_STREAM);
    for (uint64_t seq = 1; seq <= 1000; seq++)
        arrive(&a, 6 * MS, ORIGIN(1), seq);
    heal_tick(a.heal, 20 * MS);
    show_cover(&a, 20 * MS, 1, 555, 1);
    next_pull(&a, 25 * MS); /* a round that sees the first gap closed */
    show_head(&a, 30 * MS, 1, 2000);
    cr_assert_eq(next_pull(&a, 35 * MS), 1);
    cr_assert(next(&a, 35 * MS, &out));
    cr_assert_eq(out.kind, HEAL_STREAM);
    alone_drop(&a);
}

Test(pull, a_short_gap_needs_no_stream)
{
    struct alone a = alone_make(1);
    show_head(&a, 0, 1, 240);
    next_pull(&a, 5 * MS);
    expect_none(&a, 5 * MS);
    alone_drop(&a);
}

/* ---- giving up ---- */

/** The next closing within a second is this one, for want of a holder; carry it out. */
static mono_us expect_lost(struct alone *a, mono_us from, struct dot_range range)
{
    struct heal_out out;
    const mono_us at = next_close(a, from, from + US_PER_SEC, &out);
    cr_assert_neq(at, NEVER);
    cr_assert_eq(out.reason, HEAL_LOST);
    cr_assert_eq(out.range.epoch, range.epoch);
    cr_assert_eq(out.range.lo, range.lo);
    cr_assert_eq(out.range.hi, range.hi);
    ledger_close(a->ledger, range.epoch, range.lo, range.hi, NULL);
    return at;
}

static void expect_no_close(struct alone *a, mono_us from)
{
    struct heal_out out;
    cr_assert_eq(next_close(a, from, from + US_PER_SEC, &out), NEVER);
}

Test(give_up, the_origin_and_one_other_close_nothing)
{
    struct alone a = alone_make(5);
    show_head(&a, 0, 1, 10);
    say_gone(&a, MS, 1, range(ORIGIN(1), 1, 10));
    say_gone(&a, MS, 1, range(ORIGIN(1), 1, 10));
    say_gone(&a, MS, 2, range(ORIGIN(1), 1, 10));
    expect_no_close(&a, MS);
    alone_drop(&a);
}

Test(give_up, the_origin_and_two_others_close_when_buckets_were_awaited)
{
    struct alone a = alone_make(5);
    show_head(&a, 0, 1, 10);
    say_gone(&a, MS, 1, range(ORIGIN(1), 1, 10));
    say_gone(&a, 2 * MS, 2, range(ORIGIN(1), 1, 10));
    say_gone(&a, 3 * MS, 3, range(ORIGIN(1), 1, 10));
    const mono_us at = expect_lost(&a, 3 * MS, range(ORIGIN(1), 1, 10));
    cr_assert_geq(at, 501 * MS);
    cr_assert_leq(at, 506 * MS, "in the next round");
    expect_no_close(&a, at + MS);
    cr_assert_eq(heal_counters(a.heal).broad_lost, 1);
    alone_drop(&a);
}

Test(give_up, a_vote_after_the_wait_closes_at_once)
{
    struct alone a = alone_make(2);
    struct heal_out out;
    show_cover(&a, 0, 1, DEAD, 10);
    say_gone(&a, MS, 1, range(DEAD, 1, 10));
    cr_assert_eq(next_close(&a, MS, 600 * MS, &out), NEVER);
    say_gone(&a, 600 * MS, 2, range(DEAD, 1, 10));
    cr_assert_eq(expect_lost(&a, 600 * MS, range(DEAD, 1, 10)), 600 * MS);
    alone_drop(&a);
}

Test(give_up, a_stream_that_had_its_time_is_not_awaited_again)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    show_head(&a, 0, 1, 5000); /* a stream at 5 ms, for its length */
    cr_assert_eq(next_close(&a, 0, 900 * MS, &out), NEVER);
    say_gone(&a, 900 * MS, 1, range(ORIGIN(1), 1, 5000));
    cr_assert_eq(expect_lost(&a, 900 * MS, range(ORIGIN(1), 1, 5000)), 1005 * MS,
                 "not half a second from the vote");
    alone_drop(&a);
}

Test(give_up, three_others_without_the_origin_close_nothing)
{
    struct alone a = alone_make(5);
    show_head(&a, 0, 1, 10);
    for (uint64_t id = 2; id <= 5; id++)
        say_gone(&a, MS, id, range(ORIGIN(1), 1, 10));
    expect_no_close(&a, MS);
    alone_drop(&a);
}

Test(give_up, all_peers_are_enough)
{
    struct alone a = alone_make(2);
    show_cover(&a, 0, 1, DEAD, 10);
    say_gone(&a, MS, 1, range(DEAD, 1, 10));
    say_gone(&a, MS, 99, range(DEAD, 1, 10));
    struct heal_out out;
    cr_assert_eq(next_close(&a, MS, 700 * MS, &out), NEVER);
    say_gone(&a, 700 * MS, 2, range(DEAD, 1, 10));
    expect_lost(&a, 700 * MS, range(DEAD, 1, 10));
    alone_drop(&a);
}

Test(give_up, votes_of_peers_that_all_went_away_close_nothing)
{
    struct alone a = alone_make(2);
    show_cover(&a, 0, 1, DEAD, 10);
    say_gone(&a, MS, 1, range(DEAD, 1, 10));
    heal_peer_down(a.heal, 1);
    heal_peer_down(a.heal, 2);
    expect_no_close(&a, MS);
    alone_drop(&a);
}

Test(give_up, only_the_part_on_which_they_agree_is_closed)
{
    struct alone a = alone_make(2);
    show_cover(&a, 0, 1, DEAD, 10);
    say_gone(&a, MS, 1, range(DEAD, 1, 8));
    say_gone(&a, MS, 2, range(DEAD, 3, 10));
    expect_lost(&a, MS, range(DEAD, 3, 8));
    cr_assert_not(ledger_covered(a.ledger, DEAD, 2));
    cr_assert_not(ledger_covered(a.ledger, DEAD, 9));
    alone_drop(&a);
}

Test(give_up, the_part_is_the_same_in_whichever_order_they_answer)
{
    struct alone a = alone_make(2);
    show_cover(&a, 0, 1, DEAD, 10);
    say_gone(&a, MS, 1, range(DEAD, 3, 10));
    say_gone(&a, MS, 2, range(DEAD, 1, 8));
    expect_lost(&a, MS, range(DEAD, 3, 8));
    alone_drop(&a);
}

Test(pull, datagrams_ask_for_nothing_while_a_stream_gives)
{
    struct alone a = alone_make(4);
    show_cover(&a, 0, 2, ORIGIN(3), 10);
    const struct dot d = {.epoch = ORIGIN(3), .seq = 1, .kind = DOT_KEY};
    cr_assert_eq(next_pull(&a, 5 * MS), 2);
    arrive(&a, 6 * MS, ORIGIN(3), 1);
    heal_pulled(a.heal, 6 * MS, &d, true);
    expect_none(&a, 15 * MS);
    expect_none(&a, 56 * MS - 1);
    cr_assert_eq(next_pull(&a, 56 * MS), 2, "a stream that pauses does not stop healing");
    alone_drop(&a);
}

Test(give_up, a_source_that_lacks_the_rest_is_left_although_it_gave_some)
{
    struct alone a = alone_make(4);
    const struct dot d = {.epoch = ORIGIN(3), .seq = 1, .kind = DOT_KEY};
    show_cover(&a, 0, 2, ORIGIN(3), 10);
    cr_assert_eq(next_pull(&a, 5 * MS), 2);
    arrive(&a, 6 * MS, ORIGIN(3), 1);
    heal_pulled(a.heal, 6 * MS, &d, false);
    say_gone(&a, 6 * MS, 2, range(ORIGIN(3), 2, 10));
    struct heal_out out;
    cr_assert(next(&a, 6 * MS, &out));
    cr_assert_eq(out.kind, HEAL_STREAM, "for buckets");
    cr_assert_eq(next_pull(&a, 15 * MS), 3);
    alone_drop(&a);
}

Test(give_up, a_closing_that_is_not_carried_out_is_asked_for_again_later)
{
    struct alone a = alone_make(0);
    struct heal_out out;
    arrive(&a, 0, DEAD, 5);
    cr_assert(next(&a, 2 * US_PER_SEC, &out));
    expect_none(&a, 2 * US_PER_SEC);
    cr_assert_gt(heal_deadline(a.heal), 2 * US_PER_SEC + MS);
    expect_none(&a, 2 * US_PER_SEC + 9 * MS);
    expect_close(&a, 2 * US_PER_SEC + 10 * MS, range(DEAD, 1, 4), HEAL_T_GAP);
    alone_drop(&a);
}

Test(give_up, what_came_meanwhile_is_not_closed)
{
    struct alone a = alone_make(1);
    show_cover(&a, 0, 1, DEAD, 2);
    arrive(&a, MS, DEAD, 1);
    arrive(&a, MS, DEAD, 2);
    say_gone(&a, MS, 1, range(DEAD, 1, 2));
    say_gone(&a, MS, 1, range(0xABC, 1, 2)); /* nobody asked */
    expect_none(&a, MS);
    alone_drop(&a);
}

Test(give_up, votes_on_earlier_gaps_do_not_count_later)
{
    struct alone a = alone_make(2);
    show_cover(&a, 0, 1, DEAD, 2);
    heal_tick(a.heal, 5 * MS);
    say_gone(&a, 6 * MS, 1, range(DEAD, 1, 100)); /* more than was asked */
    arrive(&a, 7 * MS, DEAD, 1);
    arrive(&a, 7 * MS, DEAD, 2);
    show_cover(&a, 20 * MS, 1, DEAD, 4);
    heal_tick(a.heal, 25 * MS);
    say_gone(&a, 26 * MS, 2, range(DEAD, 3, 4));
    struct heal_out out;
    while (next(&a, 26 * MS, &out))
        cr_assert_neq(out.kind, HEAL_CLOSE);
    alone_drop(&a);
}

/* Twelve origins show a new head each 100 ms, each at its own moment, and no dot and no answer comes. */
Test(give_up, who_hears_heads_and_nothing_else_raises_barriers_four_times_a_second)
{
    struct alone a = alone_make(12);
    struct heal_out out;
    uint64_t turns = 0;
    mono_us last = 0;
    for (mono_us now = 0; now < 12 * US_PER_SEC; now += MS) {
        for (uint64_t id = 1; id <= 12; id++)
            if ((now + id * 17 * MS) % (100 * MS) == 0)
                show_head(&a, now, id, 1 + now / MS);
        while (next(&a, now, &out)) {
            if (out.kind != HEAL_CLOSE)
                continue;
            const struct dot_range r = out.range;
            cr_assert_gt(ledger_close(a.ledger, r.epoch, r.lo, r.hi, NULL), 0);
            turns += now != last;
            last = now;
        }
        if (now >= 2 * US_PER_SEC)
            cr_assert_gt(ledger_gap_oldest(a.ledger) + 2 * US_PER_SEC, now, "none is open longer");
    }
    cr_assert_leq(turns, (uint64_t)10 * 4, "%lu turns", (unsigned long)turns);
    alone_drop(&a);
}

Test(give_up, an_old_gap_is_closed_from_the_front)
{
    struct alone a = alone_make(1);
    struct heal_out out;
    arrive(&a, 0, ORIGIN(1), 3);         /* 1, 2 */
    arrive(&a, 500 * MS, ORIGIN(1), 6);  /* 4, 5 */
    arrive(&a, 1900 * MS, ORIGIN(1), 8); /* 7 */
    for (mono_us now = 0; now < 2 * US_PER_SEC; now += MS) {
        while (next(&a, now, &out))
            cr_assert_neq(out.kind, HEAL_CLOSE);
    }
    expect_close(&a, 2 * US_PER_SEC, range(ORIGIN(1), 1, 2), HEAL_T_GAP);
    cr_assert_eq(heal_counters(a.heal).broad_t_gap, 1);
    cr_assert_eq(ledger_gaps(a.ledger), 2);
    while (next(&a, 2 * US_PER_SEC, &out))
        ;
    cr_assert_leq(heal_deadline(a.heal), 2500 * MS);
    for (mono_us now = 2 * US_PER_SEC; now < 2500 * MS; now += MS) {
        while (next(&a, now, &out))
            cr_assert_neq(out.kind, HEAL_CLOSE);
    }
    expect_close(&a, 2500 * MS, range(ORIGIN(1), 4, 5), HEAL_T_GAP);
    alone_drop(&a);
}
