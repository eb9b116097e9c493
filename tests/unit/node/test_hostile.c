/** Bytes from strangers: counted, answered with silence, and nothing changes. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/rng.h"

#include "rig.h"

static const struct addr STRANGER = {.ip = {10, 9, 9, 9}, .ip_len = 4, .port = 999};

static const struct rig_cfg CFG = {.name = "a", .key = 1, .run = 1, .host = 1};

/* What a stranger must not be able to change. */
static void assert_unmoved(const struct node_view *before, const struct node_view *after)
{
    cr_assert_eq(after->members, before->members);
    cr_assert_eq(after->view_hash, before->view_hash);
    cr_assert_eq(after->vector_hash, before->vector_hash);
    cr_assert_eq(after->index, before->index);
    cr_assert_eq(after->origins, before->origins);
    cr_assert_eq(after->gaps, before->gaps);
}

static size_t joining(struct rig *r, uint8_t *bytes)
{
    struct node_out out;
    const struct addr seed = {.ip = {10, 0, 0, 1}, .ip_len = 4, .port = 6248};
    node_recv(r->node, r->now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &seed, .names_n = 1});
    node_tick(r->node, r->now);
    cr_assert(rig_take(r, NODE_OUT_DATAGRAM, &out));
    memcpy(bytes, out.bytes.at, out.bytes.len);
    return out.bytes.len;
}

/* Does a datagram of this sender get any answer out of a node of CFG? */
static bool is_answered(const struct rig_cfg *sender, struct node_view *after)
{
    uint8_t bytes[NODE_DATAGRAM_MAX];
    struct rig a;
    struct rig b;
    rig_init(&a, &CFG);
    rig_init(&b, sender);
    rig_drain(&a);
    const size_t len = joining(&b, bytes);
    const struct node_view before = rig_view(&a);
    rig_datagram(&a, &STRANGER, slice_of(bytes, len));
    struct node_out out;
    const bool answered = rig_take(&a, NODE_OUT_DATAGRAM, &out);
    *after = rig_view(&a);
    if (!answered)
        assert_unmoved(&before, after);
    rig_fini(&a);
    rig_fini(&b);
    return answered;
}

Test(hostile, a_join_with_our_key_and_cluster_is_answered)
{
    struct node_view after;
    const struct rig_cfg friend = {.name = "b", .key = 1, .run = 2, .host = 2, .seeded = true};
    cr_assert(is_answered(&friend, &after));
}

Test(hostile, another_key_is_met_with_silence_and_its_own_counter)
{
    struct node_view after;
    const struct rig_cfg other = {.name = "b", .key = 2, .run = 2, .host = 2, .seeded = true};
    cr_assert_not(is_answered(&other, &after));
    cr_assert_eq(after.node.dropped_key, 1);
}

Test(hostile, plain_packets_are_refused_by_a_node_with_a_keyring)
{
    struct node_view after;
    const struct rig_cfg plain = {.name = "b", .key = 0, .run = 2, .host = 2, .seeded = true};
    cr_assert_not(is_answered(&plain, &after));
    cr_assert_eq(after.node.dropped_plain, 1);
    cr_assert_eq(after.node.plain_taken, 0);
}

Test(hostile, another_cluster_is_met_with_silence_and_counted_unauthentic)
{
    struct node_view after;
    const struct rig_cfg other = {
        .name = "b", .cluster = "other", .key = 1, .run = 2, .host = 2, .seeded = true};
    cr_assert_not(is_answered(&other, &after));
    cr_assert_eq(after.node.dropped_unauthentic, 1);
}

Test(hostile, a_replayed_datagram_is_counted_and_changes_nothing)
{
    uint8_t bytes[NODE_DATAGRAM_MAX];
    struct rig a;
    struct rig b;
    rig_init(&a, &CFG);
    rig_init(&b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2, .seeded = true});
    const size_t len = joining(&b, bytes);
    rig_datagram(&a, &b.addr, slice_of(bytes, len));
    rig_drain(&a);
    const struct node_view before = rig_view(&a);
    for (int i = 0; i < 100; i++)
        rig_datagram(&a, &STRANGER, slice_of(bytes, len));
    const struct node_view after = rig_view(&a);
    assert_unmoved(&before, &after);
    cr_assert_eq(after.node.dropped_replay, before.node.dropped_replay + 100);
    cr_assert_eq(rig_drain(&a), 0, "silence");
    rig_fini(&a);
    rig_fini(&b);
}

