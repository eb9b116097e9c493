/* The origin's side of two hops: 40 members in 8 groups. */
#include <criterion/criterion.h>
#include <string.h>

#include "spread/group.h"

#include "rig.h"

#define MEMBERS 40
#define GROUPS  8
#define MANY    13 /* active origins: 13 * 13 > 4 * 40 */

static struct spread_cfg wide_cfg(void)
{
    struct spread_cfg cfg = small_cfg();
    cfg.links_max = 64;
    cfg.direct_max = 8;
    cfg.self_id = 1234567;
    return cfg;
}

/** What left for each member. */
struct outputs {
    uint32_t heads[MEMBERS + 1];
    uint32_t dots[MEMBERS + 1];
    uint32_t relayed[MEMBERS + 1]; /* of the dots, those that ask for relaying */
    uint32_t heads_n;
    uint32_t dots_n;
    uint32_t relayed_n;
};

static struct outputs take(struct rig *r, mono_us now)
{
    struct outputs all = {0};
    struct spread_out out;
    spread_tick(r->s, now);
    while (spread_poll(r->s, now, ROOM, &out)) {
        struct dots_reader reader = dots_reader_of(out.dots);
        struct dot d;
        all.heads[out.to] += out.dots.len == 0;
        all.heads_n += out.dots.len == 0;
        for (; dots_next(&reader, &d); all.dots_n++) {
            all.dots[out.to]++;
            all.relayed[out.to] += d.relay;
            all.relayed_n += d.relay;
        }
    }
    return all;
}

static struct rig busy(const struct spread_cfg *cfg)
{
    struct rig r = make(cfg);
    link_up(&r, MEMBERS);
    spread_active(r.s, MANY);
    return r;
}

static void ack_all(struct rig *r, mono_us now, uint64_t applied)
{
    for (uint64_t id = 1; id <= MEMBERS; id++)
        ack(r, now, id, applied, 0);
}

/** A member of the group of `of`, but not itself, for which `set` holds; 0 when there is none. */
static uint64_t in_group_of(const uint32_t *set, uint64_t of)
{
    for (uint64_t id = 1; id <= MEMBERS; id++) {
        if (id != of && set[id] > 0 && spread_group_of(id, GROUPS) == spread_group_of(of, GROUPS))
            return id;
    }
    return 0;
}

Test(two_hops, are_for_many_origins)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    spread_active(r.s, MANY - 1);
    issue(&r, 0, 1);
    struct outputs sent = take(&r, 0);
    cr_assert_eq(sent.dots_n, MEMBERS);
    cr_assert_eq(sent.relayed_n, 0);
    ack_all(&r, MS, 1);
    spread_active(r.s, MANY);
    issue(&r, 5 * MS, 1);
    sent = take(&r, 5 * MS);
    cr_assert_eq(sent.dots_n, GROUPS);
    cr_assert_eq(sent.relayed_n, GROUPS);
    cr_assert_eq(sent.heads_n, 0);
    cr_assert_eq(spread_counters(r.s).dots_two_hops, 1);
    drop(&r);
}

Test(two_hops, are_for_an_origin_that_issues_more_than_its_budget)
{
    struct spread_cfg cfg = wide_cfg();
    cfg.relay_budget = 40 * MEMBERS; /* four instants in 100 ms */
    struct rig r = make(&cfg);
    link_up(&r, MEMBERS);
    for (uint64_t i = 0; i < 4; i++)
        issue(&r, i * MS, 20);
    cr_assert_eq(spread_counters(r.s).dots_two_hops, 0);
    issue(&r, 5 * MS, 20);
    cr_assert_eq(spread_counters(r.s).dots_two_hops, 20);
    issue(&r, 500 * MS, 20);
    cr_assert_eq(spread_counters(r.s).dots_two_hops, 20, "one hop again");
    drop(&r);
}

Test(two_hops, never_in_a_small_cluster)
{
    struct spread_cfg cfg = wide_cfg();
    cfg.direct_max = 0; /* the default */
    struct rig r = busy(&cfg);
    spread_active(r.s, 1000000);
    issue(&r, 0, 1);
    cr_assert_eq(take(&r, 0).dots_n, MEMBERS);
    drop(&r);
}

Test(two_hops, take_one_relay_in_each_group)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    issue(&r, 0, 1);
    const struct outputs sent = take(&r, 0);
    for (uint64_t id = 1; id <= MEMBERS; id++) {
        cr_assert_leq(sent.dots[id], 1);
        if (sent.dots[id] == 1)
            cr_assert_eq(in_group_of(sent.dots, id), 0);
    }
    drop(&r);
}

