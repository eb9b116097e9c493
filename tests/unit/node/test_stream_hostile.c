/** Streams of somebody with the key: what closes them, and what they can not change. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"

#include "forge.h"

static const uint8_t last_type = STREAM_DONE;

/** A node that has nobody, and a forger connected to it. */
struct stand {
    struct rig rig;
    struct node_view before;
    struct forge *f;
};

static void set_up(struct stand *t)
{
    rig_init(&t->rig, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1});
    rig_issue(&t->rig, DOT_KEY, "k");
    rig_drain(&t->rig);
    t->before = rig_view(&t->rig);
    t->f = forge_new(&t->rig, "c");
}

static void tear_down(struct stand *t)
{
    forge_free(t->f);
    rig_fini(&t->rig);
}

static void assert_closed_and_unmoved(const struct stand *t)
{
    const struct node_view after = rig_view(&t->rig);
    cr_assert(t->f->hung_up);
    cr_assert_eq(after.node.streams_failed, t->before.node.streams_failed + 1);
    cr_assert_eq(after.members, t->before.members);
    cr_assert_eq(after.view_hash, t->before.view_hash);
    cr_assert_eq(after.vector_hash, t->before.vector_hash);
    cr_assert_eq(after.index, t->before.index);
    cr_assert_eq(after.origins, t->before.origins);
    cr_assert_eq(after.node.dots_in, t->before.node.dots_in);
}

/* Messages that would change or tell something, with bytes for a digest and a dot. */
static struct stream_msg message(uint8_t type, uint8_t digest[2048], struct peer_record *record)
{
    static const uint8_t dot[] = {0x11, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 7, 0};
    static const uint8_t cover[] = {0x11, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
                                    0,    0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0};
    static const struct dot_range range = {.epoch = 0x0100000000000000, .lo = 1, .hi = 1};
    struct stream_msg m = {.type = type};
    memset(digest, 1, 2048);
    if (type == STREAM_DIGEST)
        m.bytes = slice_of(digest, 2048);
    if (type == STREAM_DOTS)
        m.bytes = slice_of(dot, sizeof dot);
    if (type == STREAM_HEADS)
        m.bytes = slice_of(cover, sizeof cover);
    if (type == STREAM_RECORDS) {
        m.records = record;
        m.records_n = 1;
    }
    if (type == STREAM_PULL || type == STREAM_GONE) {
        m.ranges = &range;
        m.ranges_n = 1;
    }
    return m;
}

static struct stream_msg message_of(const struct forge *f, uint8_t type)
{
    static uint8_t digest[2048];
    static struct peer_record record;
    record = forge_hello(f, STREAM_FOR_SYNC).hello.record;
    record.state = PEER_DEAD; /* remembered at once: it would show */
    record.name = slice_text("ghost");
    return message(type, digest, &record);
}

Test(stream_hostile, a_stream_that_keeps_the_rules_is_heard)
{
    struct stand t;
    set_up(&t);
    forge_auth(t.f, STREAM_FOR_SYNC);
    cr_assert_eq(t.f->heard_n[STREAM_DIGEST], 1);
    cr_assert_eq(t.f->heard_n[STREAM_HEADS], 1);
    const uint8_t types[] = {STREAM_DIGEST, STREAM_RECORDS, STREAM_DOTS, STREAM_HEADS, STREAM_PULL};
    for (size_t i = 0; i < sizeof types; i++) {
        const struct stream_msg m = message_of(t.f, types[i]);
        forge_say(t.f, &m);
        cr_assert_not(t.f->hung_up, "type %u", types[i]);
    }
    const struct node_view after = rig_view(&t.rig);
    cr_assert_eq(after.members, t.before.members + 1);
    cr_assert_eq(after.node.dots_in, t.before.node.dots_in + 1);
    cr_assert_eq(after.gaps, 1, "of the head 9 only one dot came");
    cr_assert(t.f->heard_n[STREAM_RECORDS] >= 1);
    cr_assert_eq(t.f->heard_n[STREAM_PULL], 1);
    cr_assert_eq(t.f->heard_n[STREAM_DONE], 1);
    tear_down(&t);
}

Test(stream_hostile, frames_before_hello_close_it)
{
    for (uint8_t type = STREAM_AUTH; type <= last_type; type++) {
        struct stand t;
        set_up(&t);
        const struct stream_msg m = message_of(t.f, type);
        forge_say(t.f, &m);
        assert_closed_and_unmoved(&t);
        tear_down(&t);
    }
}