Test(hostile, random_bytes_of_every_length_change_nothing)
{
    static uint8_t bytes[65536];
    struct rng rng;
    struct rig a;
    rng_init(&rng, 1);
    rig_init(&a, &CFG);
    rig_drain(&a);
    const struct node_view before = rig_view(&a);
    for (size_t len = 0; len < 2000; len++) {
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)rng_next(&rng);
        if (len > 3 && len % 2 == 0) /* half of them get past the magic */
            memcpy(bytes, "\x5C\x4A\x01\x00", 4);
        rig_datagram(&a, &STRANGER, slice_of(bytes, len));
    }
    rig_datagram(&a, &STRANGER, slice_of(bytes, sizeof bytes));
    const struct node_view after = rig_view(&a);
    assert_unmoved(&before, &after);
    cr_assert_eq(after.node.datagrams_in, 2001);
    cr_assert_eq(after.node.dropped_size, 2000 - NODE_DATAGRAM_IN_MAX - 1 + 1);
    cr_assert_eq(rig_drain(&a), 0, "silence");
    rig_fini(&a);
}

Test(hostile, a_datagram_of_exactly_the_limit_is_looked_at)
{
    static uint8_t bytes[NODE_DATAGRAM_IN_MAX + 1];
    struct rig a;
    rig_init(&a, &CFG);
    rig_datagram(&a, &STRANGER, slice_of(bytes, NODE_DATAGRAM_IN_MAX));
    cr_assert_eq(rig_view(&a).node.dropped_size, 0);
    rig_datagram(&a, &STRANGER, slice_of(bytes, NODE_DATAGRAM_IN_MAX + 1));
    cr_assert_eq(rig_view(&a).node.dropped_size, 1);
    rig_fini(&a);
}

Test(hostile, garbage_on_a_stream_closes_it)
{
    static const uint8_t garbage[200] = {0x5C, 0x4A, 1};
    struct rig a;
    struct node_out out;
    rig_init(&a, &CFG);
    const struct node_view before = rig_view(&a);
    const uint32_t conn = NODE_INBOUND | 1;
    node_recv(a.node, a.now,
              &(struct node_in){.kind = NODE_IN_STREAM_UP, .conn = conn, .from = STRANGER});
    node_recv(
        a.node, a.now,
        &(struct node_in){.kind = NODE_IN_STREAM, .conn = conn, .bytes = slice_of(garbage, 200)});
    cr_assert(rig_take(&a, NODE_OUT_HANGUP, &out));
    cr_assert_eq(out.conn, conn);
    const struct node_view after = rig_view(&a);
    assert_unmoved(&before, &after);
    rig_fini(&a);
}

Test(hostile, streams_beyond_the_limit_are_hung_up_and_silent_ones_time_out)
{
    struct rig a;
    struct node_out out;
    size_t hangups = 0;
    rig_init(&a, &CFG);
    for (uint32_t i = 1; i <= NODE_STREAMS_MAX + 5; i++)
        node_recv(a.node, a.now,
                  &(struct node_in){
                      .kind = NODE_IN_STREAM_UP, .conn = NODE_INBOUND | i, .from = STRANGER});
    while (rig_take(&a, NODE_OUT_HANGUP, &out))
        hangups++;
    cr_assert_eq(hangups, 5);
    a.now += 3 * US_PER_SEC;
    node_tick(a.node, a.now);
    while (rig_take(&a, NODE_OUT_HANGUP, &out))
        hangups++;
    cr_assert_eq(hangups, NODE_STREAMS_MAX + 5);
    rig_fini(&a);
}
