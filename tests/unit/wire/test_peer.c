#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "wire/dots.h"
#include "wire/peer.h"

#include "edit.h"
#include "golden.h"
#include "peer_gen.h"

#define GEN_TOP (UINT64_C(1) << 62)
#define BIG     131072

static const uint8_t last_type = PEER_DOTS;

/** A decoder, a generator and room for bytes and messages. */
struct bench {
    uint8_t mem[4096];
    struct arena arena;
    struct peer_codec *codec;
    struct peer_gen gen;
    struct peer_msg in;
    struct peer_msg out;
    uint8_t a[BIG];
    uint8_t b[EDIT_CAP];
};

static struct bench *bench_new(void)
{
    struct bench *t = calloc(1, sizeof *t);
    arena_init(&t->arena, t->mem, sizeof t->mem);
    t->codec = peer_codec_new(&t->arena);
    cr_assert(t->codec != NULL);
    peer_gen_init(&t->gen);
    return t;
}

static void bench_free(struct bench *t)
{
    peer_codec_free(t->codec);
    free(t);
}

static struct slice vector_of(struct bench *t, uint8_t type)
{
    return golden_peer(type, t->a, sizeof t->a);
}

/* ---- golden bytes ---- */

static void want_args(struct peer_msg *m, uint8_t groups[256])
{
    const struct peer_ranges two = {.at = {{GOLDEN_EPOCH, 3, 9}, {GOLDEN_EPOCH_B, 1, 300}},
                                    .n = m->type == PEER_PULL ? 2 : 1};
    if (m->type == PEER_PING)
        m->args.ping = (struct peer_ping){.challenge = GOLDEN_CHALLENGE,
                                          .to_name = slice_text("node-b"),
                                          .to_gen = GOLDEN_GEN + 5,
                                          .you = {true, PEER_SUSPECT, GOLDEN_GEN + 5, 7},
                                          .lhm = 1};
    if (m->type == PEER_ACK)
        m->args.ack = (struct peer_ack){GOLDEN_CHALLENGE, true, GOLDEN_OWN, 12};
    if (m->type == PEER_PING_REQ)
        m->args.ping_req =
            (struct peer_ping_req){.challenge = GOLDEN_CHALLENGE,
                                   .name = slice_text("node-c"),
                                   .gen = GOLDEN_GEN,
                                   .addr = {.ip = {10, 0, 0, 3}, .ip_len = 4, .port = 6248},
                                   .budget_ms = 300};
    if (m->type == PEER_NACK)
        m->args.reply = (struct peer_reply){.challenge = GOLDEN_CHALLENGE, .reason = NACK_TIMEOUT};
    if (m->type == PEER_NOT_ME)
        m->args.reply = (struct peer_reply){
            .challenge = GOLDEN_CHALLENGE, .name = slice_text("node-z"), .gen = GOLDEN_GEN};
    if (m->type == PEER_PULL || m->type == PEER_GONE)
        m->args.ranges = two;
    for (int i = 0; i < 256; i++)
        groups[i] = (uint8_t)(i / 8);
    if (m->type == PEER_HEADS)
        m->args.heads = (struct peer_heads){slice_of(groups, 256), golden_cover()};
}

static void want_msg(struct peer_msg *m, uint8_t type, uint8_t groups[256])
{
    *m = (struct peer_msg){.type = type,
                           .gen = GOLDEN_GEN,
                           .ver = 3,
                           .view_hash = UINT64_C(0x0123456789ABCDEF),
                           .head = 42,
                           .vector_hash = UINT64_C(0xFEDCBA9876543210)};
    want_args(m, groups);
    if (type == PEER_PING_REQ) {
        m->has_echo = true;
        m->echo = GOLDEN_OWN;
    }
    if (type == PEER_GOSSIP || type == PEER_DOTS)
        m->dots = golden_dot();
    if (type == PEER_GOSSIP) {
        m->covers = golden_cover();
        m->records[0] = golden_record_a();
        m->records[1] = golden_record_b();
        m->records_n = 2;
    }
}

Test(peer, golden_bytes_of_every_type)
{
    struct bench *t = bench_new();
    uint8_t groups[256];
    for (uint8_t type = PEER_PING; type <= last_type; type++) {
        const struct slice bytes = vector_of(t, type);
        size_t len = 0;
        want_msg(&t->in, type, groups);
        cr_assert(peer_decode(t->codec, bytes, &t->out) == OK, "type %u", type);
        cr_expect(msg_same(&t->in, &t->out), "type %u", type);
        cr_assert(peer_encode(&t->in, t->b, sizeof t->b, &len) == OK);
        cr_expect(slice_eq(slice_of(t->b, len), bytes), "type %u", type);
    }
    bench_free(t);
}