Test(stream_hostile, frames_between_hello_and_auth_close_it)
{
    for (uint8_t type = STREAM_DIGEST; type <= last_type; type++) {
        struct stand t;
        set_up(&t);
        const struct stream_msg hello = forge_hello(t.f, STREAM_FOR_SYNC);
        forge_say(t.f, &hello);
        cr_assert_not(t.f->hung_up);
        const struct stream_msg m = message_of(t.f, type);
        forge_say(t.f, &m);
        assert_closed_and_unmoved(&t);
        cr_assert_eq(t.f->heard_n[STREAM_DIGEST], 0, "a stranger is told nothing");
        tear_down(&t);
    }
}

Test(stream_hostile, a_wrong_echo_closes_it)
{
    const uint64_t wrong[] = {0, FORGE_CHALLENGE, 1};
    for (size_t i = 0; i < 3; i++) {
        struct stand t;
        set_up(&t);
        const struct stream_msg hello = forge_hello(t.f, STREAM_FOR_SYNC);
        forge_say(t.f, &hello);
        const uint64_t echo = wrong[i] == 1 ? t.f->challenge ^ 1 : wrong[i];
        forge_say(t.f, &(struct stream_msg){.type = STREAM_AUTH, .echo = echo});
        assert_closed_and_unmoved(&t);
        tear_down(&t);
    }
}

Test(stream_hostile, a_name_that_is_not_the_senders_closes_it)
{
    struct stand t;
    set_up(&t);
    struct stream_msg hello = forge_hello(t.f, STREAM_FOR_SYNC);
    hello.hello.record.name = slice_text("d");
    forge_say(t.f, &hello);
    assert_closed_and_unmoved(&t);
    cr_assert_eq(t.f->heard_n[STREAM_HELLO], 0);
    tear_down(&t);
}

Test(stream_hostile, versions_without_ours_close_it_and_a_range_around_ours_is_fine)
{
    struct stand t;
    set_up(&t);
    struct stream_msg hello = forge_hello(t.f, STREAM_FOR_SYNC);
    hello.hello.wire_min = PACKET_VERSION + 1;
    hello.hello.wire_max = PACKET_VERSION + 2;
    forge_say(t.f, &hello);
    assert_closed_and_unmoved(&t);
    forge_connect(t.f);
    hello.hello.wire_min = PACKET_VERSION;
    forge_say(t.f, &hello);
    cr_assert_not(t.f->hung_up);
    cr_assert_neq(t.f->challenge, 0);
    tear_down(&t);
}

Test(stream_hostile, a_second_frame_of_a_kind_that_comes_once_closes_it)
{
    const uint8_t types[] = {STREAM_DIGEST, STREAM_HEADS, STREAM_PULL};
    for (size_t i = 0; i < sizeof types; i++) {
        struct stand t;
        set_up(&t);
        forge_auth(t.f, STREAM_FOR_SYNC);
        const struct stream_msg m = message_of(t.f, types[i]);
        forge_say(t.f, &m);
        cr_assert_not(t.f->hung_up);
        forge_say(t.f, &m);
        cr_assert(t.f->hung_up, "type %u", types[i]);
        tear_down(&t);
    }
}

Test(stream_hostile, a_second_hello_or_auth_closes_it)
{
    static const uint8_t greetings[] = {STREAM_HELLO, STREAM_AUTH};
    for (size_t i = 0; i < ARRAY_LEN(greetings); i++) {
        struct stand t;
        set_up(&t);
        forge_auth(t.f, STREAM_FOR_SYNC);
        struct stream_msg m = forge_hello(t.f, STREAM_FOR_SYNC);
        m.type = greetings[i];
        m.echo = t.f->challenge;
        forge_say(t.f, &m);
        cr_assert(t.f->hung_up);
        tear_down(&t);
    }
}

Test(stream_hostile, a_repeated_frame_closes_it)
{
    struct stand t;
    set_up(&t);
    forge_auth(t.f, STREAM_FOR_SYNC);
    const struct stream_msg m = message_of(t.f, STREAM_RECORDS);
    const struct slice frame = forge_seal(t.f, &m);
    forge_give(t.f, frame);
    cr_assert_not(t.f->hung_up, "once is fine, and may come again with another counter");
    forge_give(t.f, frame);
    cr_assert(t.f->hung_up);
    tear_down(&t);
}

Test(stream_hostile, reordered_frames_close_it)
{
    uint8_t first[1024];
    struct stand t;
    set_up(&t);
    forge_auth(t.f, STREAM_FOR_SYNC);
    const struct stream_msg records = message_of(t.f, STREAM_RECORDS);
    const struct stream_msg dots = message_of(t.f, STREAM_DOTS);
    const struct slice early = forge_seal(t.f, &records);
    memcpy(first, early.at, early.len);
    forge_say(t.f, &dots);
    cr_assert_not(t.f->hung_up);
    const struct node_view between = rig_view(&t.rig);
    forge_give(t.f, slice_of(first, early.len));
    cr_assert(t.f->hung_up);
    cr_assert_eq(rig_view(&t.rig).members, between.members);
    tear_down(&t);
}

