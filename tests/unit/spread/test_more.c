/* Dots that carry more than their record's fields, and what happens at the limits. */
#include <criterion/criterion.h>
#include <string.h>

#include "rig.h"

static void issue_buckets(struct rig *r, mono_us now, uint8_t fill)
{
    uint8_t bits[DOT_BUCKETS_LEN];
    memset(bits, fill, sizeof(bits));
    const struct dot d = {
        .epoch = SELF, .seq = ++r->seq, .kind = DOT_BUCKETS, .more = slice_of(bits, sizeof(bits))};
    spread_issue(r->s, now, &d);
    memset(bits, 0, sizeof(bits));
}

/** Take one datagram. Returns: how many bitmaps, each full of `fill`, it holds; *n counts all dots. */
static size_t take_buckets(struct rig *r, mono_us now, size_t room, uint8_t fill, size_t *n)
{
    struct spread_out out;
    struct dot d;
    size_t buckets_n = 0;
    *n = 0;
    spread_tick(r->s, now);
    cr_assert(spread_poll(r->s, now, room, &out));
    struct dots_reader reader = dots_reader_of(out.dots);
    for (; dots_next(&reader, &d); (*n)++) {
        if (d.kind != DOT_BUCKETS)
            continue;
        cr_assert_eq(d.more.len, (size_t)DOT_BUCKETS_LEN);
        for (size_t i = 0; i < d.more.len; i++)
            cr_assert_eq(d.more.at[i], fill);
        buckets_n++;
    }
    cr_assert_eq(dots_end(&reader), OK);
    return buckets_n;
}

Test(more, is_copied)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    size_t n;
    link_up(&r, 1);
    issue_buckets(&r, 0, 0xA5);
    cr_assert_eq(take_buckets(&r, 0, ROOM, 0xA5, &n), 1);
    cr_assert_eq(take_buckets(&r, 10 * MS, ROOM, 0xA5, &n), 1, "and repeated");
    drop(&r);
}

Test(more, without_room_is_left_to_pulling_and_counted)
{
    struct spread_cfg cfg = small_cfg();
    cfg.names_bytes = 100;
    struct rig r = make(&cfg);
    struct sent sent;
    size_t n;
    link_up(&r, 1);
    issue_buckets(&r, 0, 0xA5);
    cr_assert(next(&r, 0, &sent));
    cr_assert_eq(sent.n, 0, "a bare head shows that there is something");
    cr_assert_eq(spread_counters(r.s).dots_left, 1);
    cr_assert_eq(spread_counters(r.s).heads, 1);
    issue(&r, 2 * MS, 1);
    cr_assert_eq(take_buckets(&r, 2 * MS, ROOM, 0, &n), 0);
    cr_assert_eq(n, 1);
    ack(&r, 3 * MS, 1, 0, 1); /* dot 2 came, dot 1 is being pulled */
    cr_assert(next(&r, 10 * MS, &sent));
    cr_assert_eq(sent.n, 0);
    ack(&r, 12 * MS, 1, 2, 0);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    drop(&r);
}

Test(more, that_newer_ones_overwrote_is_left_to_pulling)
{
    struct spread_cfg cfg = small_cfg();
    cfg.names_bytes = DOT_BUCKETS_LEN;
    struct rig r = make(&cfg);
    size_t n;
    link_up(&r, 1);
    issue_buckets(&r, 0, 1);
    issue_buckets(&r, 0, 2);
    cr_assert_eq(take_buckets(&r, 0, ROOM, 2, &n), 1, "the second, whole");
    cr_assert_eq(n, 1);
    cr_assert_eq(spread_counters(r.s).dots_left, 1);
    drop(&r);
}

Test(more, too_long_for_a_narrow_path_does_not_keep_others_waiting)
{
    const struct spread_cfg cfg = small_cfg();
    struct rig r = make(&cfg);
    struct spread_out out;
    size_t n;
    link_up(&r, 1);
    issue_buckets(&r, 0, 1);
    issue(&r, 0, 1);
    cr_assert_eq(take_buckets(&r, 0, 300, 1, &n), 0);
    cr_assert_eq(n, 1);
    cr_assert_not(spread_poll(r.s, 0, 300, &out));
    cr_assert_eq(spread_deadline(r.s), 10 * MS);
    drop(&r);
}

/** Can a member that hears all datagrams, and pulls up to the last head it heard, get everything? */
Test(more, nothing_is_lost_when_more_is_issued_than_the_ring_holds)
{
    struct spread_cfg cfg = small_cfg();
    cfg.recent_max = 8;
    struct rig r = make(&cfg);
    struct sent sent;
    link_up(&r, 1);
    mono_us now = 0;
    uint64_t healed = 0; /* all up to here came by pulling, or in order */
    for (; now < 2000 * MS; now += MS) {
        if (now < 1000 * MS)
            issue(&r, now, now % 7 == 0 ? 20 : 1);
        while (next(&r, now, &sent)) {
            if (sent.n == 0)
                healed = r.seq; /* the head shows what to pull */
            else if (sent.first <= healed + 1 && sent.last_of_first_run > healed)
                healed = sent.last_of_first_run;
        }
        if (now % 50 == 0)
            ack(&r, now, 1, healed, 0);
    }
    cr_assert_gt(spread_counters(r.s).behinds, 1);
    cr_assert_gt(spread_counters(r.s).heads, 1);
    cr_assert_eq(view(&r, 1).applied, r.seq);
    cr_assert_not(view(&r, 1).behind);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    drop(&r);
}