Test(peer, the_dots_and_covers_of_the_golden_gossip_are_sound)
{
    struct bench *t = bench_new();
    struct cover cover;
    size_t n = 0;
    cr_assert(peer_decode(t->codec, vector_of(t, PEER_GOSSIP), &t->out) == OK);
    cr_expect(dots_check(t->out.dots, &n) == OK && n == 1);
    struct reader r = reader_of(t->out.covers);
    cr_expect(cover_read(&r, &cover) && cover_has(&cover, 43) && !cover_has(&cover, 42));
    bench_free(t);
}

/* ---- round trips ---- */

/** Encode t->in, check every length that is told, decode, compare. */
static void round_trip(struct bench *t)
{
    size_t len = 0;
    cr_assert(peer_encode(&t->in, t->a, sizeof t->a, &len) == OK);
    cr_assert(peer_msg_len(&t->in) == len, "SEED=%" PRIu64, t->gen.seed);
    cr_assert(peer_decode(t->codec, slice_of(t->a, len), &t->out) == OK, "SEED=%" PRIu64 " type %u",
              t->gen.seed, t->in.type);
    cr_assert(msg_same(&t->in, &t->out), "SEED=%" PRIu64 " type %u", t->gen.seed, t->in.type);
}

Test(peer, random_messages_come_back_as_they_went)
{
    struct bench *t = bench_new();
    for (int i = 0; i < 11 * 500; i++) {
        const uint8_t type = (uint8_t)(PEER_PING + i % 11);
        const size_t n = (size_t)peer_gen_u64(&t->gen, 20);
        peer_gen_msg(&t->gen, type, n, &t->in);
        round_trip(t);
    }
    bench_free(t);
}

Test(peer, the_largest_messages_come_back_as_they_went)
{
    struct bench *t = bench_new();
    for (uint8_t type = PEER_PING; type <= last_type; type++) {
        peer_gen_msg(&t->gen, type, PEER_RECORDS_MAX, &t->in);
        for (size_t i = 0; i < PEER_RECORDS_MAX; i++)
            t->in.records[i] = peer_gen_record_max(&t->gen);
        if (type == PEER_PULL || type == PEER_GONE)
            t->in.args.ranges.n = PEER_RANGES_MAX;
        for (size_t i = 0; type == PEER_PULL && i < PEER_RANGES_MAX; i++)
            t->in.args.ranges.at[i] = (struct dot_range){UINT64_MAX, UINT64_MAX, UINT64_MAX};
        for (size_t i = 0; type == PEER_GONE && i < PEER_RANGES_MAX; i++)
            t->in.args.ranges.at[i] = peer_gen_range(&t->gen);
        round_trip(t);
    }
    bench_free(t);
}

Test(peer, too_little_room_is_an_error_at_every_size_and_len_is_unchanged)
{
    struct bench *t = bench_new();
    for (uint8_t type = PEER_PING; type <= last_type; type++) {
        peer_gen_msg(&t->gen, type, 2, &t->in);
        const size_t whole = peer_msg_len(&t->in);
        for (size_t cap = 0; cap < whole; cap++) {
            size_t len = 777;
            cr_assert(peer_encode(&t->in, t->a, cap, &len) == ERR_SPACE && len == 777);
        }
        size_t len = 0;
        cr_assert(peer_encode(&t->in, t->a, whole, &len) == OK && len == whole);
    }
    bench_free(t);
}

Test(peer, a_record_never_adds_more_than_its_told_length)
{
    struct bench *t = bench_new();
    peer_gen_msg(&t->gen, PEER_GOSSIP, 0, &t->in);
    while (t->in.records_n < PEER_RECORDS_MAX) {
        const struct peer_record r = peer_gen_record(&t->gen);
        const size_t before = peer_msg_len(&t->in);
        t->in.records[t->in.records_n++] = r;
        cr_assert(peer_msg_len(&t->in) - before <= peer_record_len(&r));
        cr_assert(peer_msg_len(&t->in) - before + 2 >= peer_record_len(&r));
    }
    bench_free(t);
}

