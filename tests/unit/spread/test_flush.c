#include <criterion/criterion.h>

#include "rig.h"

Test(flush, the_first_dot_on_an_idle_link_goes_at_once_with_its_name)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    issue(&r, 500, 1);
    cr_assert_eq(spread_deadline(r.s), 500);
    cr_assert(next(&r, 500, &sent));
    cr_assert_eq(sent.to, 1);
    cr_assert_eq(sent.n, 1);
    cr_assert_eq(sent.named_n, 1);
    cr_assert_eq(sent.first, 1);
    cr_assert_not(next(&r, 500, &sent));
    cr_assert_eq(spread_counters(r.s).dots_sent, 1);
    cr_assert_eq(spread_counters(r.s).flushes, 1);
    drop(&r);
}

Test(flush, dots_that_follow_wait_for_company)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    issue(&r, 0, 1);
    drain(&r, 0);
    issue(&r, 100, 2);
    cr_assert_not(next(&r, 100, &sent));
    issue(&r, 900, 3);
    cr_assert_not(next(&r, 999, &sent));
    cr_assert_eq(spread_deadline(r.s), MS);
    cr_assert(next(&r, MS, &sent));
    cr_assert_eq(sent.first, 2);
    cr_assert_eq(sent.last_of_first_run, 6);
    cr_assert_not(next(&r, MS, &sent));
    drop(&r);
}

Test(flush, a_short_round_trip_shortens_the_wait)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 1);
    spread_rtt(r.s, 1, 400);
    issue(&r, 0, 1);
    drain(&r, 0);
    issue(&r, 10, 1);
    cr_assert_eq(spread_deadline(r.s), 200);
    drain(&r, 200);
    spread_rtt(r.s, 1, 0); /* ignored */
    cr_assert_eq(view(&r, 1).srtt_us, 400);
    issue(&r, 401, 1);
    cr_assert_eq(spread_deadline(r.s), 401);
    drop(&r);
}

Test(flush, a_full_datagram_does_not_wait)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    issue(&r, 0, 1);
    drain(&r, 0);
    issue(&r, 1, 40); /* 17 bytes each */
    cr_assert_eq(spread_deadline(r.s), MS);
    issue(&r, 2, 20);
    cr_assert_eq(spread_deadline(r.s), 2);
    cr_assert(next(&r, 2, &sent));
    cr_assert_eq(sent.first, 2);
    cr_assert_gt(sent.len, (size_t)(ROOM - 20));
    cr_assert(next(&r, 2, &sent));
    cr_assert_eq(sent.last_of_first_run, 61);
    cr_assert_not(next(&r, 2, &sent));
    drop(&r);
}

Test(flush, repeats_up_to_three_of_the_newest_unacknowledged_dots)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    issue(&r, 0, 5);
    drain(&r, 0);
    cr_assert_eq(spread_counters(r.s).dots_trailing, 0);
    ack(&r, 500, 1, 2, 2); /* 1, 2 and 5: 3 and 4 are left */
    issue(&r, 1 * MS, 1);
    cr_assert(next(&r, 1 * MS, &sent));
    cr_assert_eq(sent.n, 3);
    cr_assert_eq(sent.first, 6);
    cr_assert_eq(sent.last, 4);
    cr_assert_eq(sent.named_n, 1, "only first transmissions carry names");
    cr_assert_eq(spread_counters(r.s).dots_trailing, 2);
    issue(&r, 2 * MS, 1);
    cr_assert(next(&r, 2 * MS, &sent));
    cr_assert_eq(sent.n, 4);
    cr_assert_eq(spread_counters(r.s).dots_trailing, 5);
    drop(&r);
}

Test(flush, skips_what_the_member_covered_meanwhile)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    issue(&r, 0, 3);
    ack(&r, 0, 1, 1, 1); /* 1 and 3, told by others */
    cr_assert(next(&r, 0, &sent));
    cr_assert_eq(sent.n, 1);
    cr_assert_eq(sent.first, 2);
    drain(&r, 0);
    issue(&r, 5 * MS, 1);
    ack(&r, 5 * MS, 1, 4, 0);
    cr_assert_eq(drain(&r, 5 * MS), 0);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    drop(&r);
}

Test(flush, serves_all_links_in_turn_and_never_exceeds_the_room)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct spread_out out;
    uint64_t order[6];
    link_up(&r, 3);
    issue(&r, 0, 30);
    for (size_t i = 0; i < 6; i++) {
        cr_assert(spread_poll(r.s, 0, 400, &out));
        cr_assert_leq(out.dots.len, (size_t)400);
        order[i] = out.to;
    }
    const uint64_t expected[6] = {1, 2, 3, 1, 2, 3};
    cr_assert_arr_eq(order, expected, sizeof(order));
    drop(&r);
}

Test(flush, a_room_too_small_for_a_record_takes_nothing)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct spread_out out;
    struct sent sent;
    link_up(&r, 1);
    issue(&r, 0, 1);
    cr_assert_not(spread_poll(r.s, 0, 10, &out));
    cr_assert(next(&r, 0, &sent));
    cr_assert_eq(sent.first, 1);
    drop(&r);
}

Test(flush, names_give_way_to_newer_ones_and_to_small_rooms)
{
    struct spread_cfg cfg = small_cfg();
    cfg.names_bytes = 10; /* three names of three bytes */
    struct rig r = make(&cfg);
    struct sent sent;
    struct spread_out out;
    link_up(&r, 1);
    issue(&r, 0, 5);
    cr_assert(next(&r, 0, &sent));
    cr_assert_eq(sent.n, 5);
    cr_assert_eq(sent.named_n, 3);
    issue(&r, 2 * MS, 1);
    cr_assert(spread_poll(r.s, 2 * MS, 30, &out), "18 bytes of block and 11 of dot");
    cr_assert_eq(out.dots.len, 29);
    drop(&r);
}

Test(flush, a_name_without_room_is_counted_and_the_dot_goes)
{
    struct spread_cfg cfg = small_cfg();
    cfg.names_bytes = 0;
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    issue(&r, 0, 2);
    cr_assert(next(&r, 0, &sent));
    cr_assert_eq(sent.n, 2);
    cr_assert_eq(sent.named_n, 0);
    cr_assert_eq(spread_counters(r.s).names_lost, 2);
    drop(&r);
}
