#include <criterion/criterion.h>

#include "rig.h"

/** Let link 1 of a rig of one dot fall behind: seven RTOs of silence from time 0. */
static mono_us fall_behind(struct rig *r)
{
    mono_us now = 0;
    issue(r, now, 1);
    while (!view(r, 1).behind) {
        spread_tick(r->s, now);
        if (!view(r, 1).behind)
            drain(r, now);
        now = time_max(now, spread_deadline(r->s));
    }
    return now;
}

Test(retry, repeats_in_growing_numbers_of_copies_and_then_falls_behind)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    issue(&r, 0, 1);
    cr_assert_eq(drain(&r, 0), 1);
    const size_t copies[SPREAD_TRIES] = {2, 2, 3, 3, 3, 3};
    mono_us now = 0;
    for (size_t i = 0; i < SPREAD_TRIES; i++) {
        now += 10 * MS;
        cr_assert_eq(spread_deadline(r.s), now);
        cr_assert_eq(drain(&r, now - 1), 0);
        cr_assert_eq(drain_try(&r, now), copies[i], "try %zu", i);
    }
    cr_assert_not(view(&r, 1).behind);
    cr_assert_eq(spread_counters(r.s).dots_resent, 16);
    now += 10 * MS;
    cr_assert(next(&r, now, &sent));
    cr_assert(view(&r, 1).behind);
    cr_assert_eq(sent.n, 0, "a bare head");
    cr_assert_not(next(&r, now, &sent));
    cr_assert_eq(spread_counters(r.s).behinds, 1);
    drop(&r);
}

Test(retry, waits_two_round_trips_where_they_are_long)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 1);
    spread_rtt(r.s, 1, 30 * MS);
    issue(&r, 0, 1);
    drain(&r, 0);
    cr_assert_eq(spread_deadline(r.s), 60 * MS);
    cr_assert_eq(drain(&r, 60 * MS - 1), 0);
    cr_assert_eq(drain(&r, 60 * MS), 1);
    drop(&r);
}

Test(retry, a_link_that_is_behind_gets_heads_only_and_no_new_dots)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    mono_us now = fall_behind(&r);
    cr_assert_eq(drain(&r, now), 1);
    for (size_t i = 0; i < 5; i++) {
        issue(&r, now + 50 * MS, 1);
        cr_assert_eq(drain(&r, now + 50 * MS), 0);
        now += 100 * MS;
        cr_assert_eq(spread_deadline(r.s), now);
        cr_assert(next(&r, now, &sent));
        cr_assert_eq(sent.to, 1);
        cr_assert_eq(sent.n, 0);
        cr_assert_not(next(&r, now, &sent));
    }
    cr_assert_eq(spread_counters(r.s).heads, 6);
    cr_assert_eq(spread_counters(r.s).dots_sent, 1);
    drop(&r);
}

Test(retry, a_member_that_covered_the_head_is_pushed_to_again)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    mono_us now = fall_behind(&r);
    issue(&r, now, 4);
    drain(&r, now);
    now += MS;
    ack(&r, now, 1, 4, 0);
    cr_assert(view(&r, 1).behind);
    ack(&r, now, 1, 5, 0);
    cr_assert_not(view(&r, 1).behind);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    issue(&r, now, 1);
    cr_assert(next(&r, now, &sent));
    cr_assert_eq(sent.first, 6);
    cr_assert_eq(sent.n, 1);
    drop(&r);
}

Test(retry, steady_traffic_does_not_keep_a_healed_link_behind)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    mono_us now = fall_behind(&r);
    issue(&r, now, 4);
    drain(&r, now); /* the head that the member hears: 5 */
    issue(&r, now + MS, 2);
    ack(&r, now + MS, 1, 5, 0);
    cr_assert_not(view(&r, 1).behind);
    cr_assert(next(&r, now + MS, &sent));
    cr_assert_eq(sent.first, 6);
    cr_assert_eq(sent.last, 7);
    drop(&r);
}

Test(retry, an_acknowledgement_ends_it)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 2);
    issue(&r, 0, 3);
    drain(&r, 0);
    ack(&r, MS, 1, 3, 0);
    cr_assert_eq(spread_deadline(r.s), 10 * MS);
    ack(&r, MS, 2, 3, 0);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    cr_assert_eq(drain(&r, 10 * MS), 0);
    drop(&r);
}

