#include <criterion/criterion.h>
#include <inttypes.h>
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

static const uint8_t last_type = PEER_SURVEYED;

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

static void want_check(struct peer_msg *m)
{
    const uint64_t challenge = GOLDEN_CHALLENGE;
    if (m->type == PEER_POLL)
        m->args.poll = (struct peer_poll){challenge, 30000, false};
    if (m->type == PEER_PROOF)
        m->args.proof = (struct peer_proof){.challenge = challenge,
                                            .vote = VOTE_REGULAR,
                                            .window_ms = 30000,
                                            .rest_hash = UINT64_C(0x0011223344556677),
                                            .covers = golden_cover()};
    if (m->type == PEER_SUMS)
        m->args.sums =
            (struct peer_sums){.at = {{GOLDEN_EPOCH, 0, 1024, UINT64_C(0x5152535455565758)},
                                      {GOLDEN_EPOCH_B, 1024, 2048, UINT64_C(0x6162636465666768)}},
                               .n = 2};
    if (m->type == PEER_SAMPLE)
        m->args.samples = (struct peer_samples){
            .at = {{UINT64_C(0xA1A2A3A4A5A6A7A8), UINT64_C(0x7172737475767778)},
                   {UINT64_C(0xB1B2B3B4B5B6B7B8), UINT64_C(0x8182838485868788)}},
            .n = 2};
    if (m->type == PEER_TRACE)
        m->args.trace = (struct peer_trace){challenge, GOLDEN_EPOCH, 7};
    if (m->type == PEER_TRACED)
        m->args.traced = (struct peer_traced){challenge, TRACE_APPLIED, 250, 4000};
    if (m->type == PEER_SURVEY)
        m->args.survey = (struct peer_survey){challenge, GOLDEN_EPOCH, 12};
    if (m->type == PEER_SURVEYED)
        m->args.surveyed =
            (struct peer_surveyed){.challenge = challenge,
                                   .after = GOLDEN_EPOCH - 1,
                                   .left = 3,
                                   .at = {{GOLDEN_EPOCH, 43, 41}, {GOLDEN_EPOCH_B, 300, 300}},
                                   .n = 2};
}

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
        m->args.heads =
            (struct peer_heads){.groups = slice_of(groups, 256), .covers = golden_cover()};
    want_check(m);
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
    if (type == PEER_POLL || type == PEER_PROOF) {
        m->retired_n = 9;
        m->forgotten_n = 2;
    }
}

/** Both ways: the bytes read as t->in, and t->in is written as the bytes. */
static void expect_golden(struct bench *t, struct slice bytes)
{
    size_t len = 0;
    cr_assert(peer_decode(t->codec, bytes, &t->out) == OK, "type %u", t->in.type);
    cr_expect(msg_same(&t->in, &t->out), "type %u", t->in.type);
    cr_assert(peer_encode(&t->in, t->b, sizeof t->b, &len) == OK);
    cr_expect(slice_eq(slice_of(t->b, len), bytes), "type %u", t->in.type);
}

Test(peer, golden_bytes_of_every_type)
{
    struct bench *t = bench_new();
    uint8_t groups[256];
    for (uint8_t type = PEER_PING; type <= last_type; type++) {
        want_msg(&t->in, type, groups);
        expect_golden(t, vector_of(t, type));
    }
    bench_free(t);
}

Test(peer, golden_bytes_of_retired_origins)
{
    struct bench *t = bench_new();
    uint8_t groups[256];
    want_msg(&t->in, PEER_HEADS, groups);
    t->in.args.heads = (struct peer_heads){
        .covers = golden_cover(), .ring_seen = 5, .retired_from = 8, .retired = golden_retired()};
    t->in.retired_n = 9;
    t->in.forgotten_n = 2;
    expect_golden(t, golden_bytes("peer_heads_retired", t->a, sizeof t->a));
    bench_free(t);
}

Test(peer, golden_bytes_of_an_answer_in_parts_and_of_who_asks_for_it)
{
    struct bench *t = bench_new();
    uint8_t groups[256];
    want_msg(&t->in, PEER_POLL, groups);
    t->in.args.poll.narrow = true;
    expect_golden(t, golden_bytes("peer_poll_narrow", t->a, sizeof t->a));
    want_msg(&t->in, PEER_PROOF, groups);
    t->in.args.proof.part = 1;
    t->in.args.proof.last_part = 3;
    expect_golden(t, golden_bytes("peer_proof_part", t->a, sizeof t->a));
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
    for (int i = 0; i < last_type * 500; i++) {
        const uint8_t type = (uint8_t)(PEER_PING + i % last_type);
        const size_t n = (size_t)peer_gen_u64(&t->gen, 20);
        peer_gen_msg(&t->gen, type, n, &t->in);
        round_trip(t);
    }
    bench_free(t);
}

