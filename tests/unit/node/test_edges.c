/** What happens at the edges: replays after a restart, a rival, full tables, endless questions. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "wire/dots.h"

#include "forge.h"
#include "rig.h"

#define TAPE_MAX 1024

/** What one node sent. */
struct tape {
    size_t n;

    struct {
        uint8_t bytes[NODE_DATAGRAM_MAX];
        size_t len;
    } at[TAPE_MAX];
};

static void record(void *ctx, const struct node_out *out)
{
    struct tape *t = ctx;
    if (out->kind != NODE_OUT_DATAGRAM || t->n == TAPE_MAX)
        return;
    memcpy(t->at[t->n].bytes, out->bytes.at, out->bytes.len);
    t->at[t->n++].len = out->bytes.len;
}

static void introduce(struct rig *to, const struct rig *who)
{
    node_recv(to->node, to->now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &who->addr, .names_n = 1});
}

static void replay(struct rig *to, const struct tape *t, uint8_t class)
{
    const struct addr from = {.ip = {6, 6, 6, 6}, .ip_len = 4, .port = 666};
    for (size_t i = 0; i < t->n; i++)
        if (t->at[i].bytes[3] == class)
            rig_datagram(to, &from, slice_of(t->at[i].bytes, t->at[i].len));
}

Test(edges, what_an_earlier_run_sent_cannot_displace_the_run_that_lives)
{
    struct rig a;
    struct rig old;
    struct rig live;
    struct tape *tape = calloc(1, sizeof *tape);
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1});
    rig_init(&old, &(struct rig_cfg){.name = "x", .key = 1, .run = 2, .host = 2, .seeded = true});
    old.tap = record;
    old.tap_ctx = tape;
    introduce(&old, &a);
    rig_talk(&a, &old, 3 * US_PER_SEC);
    rig_init(&live, &(struct rig_cfg){.name = "x", .key = 1, .run = 3, .host = 2, .seeded = true});
    live.now = a.now;
    introduce(&live, &a);
    rig_talk(&a, &live, 2 * US_PER_SEC);
    const uint64_t proven = rig_view(&a).node.proven;
    replay(&a, tape, PACKET_JOIN);
    replay(&a, tape, PACKET_MEMBER);
    cr_assert_eq(rig_view(&a).node.proven, proven, "a recorded answer proves nothing");
    rig_issue(&live, DOT_KEY, "k");
    rig_talk(&a, &live, US_PER_SEC);
    cr_assert_eq(rig_view(&a).ledger.applied, 1, "the live run is heard");
    rig_fini(&a);
    rig_fini(&old);
    rig_fini(&live);
    free(tape);
}

Test(edges, the_older_of_two_of_one_name_takes_no_invalidations)
{
    struct rig older;
    struct rig newer;
    rig_init(&older, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1});
    rig_init(&newer, &(struct rig_cfg){.name = "a", .key = 1, .run = 3, .host = 3, .seeded = true});
    introduce(&newer, &older);
    rig_talk(&older, &newer, 5 * US_PER_SEC);
    cr_assert_str_eq(node_state_text(older.node), "conflict");
    cr_assert_eq(cache_gate(older.cache), CACHE_MUTED);
    cr_assert_eq(rig_issue(&older, DOT_KEY, "k").err, ERR_STALE);
    cr_assert_eq(rig_issue(&newer, DOT_KEY, "k").err, OK);
    rig_fini(&older);
    rig_fini(&newer);
}

static void forge_dots(struct forge *f, uint64_t first_epoch, size_t n, uint64_t seq)
{
    uint8_t buf[4096];
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    for (size_t i = 0; i < n; i++) {
        const struct dot d = {.epoch = first_epoch + i, .seq = seq, .kind = DOT_KEY, .hash = 77};
        cr_assert_eq(dots_add(&w, &d, false), OK);
    }
    forge_say(f, &(struct stream_msg){.type = STREAM_DOTS, .bytes = dots_slice(&w)});
}