Test(peer, slices_point_into_the_input)
{
    struct bench *t = bench_new();
    const struct slice bytes = vector_of(t, PEER_GOSSIP);
    cr_assert(peer_decode(t->codec, bytes, &t->out) == OK);
    const struct slice slices[] = {t->out.dots, t->out.covers, t->out.records[0].name,
                                   t->out.records[0].meta, t->out.records[1].accuser};
    for (size_t i = 0; i < ARRAY_LEN(slices); i++)
        cr_expect(slices[i].at >= bytes.at && slices[i].at + slices[i].len <= bytes.at + bytes.len);
    bench_free(t);
}

/** A quiet probe is what travels most; its size is part of the design. */
Test(peer, an_idle_ping_stays_below_its_budget)
{
    struct bench *t = bench_new();
    cr_expect(vector_of(t, PEER_PING).len <= 100, "%zu", vector_of(t, PEER_PING).len);
    bench_free(t);
}

/* ---- hostile bytes ---- */

Test(peer, a_cut_body_is_malformed_at_every_length)
{
    struct bench *t = bench_new();
    for (uint8_t type = PEER_PING; type <= last_type; type++) {
        const struct slice whole = vector_of(t, type);
        for (size_t len = 0; len < whole.len; len++) {
            uint8_t *exact = malloc(len + (len == 0));
            memcpy(exact, whole.at, len);
            cr_assert(peer_decode(t->codec, slice_of(exact, len), &t->out) == ERR_MALFORMED);
            free(exact);
        }
    }
    bench_free(t);
}

/** The same without a cut string: the array itself ends early. */
Test(peer, a_body_of_fewer_fields_is_malformed)
{
    struct bench *t = bench_new();
    const struct slice leave = vector_of(t, PEER_LEAVE);
    uint8_t bytes[64];
    for (uint8_t n = 0; n < 11; n++) {
        memcpy(bytes, leave.at, leave.len);
        bytes[0] = (uint8_t)(0x90 | n);
        for (size_t len = 1; len <= leave.len; len++)
            cr_assert(peer_decode(t->codec, slice_of(bytes, len), &t->out) == ERR_MALFORMED);
    }
    bench_free(t);
}

Test(peer, bytes_behind_the_body_are_malformed)
{
    struct bench *t = bench_new();
    const struct slice bytes = vector_of(t, PEER_PING);
    t->a[bytes.len] = 0;
    cr_expect(peer_decode(t->codec, slice_of(t->a, bytes.len + 1), &t->out) == ERR_MALFORMED);
    bench_free(t);
}

Test(peer, every_byte_changed_to_every_value_never_crashes)
{
    struct bench *t = bench_new();
    for (uint8_t type = PEER_PING; type <= last_type; type++) {
        const struct slice bytes = vector_of(t, type);
        for (size_t i = 0; i < bytes.len; i++) {
            const uint8_t before = t->a[i];
            for (unsigned v = 0; v < 256; v++) {
                t->a[i] = (uint8_t)v;
                size_t len = 0;
                if (peer_decode(t->codec, bytes, &t->out) == OK)
                    cr_assert(peer_encode(&t->out, t->b, sizeof t->b, &len) == OK);
            }
            t->a[i] = before;
        }
    }
    bench_free(t);
}

Test(peer, what_a_later_version_appends_is_skipped)
{
    struct bench *t = bench_new();
    for (uint8_t type = PEER_PING; type <= last_type; type++) {
        const struct slice bytes = vector_of(t, type);
        struct edit grow = {.leaf = -1, .grow = true, .list = "8"};
        if (type == PEER_PULL || type == PEER_GONE)
            grow.list_b = "7";
        cr_assert(peer_decode(t->codec, bytes, &t->in) == OK);
        const size_t len = edit_value(&grow, bytes, t->b);
        cr_assert(len > bytes.len);
        cr_assert(peer_decode(t->codec, slice_of(t->b, len), &t->out) == OK, "type %u", type);
        cr_expect(msg_same(&t->in, &t->out), "type %u", type);
    }
    bench_free(t);
}