Test(retry, repeats_only_what_the_mask_leaves_open)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    issue(&r, 0, 6);
    drain(&r, 0);
    ack(&r, MS, 1, 1, 1 | 4); /* 1, 3 and 5 */
    cr_assert(next(&r, 10 * MS, &sent));
    cr_assert_eq(sent.n, 3);
    cr_assert_eq(sent.first, 2);
    cr_assert_eq(sent.last, 6);
    cr_assert_eq(sent.named_n, 0);
    ack(&r, 11 * MS, 1, 3, 1 | 2); /* all, in two statements: 1..3, 5 and 6 */
    ack(&r, 11 * MS, 1, 1, 2);     /* 4, by an older one */
    cr_assert_eq(view(&r, 1).applied, 6);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    drop(&r);
}

Test(retry, progress_begins_the_tries_anew)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 1);
    issue(&r, 0, 2);
    drain(&r, 0);
    cr_assert_eq(drain_try(&r, 10 * MS), 2);
    cr_assert_eq(drain_try(&r, 20 * MS), 2);
    cr_assert_eq(drain_try(&r, 30 * MS), 3);
    ack(&r, 33 * MS, 1, 1, 0);
    cr_assert_eq(drain_try(&r, 40 * MS), 2);
    cr_assert_eq(drain_try(&r, 50 * MS), 2);
    cr_assert_eq(drain_try(&r, 60 * MS), 3);
    drop(&r);
}

Test(retry, a_statement_said_twice_is_no_progress)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 1);
    issue(&r, 0, 2);
    drain(&r, 0);
    ack(&r, MS, 1, 1, 0);
    drain_try(&r, 10 * MS);
    drain_try(&r, 20 * MS);
    ack(&r, 23 * MS, 1, 1, 0);
    cr_assert_eq(drain_try(&r, 30 * MS), 3);
    drop(&r);
}

Test(retry, new_dots_have_their_own_timer)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    issue(&r, 0, 1);
    drain(&r, 0);
    issue(&r, 6 * MS, 1);
    drain(&r, 6 * MS);
    cr_assert(next(&r, 10 * MS, &sent));
    cr_assert_eq(sent.n, 1);
    cr_assert_eq(sent.first, 1);
    cr_assert_eq(drain_try(&r, 10 * MS), 1);
    cr_assert_eq(spread_deadline(r.s), 16 * MS);
    cr_assert(next(&r, 16 * MS, &sent));
    cr_assert_eq(sent.n, 1);
    cr_assert_eq(sent.first, 2);
    drop(&r);
}

Test(retry, a_copy_that_arrived_saves_the_next_one)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 1);
    spread_rtt(r.s, 1, 500);
    issue(&r, 0, 1);
    drain(&r, 0);
    cr_assert_eq(drain(&r, 10 * MS), 1);
    cr_assert_eq(spread_deadline(r.s), 11 * MS + 250);
    ack(&r, 11 * MS, 1, 1, 0);
    cr_assert_eq(drain_try(&r, 11 * MS), 0);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    drop(&r);
}

Test(retry, a_long_flight_is_repeated_in_several_datagrams_and_copies)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    issue(&r, 0, 150); /* 11 bytes each without name: two datagrams */
    drain(&r, 0);
    cr_assert(next(&r, 10 * MS, &sent));
    const struct sent first = sent;
    cr_assert(next(&r, 10 * MS, &sent));
    cr_assert_eq(sent.first, first.last + 1);
    cr_assert_eq(sent.last, 150);
    cr_assert_not(next(&r, 10 * MS, &sent), "the second copy waits for an acknowledgement");
    const mono_us again = spread_deadline(r.s);
    cr_assert_eq(again, 10 * MS + 750);
    cr_assert(next(&r, again, &sent));
    cr_assert_eq(sent.first, first.first);
    cr_assert_eq(sent.last, first.last);
    ack(&r, again, 1, first.last, 0);
    cr_assert_eq(drain(&r, again), 1);
    cr_assert_eq(spread_deadline(r.s), 20 * MS);
    drop(&r);
}