/** The lists that are one bin, with as many entries as they may have; and the counts. */
static void largest_lists(struct peer_msg *m)
{
    for (size_t i = 0; m->type == PEER_SUMS && i < PEER_SUMS_MAX; i++)
        m->args.sums.at[i] = (struct peer_sum){UINT64_MAX, UINT64_MAX - 1, UINT64_MAX, UINT64_MAX};
    for (size_t i = 0; m->type == PEER_SAMPLE && i < PEER_SAMPLES_MAX; i++)
        m->args.samples.at[i] = (struct peer_sample){UINT64_MAX, UINT64_MAX};
    if (m->type == PEER_SUMS)
        m->args.sums.n = PEER_SUMS_MAX;
    if (m->type == PEER_SAMPLE)
        m->args.samples.n = PEER_SAMPLES_MAX;
    m->retired_n = UINT32_MAX;
    m->forgotten_n = UINT32_MAX;
}

Test(peer, the_largest_lists_fit_a_datagram)
{
    static const uint8_t types[] = {PEER_SUMS, PEER_SAMPLE};
    struct bench *t = bench_new();
    for (size_t i = 0; i < sizeof types; i++) {
        t->in = (struct peer_msg){.type = types[i],
                                  .gen = GEN_TOP,
                                  .ver = UINT32_MAX,
                                  .view_hash = UINT64_MAX,
                                  .head = UINT64_MAX,
                                  .vector_hash = UINT64_MAX,
                                  .has_echo = true};
        largest_lists(&t->in);
        cr_expect(peer_msg_len(&t->in) <= PEER_BODY_MAX, "%zu", peer_msg_len(&t->in));
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
        largest_lists(&t->in);
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

static size_t encoded_len(struct bench *t)
{
    size_t len = 0;
    cr_assert(peer_encode(&t->in, t->a, sizeof t->a, &len) == OK);
    return len;
}

/** A message with every field that could be left out. */
static void want_full(struct bench *t, uint8_t type)
{
    peer_gen_msg(&t->gen, type, 2, &t->in);
    t->in.retired_n = 3;
    t->in.forgotten_n = 1;
    if (type == PEER_HEADS)
        t->in.args.heads.ring_seen = 7;
    if (type == PEER_POLL)
        t->in.args.poll.narrow = true;
    if (type == PEER_PROOF)
        t->in.args.proof.part = t->in.args.proof.last_part = 1;
}

Test(peer, what_a_later_version_appends_is_skipped)
{
    struct bench *t = bench_new();
    for (uint8_t type = PEER_PING; type <= last_type; type++) {
        struct edit grow = {.leaf = -1, .grow = true, .list = "8"};
        if (type == PEER_PULL || type == PEER_GONE)
            grow.list_b = "7";
        want_full(t, type);
        const struct slice bytes = slice_of(t->a, encoded_len(t));
        const size_t len = edit_value(&grow, bytes, t->b);
        cr_assert(len > bytes.len);
        cr_assert(peer_decode(t->codec, slice_of(t->b, len), &t->out) == OK, "type %u", type);
        cr_expect(msg_same(&t->in, &t->out), "type %u", type);
    }
    bench_free(t);
}

/** `bytes` with this array head and these bytes at its end, in t->b. */
static enum err decode_with_tail(struct bench *t, struct slice bytes, uint8_t head,
                                 const char *tail)
{
    memcpy(t->b, bytes.at, bytes.len);
    memcpy(t->b + bytes.len, tail, strlen(tail));
    t->b[0] = head;
    return peer_decode(t->codec, slice_of(t->b, bytes.len + strlen(tail)), &t->out);
}

Test(peer, counts_and_padding_at_the_end_are_told_apart)
{
    static const struct {
        uint8_t head;
        const char *tail;
        enum err want;
        uint32_t retired_n;
        uint32_t forgotten_n;
    } cases[] = {
        {0x9B, "", OK, 0, 0},
        {0x9C, "\xc4\x01z", OK, 0, 0},     /* padding, counts left out */
        {0x9D, "\xc4\x01z\x01", OK, 0, 0}, /* and something of a later version */
        {0x9D, "\x05\x02", OK, 5, 2},
        {0x9D, "\x05\x05", OK, 5, 5},
        {0x9E, "\x05\x02\xc4\x01z", OK, 5, 2}, /* counts, padding */
        {0x9E, "\x05\x02\xc0", OK, 5, 2},
        {0x9C, "\x05", ERR_MALFORMED, 0, 0},     /* half of the counts */
        {0x9D, "\x05\x06", ERR_MALFORMED, 0, 0}, /* more forgotten than retired */
        {0x9D, "\x05\xc0", ERR_MALFORMED, 0, 0},
        {0x9D, "\xc0\x05", ERR_MALFORMED, 0, 0},
        {0x9D, "\xce\xff\xff\xff\xff\x05", OK, UINT32_MAX, 5},
        {0x9D, "\xcf\x01\x01\x01\x01\x01\x01\x01\x01\x05", ERR_MALFORMED, 0, 0},
    };
    struct bench *t = bench_new();
    const struct slice bytes = vector_of(t, PEER_LEAVE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        cr_assert(decode_with_tail(t, bytes, cases[i].head, cases[i].tail) == cases[i].want,
                  "case %zu", i);
        if (cases[i].want == OK)
            cr_expect(t->out.retired_n == cases[i].retired_n &&
                          t->out.forgotten_n == cases[i].forgotten_n,
                      "case %zu", i);
    }
    bench_free(t);
}

Test(peer, heads_of_nodes_that_know_of_no_retirement_are_read)
{
    static const struct {
        const char *args;
        uint32_t ring_seen;
        uint32_t retired_from;
        size_t retired_len;
    } cases[] = {{"\x92\xc0\xc4", 0, 0, 0},
                 {"\x93\xc0\xc4", 5, 0, 0},
                 {"\x94\xc0\xc4", 5, 6, 0},
                 {"\x95\xc0\xc4", 5, 6, 0}};

    static const uint8_t rest[] = {0, 5, 6, 0xC4, 0};
    struct bench *t = bench_new();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t args[8];
        memcpy(args, cases[i].args, 3);
        memcpy(args + 3, rest, sizeof rest);
        const size_t len = i == 3 ? 8 : 4 + i;
        struct edit e = {.path = "7", .with = slice_of(args, len), .leaf = -1};
        const size_t whole = edit_value(&e, vector_of(t, PEER_HEADS), t->b);
        cr_assert(peer_decode(t->codec, slice_of(t->b, whole), &t->out) == OK, "case %zu", i);
        cr_expect(t->out.args.heads.ring_seen == cases[i].ring_seen &&
                  t->out.args.heads.retired_from == cases[i].retired_from &&
                  t->out.args.heads.retired.len == cases[i].retired_len);
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
    cr_expect(peer_decode(t->codec, slice_text("\x91\x14"), &t->out) == ERR_VERSION);
    cr_expect(peer_decode(t->codec, slice_of("\x91\x00", 2), &t->out) == ERR_VERSION);
    cr_expect(peer_decode(t->codec, slice_text("\x92\x14\xa1y"), &t->out) == ERR_VERSION);
    cr_expect(peer_decode(t->codec, slice_of(wide, sizeof wide), &t->out) == ERR_VERSION);
    cr_expect(peer_decode(t->codec, slice_text("\x91\xff"), &t->out) == ERR_MALFORMED);
    cr_expect(peer_decode(t->codec, slice_text("\x90"), &t->out) == ERR_MALFORMED);
    cr_expect(peer_decode(t->codec, slice_text("\x01"), &t->out) == ERR_MALFORMED);
    bench_free(t);
}

/** A bin in the place of the two counts at the end pads, and then they were left out. */
static bool is_padding(uint8_t type, int from_end, const char *with)
{
    return (type == PEER_POLL || type == PEER_PROOF) && from_end == -2 && with[0] == '\xc4';
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
                if (is_padding(type, leaf - leaves, wrong[i]))
                    continue;
                cr_assert(peer_decode(t->codec, slice_of(t->b, len), &t->out) == ERR_MALFORMED,
                          "type %u, integer %d, value %zu", type, leaf, i);
            }
        }
    }
    bench_free(t);
}

/* ---- start ---- */

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