Test(peer, arguments_that_a_type_gets_later_are_skipped)
{
    static const uint8_t types[] = {PEER_GOSSIP, PEER_LEAVE, PEER_DOTS};
    struct bench *t = bench_new();
    for (size_t i = 0; i < sizeof types; i++) {
        const struct slice bytes = vector_of(t, types[i]);
        struct edit e = {.path = "7", .with = slice_text("\x92\x01\xa1z"), .leaf = -1};
        cr_assert(peer_decode(t->codec, bytes, &t->in) == OK);
        const size_t len = edit_value(&e, bytes, t->b);
        cr_assert(peer_decode(t->codec, slice_of(t->b, len), &t->out) == OK);
        cr_expect(msg_same(&t->in, &t->out));
    }
    bench_free(t);
}

Test(peer, an_unknown_type_is_another_version)
{
    struct bench *t = bench_new();
    static const uint8_t wide[] = {0x91, 0xCF, 0, 0, 0, 0, 0, 0, 1, 1}; /* 257 is not 1 */
    cr_expect(peer_decode(t->codec, slice_text("\x91\x0c"), &t->out) == ERR_VERSION);
    cr_expect(peer_decode(t->codec, slice_of("\x91\x00", 2), &t->out) == ERR_VERSION);
    cr_expect(peer_decode(t->codec, slice_text("\x92\x0c\xa1y"), &t->out) == ERR_VERSION);
    cr_expect(peer_decode(t->codec, slice_of(wide, sizeof wide), &t->out) == ERR_VERSION);
    cr_expect(peer_decode(t->codec, slice_text("\x91\xff"), &t->out) == ERR_MALFORMED);
    cr_expect(peer_decode(t->codec, slice_text("\x90"), &t->out) == ERR_MALFORMED);
    cr_expect(peer_decode(t->codec, slice_text("\x01"), &t->out) == ERR_MALFORMED);
    bench_free(t);
}

/** Integers are unsigned wherever they stand: no sign, no fraction, no text. */
Test(peer, no_integer_may_be_anything_else)
{
    static const char *const wrong[] = {"\xff",
                                        "\xd0\x80",
                                        "\xd3\xff\xff\xff\xff\xff\xff\xff\xff",
                                        "\xca\x3f\x80\x01\x01",
                                        "\xc3",
                                        "\xa1\x31",
                                        "\x91\x01",
                                        "\x81\x01\x01",
                                        "\xc4\x01\x01"};
    struct bench *t = bench_new();
    for (uint8_t type = PEER_PING; type <= last_type; type++) {
        for (int leaf = 0, leaves = 1; leaf < leaves; leaf++) {
            for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
                struct edit e = {.leaf = leaf, .with = slice_text(wrong[i])};
                const size_t len = edit_value(&e, vector_of(t, type), t->b);
                leaves = e.leaves;
                cr_assert(e.done);
                cr_assert(peer_decode(t->codec, slice_of(t->b, len), &t->out) == ERR_MALFORMED,
                          "type %u, integer %d, value %zu", type, leaf, i);
            }
        }
    }
    bench_free(t);
}

/* ---- start, and our own mistakes ---- */

Test(peer, a_decoder_needs_its_arena)
{
    uint8_t mem[1024];
    bool made = false;
    for (size_t len = 0; len < sizeof mem; len++) {
        struct arena arena;
        arena_init(&arena, mem, len);
        struct peer_codec *c = peer_codec_new(&arena);
        cr_assert(c != NULL || !made, "more memory is never too little");
        made = c != NULL;
        peer_codec_free(c);
    }
    cr_expect(made);
}

static void encode_with(void (*spoil)(struct peer_msg *))
{
    struct bench *t = bench_new();
    size_t len = 0;
    peer_gen_msg(&t->gen, PEER_GOSSIP, 1, &t->in);
    spoil(&t->in);
    (void)!peer_encode(&t->in, t->a, sizeof t->a, &len);
}

static void spoil_type(struct peer_msg *m)
{
    m->type = PEER_DOTS + 1;
}

static void spoil_records(struct peer_msg *m)
{
    m->records_n = PEER_RECORDS_MAX + 1;
}

static void spoil_name(struct peer_msg *m)
{
    m->records[0].name.len = 0;
}

static void spoil_state(struct peer_msg *m)
{
    m->records[0].state = 0;
}

static void spoil_gen(struct peer_msg *m)
{
    m->gen = GEN_TOP + 1;
}

Test(peer, an_unknown_type_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_type);
}

Test(peer, too_many_records_of_our_own_are_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_records);
}

Test(peer, a_nameless_record_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_name);
}

Test(peer, a_stateless_record_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_state);
}

Test(peer, a_generation_beyond_belief_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_gen);
}