Test(retry, a_rest_that_was_covered_between_two_datagrams_ends_the_try)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    issue(&r, 0, 60);
    drain(&r, 0);
    ack(&r, MS, 1, 20, 1);
    spread_tick(r.s, 10 * MS);
    struct spread_out out;
    cr_assert(spread_poll(r.s, 10 * MS, 100, &out)); /* 21, 23 and some more */
    ack(&r, 10 * MS, 1, 20, UINT64_MAX);             /* all but 21 */
    cr_assert_not(next(&r, 10 * MS, &sent));
    cr_assert_eq(spread_deadline(r.s), 20 * MS);
    cr_assert(next(&r, 20 * MS, &sent));
    cr_assert_eq(sent.first, 21);
    cr_assert_eq(sent.n, 1);
    drop(&r);
}

Test(retry, what_was_issued_before_the_link_is_not_repeated)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    issue(&r, 0, 5);
    cr_assert_eq(spread_link_up(r.s, 0, 1, 5), OK);
    cr_assert_eq(drain(&r, 0), 0);
    issue(&r, 0, 1);
    cr_assert(next(&r, 0, &sent));
    cr_assert_eq(sent.first, 6);
    cr_assert_eq(sent.n, 1);
    cr_assert(next(&r, 10 * MS, &sent));
    cr_assert_eq(sent.n, 1);
    ack(&r, 11 * MS, 1, 0, (uint64_t)1 << 4); /* 6, while 1..5 heal */
    cr_assert_eq(spread_deadline(r.s), NEVER);
    cr_assert_not(spread_all_covered(r.s, 5), "it did not cover what heals");
    drop(&r);
}

Test(retry, a_dot_that_leaves_the_ring_unacknowledged_makes_the_link_fall_behind_at_once)
{
    struct spread_cfg cfg = small_cfg();
    cfg.recent_max = 8;
    struct rig r = make(&cfg);
    link_up(&r, 2);
    issue(&r, 0, 8);
    drain(&r, 0);
    ack(&r, MS, 2, 1, 0);
    cr_assert_not(view(&r, 1).behind);
    issue(&r, 2 * MS, 1); /* dot 1 leaves: link 2 has it */
    cr_assert(view(&r, 1).behind);
    cr_assert_not(view(&r, 2).behind);
    issue(&r, 2 * MS, 1);
    cr_assert(view(&r, 2).behind);
    cr_assert_eq(spread_counters(r.s).behinds, 2);
    ack(&r, 2 * MS, 1, 9, 0);
    cr_assert_not(view(&r, 1).behind);
    cr_assert_eq(drain(&r, 2 * MS), 2, "dot 10 to one, a head to the other");
    drop(&r);
}

Test(retry, more_flights_than_a_link_remembers_are_joined_and_nothing_is_forgotten)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    spread_rtt(r.s, 1, 10 * MS); /* RTO 20 ms, a flight each 5 ms */
    bool seen[64] = {0};
    for (mono_us now = 0; now < 150 * MS; now += 5 * MS) {
        issue(&r, now, 1);
        while (next(&r, now, &sent))
            ;
        ack(&r, now, 1, 0, (uint64_t)1 << (r.seq % 2 == 0 ? r.seq - 2 : 62)); /* even ones */
    }
    for (mono_us now = 150 * MS; now < 175 * MS; now += MS) {
        struct spread_out out;
        while (spread_poll(r.s, now, ROOM, &out)) {
            struct dots_reader reader = dots_reader_of(out.dots);
            struct dot d;
            while (dots_next(&reader, &d))
                seen[d.seq] = true;
        }
    }
    for (uint64_t seq = 1; seq <= r.seq; seq++)
        cr_assert_eq(seen[seq], seq % 2 == 1, "dot %lu", (unsigned long)seq);
    drop(&r);
}

Test(retry, steady_traffic_does_not_keep_a_silent_link_alive)
{
    struct spread_cfg cfg = small_cfg();
    cfg.recent_max = 1024;
    struct rig r = make(&cfg);
    mono_us at = 0;
    link_up(&r, 1);
    spread_rtt(r.s, 1, 4 * MS); /* copies of a try leave as far apart as flights are joined */
    /* A dot each 200 us, as in a burst of invalidations: flights are joined all the time. */
    for (; at < 100 * MS && !view(&r, 1).behind; at += MS / 5) {
        issue(&r, at, 1);
        drain(&r, at);
    }
    cr_expect(view(&r, 1).behind, "six tries take less than 100 ms");
    cr_expect_lt(spread_counters(r.s).dots_resent, 8000,
                 "what nobody hears is not repeated again and again");
    drop(&r);
}