Test(two_hops, keep_their_relays_for_64_flushes)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    struct outputs first = {0};
    uint32_t changes = 0;
    for (uint64_t i = 1; i <= 127; i++) {
        const mono_us now = i * 20 * MS;
        issue(&r, now, 1);
        const struct outputs sent = take(&r, now);
        ack_all(&r, now + MS, r.seq);
        changes += i > 1 && memcmp(sent.dots, first.dots, sizeof(sent.dots)) != 0;
        first = sent;
    }
    cr_assert_eq(changes, 1);
    drop(&r);
}

Test(two_hops, a_relay_that_covers_spares_the_backup)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    issue(&r, 0, 1);
    const struct outputs sent = take(&r, 0);
    for (uint64_t id = 1; id <= MEMBERS; id++) {
        if (sent.dots[id] > 0)
            ack(&r, MS, id, 1, 0);
    }
    cr_assert_eq(take(&r, 10 * MS).dots_n, 0);
    cr_assert_eq(spread_counters(r.s).backups_asked, 0);
    cr_assert_eq(spread_deadline(r.s), SPREAD_PATIENCE_US);
    drop(&r);
}

Test(two_hops, the_backup_is_asked_after_one_rto_without_the_relay)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    issue(&r, 0, 1);
    const struct outputs sent = take(&r, 0);
    const struct outputs again = take(&r, 10 * MS);
    cr_assert_eq(again.dots_n, 2 * GROUPS, "the relay once more, and the backup");
    cr_assert_eq(again.relayed_n, 2 * GROUPS);
    for (uint64_t id = 1; id <= MEMBERS; id++) {
        if (sent.dots[id] == 1)
            cr_assert_neq(in_group_of(again.dots, id), 0);
    }
    cr_assert_eq(spread_counters(r.s).backups_asked, GROUPS);
    drop(&r);
}

static void rtt_all(struct rig *r, uint64_t srtt_us)
{
    for (uint64_t id = 1; id <= MEMBERS; id++)
        spread_rtt(r->s, id, srtt_us);
}

Test(two_hops, a_relay_that_does_not_answer_is_asked_again_long_before_the_backup)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    rtt_all(&r, 500);
    issue(&r, 0, 1);
    cr_assert_eq(take(&r, 0).relayed_n, GROUPS);
    for (mono_us now = 1250; now < 10 * MS; now += 1250) { /* a round trip and 0.75 ms */
        cr_assert_eq(spread_deadline(r.s), now);
        const struct outputs sent = take(&r, now);
        cr_assert_eq(sent.dots_n, GROUPS);
        cr_assert_eq(sent.relayed_n, GROUPS);
    }
    cr_assert_eq(spread_counters(r.s).backups_asked, 0);
    cr_assert_eq(spread_deadline(r.s), 10 * MS);
    cr_assert_eq(take(&r, 10 * MS).relayed_n, 2 * GROUPS);
    cr_assert_eq(spread_counters(r.s).backups_asked, GROUPS);
    drop(&r);
}

Test(two_hops, a_relay_whose_round_trip_is_unknown_has_more_time_to_answer)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    issue(&r, 0, 1);
    take(&r, 0);
    cr_assert_eq(spread_deadline(r.s), 2500);
    drop(&r);
}

Test(two_hops, a_relay_far_away_is_not_asked_again_before_its_answer_can_be_here)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    rtt_all(&r, 20 * MS);
    issue(&r, 0, 1);
    take(&r, 0);
    cr_assert_eq(spread_deadline(r.s), 20750);
    cr_assert_eq(take(&r, 20750).relayed_n, GROUPS);
    cr_assert_eq(spread_deadline(r.s), 40 * MS, "the backup");
    drop(&r);
}

Test(two_hops, a_relay_that_answers_is_not_asked_again)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    rtt_all(&r, 500);
    issue(&r, 0, 1);
    const struct outputs sent = take(&r, 0);
    uint64_t silent = 1;
    while (sent.dots[silent] == 0)
        silent++;
    for (uint64_t id = silent + 1; id <= MEMBERS; id++)
        ack(&r, MS, id, 1, 0);
    const struct outputs again = take(&r, 1250);
    cr_assert_eq(again.dots_n, 1);
    cr_assert_eq(again.relayed[silent], 1);
    drop(&r);
}