Test(edges, an_origin_without_a_place_costs_the_cache_once_for_each_of_its_dots)
{
    struct rig a;
    struct rig b;
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1});
    rig_init(&b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2, .seeded = true});
    introduce(&b, &a);
    rig_talk(&a, &b, US_PER_SEC);
    struct forge *f = forge_new(&b, "x");
    forge_auth(f, STREAM_FOR_SYNC);
    forge_dots(f, 1000, 31, 1);
    cr_assert_eq(rig_view(&b).origins, 32, "the table of the rig is full");
    rig_issue(&a, DOT_KEY, "k");
    rig_talk(&a, &b, US_PER_SEC);
    const uint64_t broad = rig_view(&b).node.broad;
    rig_talk(&a, &b, 10 * US_PER_SEC);
    cr_assert_eq(rig_view(&b).node.broad, broad, "without news there is no further barrier");
    forge_free(f);
    rig_fini(&a);
    rig_fini(&b);
}

Test(edges, a_question_of_a_hundred_million_is_answered_in_one_frame)
{
    struct rig b;
    const struct dot_range all = {1000, 1, 100000000};
    rig_init(&b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2});
    struct forge *f = forge_new(&b, "x");
    forge_auth(f, STREAM_FOR_SYNC);
    forge_dots(f, all.epoch, 1, all.hi); /* b has heard of that many */
    forge_say(f, &(struct stream_msg){.type = STREAM_PULL, .ranges = &all, .ranges_n = 1});
    cr_assert_eq(f->gone_n, 1);
    cr_assert_eq(f->gone[0].lo, all.lo);
    cr_assert_eq(f->gone[0].hi, all.hi);
    forge_free(f);
    rig_fini(&b);
}

Test(edges, strangers_cannot_hold_all_streams)
{
    struct rig b;
    const struct addr stranger = {.ip = {6, 6, 6, 6}, .ip_len = 4, .port = 666};
    rig_init(&b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2});
    for (uint32_t i = 1; i <= 100; i++)
        node_recv(b.node, b.now,
                  &(struct node_in){.kind = NODE_IN_STREAM_UP,
                                    .conn = NODE_INBOUND | (1000 + i),
                                    .from = stranger});
    rig_drain(&b);
    struct forge *f = forge_new(&b, "x");
    forge_auth(f, STREAM_FOR_SYNC);
    cr_assert_not(f->hung_up);
    cr_assert_eq(f->heard_n[STREAM_HELLO], 1);
    forge_free(f);
    rig_fini(&b);
}

/* ---- questions of strangers ---- */

/** Ask r as "mallory", who never asked before, with a PING of so many bytes of body. */
static void ask_as_stranger(struct rig *r, uint8_t class, size_t body_len)
{
    static struct peer_msg m;
    const struct addr from = {.ip = {10, 0, 0, 99}, .ip_len = 4, .port = 6248};
    const struct run run = {{9, 9, 9}};
    struct packet_ctx ctx;
    uint8_t body[PEER_BODY_MAX], bytes[NODE_DATAGRAM_MAX];
    size_t len;
    packet_ctx_init(&ctx, &r->ring, slice_text("test"),
                    hash_node_id(slice_text("test"), slice_text("mallory")), &run);
    m = (struct peer_msg){.type = PEER_PING, .gen = 1, .args.ping.challenge = 5};
    cr_assert_eq(peer_encode(&m, body, sizeof body, &len), OK);
    len = peer_pad(body, len, body_len);
    const struct packet_out what = {.class = class,
                                    .channel = CHANNEL_UDP,
                                    .dest = class == PACKET_JOIN ? 0 : rig_view(r).id,
                                    .counter = 1,
                                    .body = slice_of(body, len)};
    rig_datagram(r, &from, slice_of(bytes, packet_seal(&ctx, &what, bytes, sizeof bytes)));
}

/** Is such a PING answered, to the one who asked? */
static bool answers_stranger(uint8_t class, size_t body_len)
{
    struct rig r;
    struct node_out out;
    rig_init(&r, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1});
    (void)rig_drain(&r);
    ask_as_stranger(&r, class, body_len);
    const bool answered = rig_take(&r, NODE_OUT_DATAGRAM, &out);
    cr_assert(!answered || out.bytes.len <= body_len + PACKET_OVERHEAD);
    cr_assert_eq(rig_view(&r).node.dropped_size, answered ? 0 : 1);
    rig_fini(&r);
    return answered;
}

Test(edges, a_question_shorter_than_its_answer_may_be_is_not_answered)
{
    cr_assert(answers_stranger(PACKET_MEMBER, 88));
    cr_assert_not(answers_stranger(PACKET_MEMBER, 84));
    cr_assert(answers_stranger(PACKET_JOIN, 400));
    cr_assert_not(answers_stranger(PACKET_JOIN, 396));
}
