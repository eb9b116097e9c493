#include <criterion/criterion.h>

#include "wire/peer.h"

#include "rig.h"

static size_t piggyback(struct rig *r, uint64_t id, struct dots_writer *w)
{
    size_t n = 0;
    spread_piggyback(r->s, id, w);
    cr_assert_eq(dots_check(dots_slice(w), &n), OK);
    return n;
}

static size_t piggyback_alone(struct rig *r, uint64_t id)
{
    uint8_t buf[PEER_BODY_MAX];
    struct dots_writer w = dots_writer_of(buf, sizeof(buf));
    return piggyback(r, id, &w);
}

Test(hot, rides_four_times_and_not_unless_sent)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 2);
    issue(&r, 0, 2);
    cr_assert_eq(piggyback_alone(&r, 1), 0, "its flush is due anyway");
    drain(&r, 0);
    for (int i = 0; i < SPREAD_HOT_SENDS; i++)
        cr_assert_eq(piggyback_alone(&r, 1), 2);
    cr_assert_eq(piggyback_alone(&r, 1), 0);
    cr_assert_eq(piggyback_alone(&r, 2), 2);
    cr_assert_eq(spread_counters(r.s).dots_hot, 10);
    ack(&r, 0, 2, 1, 0);
    cr_assert_eq(piggyback_alone(&r, 2), 1);
    cr_assert_eq(piggyback_alone(&r, 99), 0);
    drop(&r);
}

Test(hot, takes_a_quarter_of_a_packet_at_most)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    uint8_t buf[PEER_BODY_MAX];
    link_up(&r, 1);
    issue(&r, 0, 60);
    drain(&r, 0);
    struct dots_writer w = dots_writer_of(buf, sizeof(buf));
    const size_t n = piggyback(&r, 1, &w);
    cr_assert_gt(n, (size_t)20);
    cr_assert_leq(w.w.len, (size_t)(PEER_BODY_MAX / 4));
    cr_assert_eq(w.w.cap, sizeof(buf));
    struct dots_writer small = dots_writer_of(buf, 60);
    cr_assert_eq(piggyback(&r, 1, &small), 3);
    drop(&r);
}

Test(hot, new_dots_ride_although_old_ones_rode_out)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    link_up(&r, 1);
    issue(&r, 0, 1);
    drain(&r, 0);
    for (int i = 0; i < SPREAD_HOT_SENDS; i++)
        piggyback_alone(&r, 1);
    issue(&r, MS, 64); /* the counter of dot 1 serves dot 65 now */
    drain(&r, MS);
    ack(&r, MS, 1, 64, 0);
    cr_assert_eq(piggyback_alone(&r, 1), 1);
    drop(&r);
}

Test(hot, what_was_issued_before_the_link_does_not_ride)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    issue(&r, 0, 5);
    cr_assert_eq(spread_link_up(r.s, 0, 1, 5), OK);
    issue(&r, 0, 1);
    drain(&r, 0);
    cr_assert_eq(piggyback_alone(&r, 1), 1);
    drop(&r);
}

Test(hot, never_to_a_link_that_is_behind)
{
    struct spread_cfg cfg = small_cfg();
    cfg.recent_max = 2;
    struct rig r = make(&cfg);
    link_up(&r, 1);
    issue(&r, 0, 2);
    drain(&r, 0);
    cr_assert_eq(piggyback_alone(&r, 1), 2);
    issue(&r, 0, 1);
    cr_assert(view(&r, 1).behind);
    cr_assert_eq(piggyback_alone(&r, 1), 0);
    drop(&r);
}