Test(stream_hostile, a_frame_of_another_run_of_the_same_node_closes_it)
{
    struct stand t;
    set_up(&t);
    forge_auth(t.f, STREAM_FOR_SYNC);
    t.f->ctx.run.bytes[15] ^= 1;
    const struct stream_msg m = message_of(t.f, STREAM_RECORDS);
    forge_say(t.f, &m);
    cr_assert(t.f->hung_up);
    cr_assert_eq(rig_view(&t.rig).members, t.before.members);
    tear_down(&t);
}

Test(stream_hostile, a_frame_of_another_sender_closes_it)
{
    struct stand t;
    set_up(&t);
    forge_auth(t.f, STREAM_FOR_SYNC);
    t.f->ctx.self ^= 1;
    const struct stream_msg m = message_of(t.f, STREAM_RECORDS);
    forge_say(t.f, &m);
    cr_assert(t.f->hung_up);
    cr_assert_eq(rig_view(&t.rig).members, t.before.members);
    tear_down(&t);
}

Test(stream_hostile, unknown_types_and_malformed_bodies_close_it)
{
    static const char *const bodies[] = {"\x91\x0a", "\x92\x09\xc1", "", "\x92\x07\xa1z"};
    for (size_t i = 0; i < 4; i++) {
        struct stand t;
        set_up(&t);
        forge_auth(t.f, STREAM_FOR_SYNC);
        forge_give(t.f, forge_seal_body(t.f, slice_text(bodies[i])));
        cr_assert(t.f->hung_up, "body %zu", i);
        cr_assert_eq(rig_view(&t.rig).node.dropped_decode, t.before.node.dropped_decode + 1);
        tear_down(&t);
    }
}

Test(stream_hostile, silence_before_auth_closes_it_after_two_seconds_and_later_after_thirty)
{
    struct stand t;
    struct node_out out;
    set_up(&t);
    t.rig.now += 2 * US_PER_SEC;
    node_tick(t.rig.node, t.rig.now);
    cr_assert(rig_take(&t.rig, NODE_OUT_HANGUP, &out));
    forge_connect(t.f);
    forge_auth(t.f, STREAM_FOR_PULL);
    t.rig.now += 29 * US_PER_SEC;
    node_tick(t.rig.node, t.rig.now);
    cr_assert_not(rig_take(&t.rig, NODE_OUT_HANGUP, &out));
    t.rig.now += US_PER_SEC;
    node_tick(t.rig.node, t.rig.now);
    cr_assert(rig_take(&t.rig, NODE_OUT_HANGUP, &out));
    cr_assert_eq(rig_view(&t.rig).node.streams_timeout, 2);
    tear_down(&t);
}

Test(stream_hostile, a_pull_is_answered_with_exactly_the_dots_asked_for_and_the_rest_is_gone)
{
    struct stand t;
    set_up(&t);
    for (int i = 0; i < 9; i++) /* ten in all */
        rig_issue(&t.rig, DOT_KEY, "k");
    rig_drain(&t.rig);
    const uint64_t epoch = rig_view(&t.rig).epoch;
    const struct dot_range ranges[] = {{epoch, 2, 4}, {epoch, 7, 7}, {epoch, 10, 12}, {5, 1, 3}};
    const uint64_t want[] = {2, 3, 4, 7, 10};
    forge_auth(t.f, STREAM_FOR_PULL);
    forge_say(t.f, &(struct stream_msg){.type = STREAM_PULL, .ranges = ranges, .ranges_n = 4});
    cr_assert_eq(t.f->seqs_n, 5);
    cr_assert_eq(memcmp(t.f->seqs, want, sizeof want), 0);
    cr_assert_eq(t.f->gone_n, 2);
    cr_assert(t.f->gone[0].epoch == epoch && t.f->gone[0].lo == 11 && t.f->gone[0].hi == 12);
    cr_assert(t.f->gone[1].epoch == 5 && t.f->gone[1].lo == 1 && t.f->gone[1].hi == 3);
    cr_assert_eq(t.f->heard_n[STREAM_DONE], 1);
    cr_assert_eq(t.f->heard_n[STREAM_DIGEST], 0);
    cr_assert_not(t.f->hung_up, "the opener closes");
    tear_down(&t);
}