Test(two_hops, a_backup_is_asked_again_as_soon_as_a_relay)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    rtt_all(&r, 500);
    issue(&r, 0, 1);
    const struct outputs sent = take(&r, 0);
    mono_us now = 0;
    for (; now < 10 * MS; now = spread_deadline(r.s))
        take(&r, now);
    take(&r, now);
    for (uint64_t id = 1; id <= MEMBERS; id++) {
        if (sent.dots[id] > 0)
            ack(&r, 11 * MS, id, 1, 0);
    }
    cr_assert_eq(take(&r, 11250).relayed_n, GROUPS);
    drop(&r);
}

Test(two_hops, the_backup_of_a_relay_that_left_is_asked)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    issue(&r, 0, 1);
    const struct outputs sent = take(&r, 0);
    uint64_t gone = 1;
    while (sent.dots[gone] == 0)
        gone++;
    for (uint64_t id = 1; id <= MEMBERS; id++) {
        if (sent.dots[id] > 0 && id != gone)
            ack(&r, MS, id, 1, 0);
    }
    spread_link_down(r.s, gone);
    const struct outputs again = take(&r, 10 * MS);
    cr_assert_eq(again.relayed_n, 1);
    cr_assert_neq(in_group_of(again.relayed, gone), 0);
    drop(&r);
}

Test(two_hops, whom_nobody_told_is_told_directly_when_patience_ends)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    issue(&r, 0, 1);
    take(&r, 0);
    for (uint64_t id = 1; id <= MEMBERS; id++) {
        if (id != 17)
            ack(&r, 9 * MS, id, 1, 0);
    }
    const bool asked = take(&r, 10 * MS).dots[17] > 0; /* it may be a relay itself */
    for (mono_us now = 11 * MS; now < SPREAD_PATIENCE_US; now += MS)
        cr_assert(asked || take(&r, now).dots_n == 0);
    const struct outputs late = take(&r, SPREAD_PATIENCE_US);
    cr_assert(asked || (late.dots[17] == 1 && late.relayed_n == 0));
    cr_assert_eq(late.dots_n, late.dots[17]);
    ack(&r, SPREAD_PATIENCE_US + MS, 17, 1, 0);
    cr_assert_eq(spread_deadline(r.s), NEVER);
    cr_assert(spread_all_covered(r.s, 1));
    drop(&r);
}

Test(two_hops, a_dead_cluster_falls_behind_and_nothing_is_forgotten)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    issue(&r, 0, 3);
    mono_us now = 0;
    for (; now < 200 * MS; now = spread_deadline(r.s))
        take(&r, now);
    for (uint64_t id = 1; id <= MEMBERS; id++)
        cr_assert(view(&r, id).behind);
    ack_all(&r, now, 3);
    issue(&r, now + MS, 1);
    cr_assert_eq(take(&r, now + MS).relayed_n, GROUPS, "all are pushed to again");
    drop(&r);
}

Test(two_hops, a_member_that_is_behind_does_not_relay)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    issue(&r, 0, 1);
    const struct outputs sent = take(&r, 0);
    uint64_t dead = 1;
    while (sent.dots[dead] == 0)
        dead++;
    mono_us now = 0;
    for (; !view(&r, dead).behind; now = spread_deadline(r.s)) {
        take(&r, now);
        for (uint64_t id = 1; id <= MEMBERS; id++) {
            if (id != dead)
                ack(&r, now, id, 1, 0);
        }
    }
    issue(&r, now + MS, 1);
    const struct outputs next_sent = take(&r, now + MS);
    cr_assert_eq(next_sent.relayed_n, GROUPS);
    cr_assert_eq(next_sent.relayed[dead], 0);
    drop(&r);
}

Test(two_hops, repeats_to_a_relay_ask_again)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    issue(&r, 0, 1);
    take(&r, 0);
    issue(&r, 2 * MS, 1);
    const struct outputs trailing = take(&r, 2 * MS);
    cr_assert_eq(trailing.dots_n, 2 * GROUPS);
    cr_assert_eq(trailing.relayed_n, 2 * GROUPS);
    drop(&r);
}

Test(two_hops, names_travel_with_the_first_transmission_only)
{
    const struct spread_cfg cfg = wide_cfg();
    struct rig r = busy(&cfg);
    struct sent sent;
    issue(&r, 0, 1);
    while (next(&r, 0, &sent))
        cr_assert_eq(sent.named_n, sent.n);
    drop(&r);
}
