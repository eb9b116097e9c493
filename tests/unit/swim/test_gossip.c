#include <criterion/criterion.h>
#include <stdio.h>

#include "world.h"

static struct peer_msg msg;

/* Three nodes that have told each other everything. */
static struct world *pair(uint64_t seed)
{
    struct world *w = world_new(&(struct world_cfg){.seed = seed, .nodes = 3});
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 5 * US_PER_SEC));
    world_run(w, 10 * US_PER_SEC);
    return w;
}

static size_t carried(struct world *w, uint32_t i, uint32_t to, size_t room)
{
    msg = (struct peer_msg){.type = PEER_GOSSIP};
    swim_header(world_at(w, i), &msg);
    swim_piggyback(world_at(w, i), world_from(w, to).id, &msg, room);
    return msg.records_n;
}

Test(gossip, a_quiet_cluster_carries_nothing)
{
    struct world *w = pair(1);
    cr_assert_eq(carried(w, 0, 1, 1144), 0);
    world_free(w);
}

/* Let node 0 have one rumour, and believe that node 1 sees the same view. */
static void make_news(struct world *w)
{
    swim_set_caps(world_at(w, 0), world_now(w), 1);
    const struct swim_from from = world_from(w, 1);
    msg = (struct peer_msg){.type = PEER_GOSSIP};
    swim_header(world_at(w, 1), &msg);
    msg.view_hash = swim_view_hash(world_at(w, 0));
    swim_recv(world_at(w, 0), world_now(w), &from, &msg);
}

Test(gossip, a_rumour_is_sent_eight_times_among_three)
{
    struct world *w = pair(1);
    make_news(w);
    for (int i = 0; i < 8; i++) {
        cr_assert_eq(carried(w, 0, 1, 1144), 1, "time %d", i);
        cr_assert_eq(msg.records[0].caps, 1);
    }
    cr_assert_eq(carried(w, 0, 1, 1144), 0);
    world_free(w);
}

Test(gossip, what_does_not_fit_is_not_counted_as_sent)
{
    struct world *w = pair(2);
    const size_t empty = peer_msg_len(&(struct peer_msg){.type = PEER_GOSSIP});
    make_news(w);
    for (int i = 0; i < 100; i++)
        cr_assert_eq(carried(w, 0, 1, empty + 10), 0);
    cr_assert_eq(carried(w, 0, 1, 1144), 1);
    world_free(w);
}

Test(gossip, a_packet_is_never_longer_than_its_room)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 3, .nodes = 60});
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC));
    for (size_t room = 100; room <= 1144; room += 7) {
        swim_set_caps(world_at(w, 0), world_now(w), (uint32_t)room);
        (void)carried(w, 0, 1, room);
        cr_assert(msg.records_n == 0 || peer_msg_len(&msg) <= room);
    }
    world_free(w);
}

Test(gossip, nobody_is_told_that_he_lives)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 3, .nodes = 5});
    world_start_all(w);
    world_run(w, 200 * US_PER_MS); /* in the middle of joining: many rumours */
    for (uint32_t to = 1; to < 5; to++) {
        (void)carried(w, 0, to, 1144);
        for (size_t i = 0; i < msg.records_n; i++) {
            char name[8];
            snprintf(name, sizeof name, "n%u", to);
            cr_assert_not(slice_eq(msg.records[i].name, slice_text(name)));
        }
    }
    world_free(w);
}

Test(gossip, a_peer_with_another_view_is_given_a_slice_of_the_table)
{
    struct world *w = pair(4);
    const struct swim_from from = world_from(w, 1);
    msg = (struct peer_msg){.type = PEER_GOSSIP};
    swim_header(world_at(w, 1), &msg);
    msg.view_hash ^= 1;
    world_inject(w, 0, &from, &msg);
    cr_assert_eq(carried(w, 0, 1, 1144), 2); /* all but the peer itself */
    cr_assert_eq(carried(w, 0, 2, 1144), 0);
    world_free(w);
}

Test(gossip, a_view_that_was_told_before_ours_changed_is_not_another)
{
    struct world *w = pair(4);
    const struct swim_from from = world_from(w, 1);
    swim_set_caps(world_at(w, 0), world_now(w), 1);
    while (carried(w, 0, 2, 1144) > 0) /* until the rumour is told */
        cr_assert_eq(msg.records_n, 1);
    cr_assert_eq(carried(w, 0, 1, 1144), 0, "it may have heard of the change by now");
    msg = (struct peer_msg){.type = PEER_GOSSIP};
    swim_header(world_at(w, 1), &msg);
    world_inject(w, 0, &from, &msg);
    cr_assert_eq(carried(w, 0, 1, 1144), 2, "it has not");
    world_free(w);
}

Test(gossip, a_digest_differs_exactly_where_members_do)
{
    struct world *w = pair(5);
    uint64_t a[STREAM_BUCKETS], b[STREAM_BUCKETS];
    swim_digest(world_at(w, 0), a);
    swim_digest(world_at(w, 1), b);
    cr_assert_arr_eq(a, b, sizeof a);
    swim_set_caps(world_at(w, 0), world_now(w), 3);
    swim_digest(world_at(w, 0), a);
    uint32_t differing = 0;
    uint8_t wanted[STREAM_BUCKETS / 8] = {0};
    for (size_t i = 0; i < STREAM_BUCKETS; i++) {
        if (a[i] != b[i]) {
            differing++;
            wanted[i / 8] |= (uint8_t)(1u << (i % 8));
        }
    }
    cr_assert_eq(differing, 1);
    struct peer_record records[4];
    struct swim_telling telling = {0};
    cr_assert_eq(swim_records(world_at(w, 0), wanted, records, 4, &telling), 1);
    cr_assert_eq(telling.at, 0);
    cr_assert(slice_eq(records[0].name, slice_text("n0")));
    world_free(w);
}

Test(gossip, records_come_in_portions_and_each_once)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 3, .nodes = 20});
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC));
    uint8_t all[STREAM_BUCKETS / 8];
    struct peer_record records[3];
    struct swim_telling telling = {0};
    size_t told = 0;
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = 0xFF;
    do {
        const size_t n = swim_records(world_at(w, 5), all, records, 3, &telling);
        cr_assert(n <= 3);
        told += n;
    } while (telling.at != 0);
    cr_assert_eq(told, 20);
    world_free(w);
}
