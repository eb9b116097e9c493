#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "wire/peer.h"

#include "edit.h"
#include "golden.h"

#define GEN_TOP (UINT64_C(1) << 62)

/** A decoder and room for bytes. */
struct bench {
    uint8_t mem[4096];
    struct arena arena;
    struct peer_codec *codec;
    struct peer_msg out;
    uint8_t a[4096];
    uint8_t b[EDIT_CAP];
};

static struct bench *bench_new(void)
{
    struct bench *t = calloc(1, sizeof *t);
    arena_init(&t->arena, t->mem, sizeof t->mem);
    t->codec = peer_codec_new(&t->arena);
    cr_assert(t->codec != NULL);
    return t;
}

static void bench_free(struct bench *t)
{
    peer_codec_free(t->codec);
    free(t);
}

/** One part of a golden message, replaced. */
struct replaced {
    uint8_t type;
    const char *path;
    const char *with; /* msgpack; NULL: `len` bytes of the kind `lead` */
    uint8_t lead;     /* 'b' bin, 's' str, 'u' the integer n, 'n' an array of n nils */
    uint64_t n;
    enum err want;
};

static struct slice replacement(const struct replaced *c, uint8_t *buf, size_t cap)
{
    static const uint8_t zero[1024];
    if (c->with != NULL)
        return slice_text(c->with);
    struct writer w = writer_of(buf, cap);
    const uint8_t head = c->lead == 'b'   ? 0xC5
                         : c->lead == 's' ? 0xDA
                         : c->lead == 'n' ? 0xDC
                                          : 0xCF;
    write_u8(&w, head);
    if (c->lead == 'u') {
        write_u64(&w, c->n);
        return writer_slice(&w);
    }
    write_u16(&w, (uint16_t)c->n);
    for (uint64_t i = 0; c->lead == 'n' && i < c->n; i++)
        write_u8(&w, 0xC0);
    if (c->lead != 'n')
        write_bytes(&w, slice_of(zero, c->n));
    return writer_slice(&w);
}

static void expect_replaced(struct bench *t, const struct replaced *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t buf[2048];
        struct edit e = {.path = cases[i].path, .leaf = -1};
        e.with = replacement(&cases[i], buf, sizeof buf);
        const size_t len = edit_value(&e, golden_peer(cases[i].type, t->a, sizeof t->a), t->b);
        cr_assert(e.done, "%s", cases[i].path);
        const enum err got = peer_decode(t->codec, slice_of(t->b, len), &t->out);
        cr_expect(got == cases[i].want, "case %zu: type %u at %s: %s", i, cases[i].type,
                  cases[i].path, err_text(got));
    }
}

#define LIMIT ERR_LIMIT
#define BAD   ERR_MALFORMED

Test(peer_limits, limits_of_the_common_fields)
{
    static const struct replaced cases[] = {
        {PEER_LEAVE, "1", NULL, 'u', GEN_TOP - 1, OK},
        {PEER_LEAVE, "1", NULL, 'u', GEN_TOP, OK},
        {PEER_LEAVE, "1", NULL, 'u', GEN_TOP + 1, BAD},
        {PEER_LEAVE, "2", NULL, 'u', UINT32_MAX, OK},
        {PEER_LEAVE, "2", NULL, 'u', (uint64_t)UINT32_MAX + 1, BAD},
        {PEER_LEAVE, "3", NULL, 'u', UINT64_MAX, OK},
        {PEER_LEAVE, "4", NULL, 'u', UINT64_MAX, OK},
        {PEER_LEAVE, "5", NULL, 'u', UINT64_MAX, OK},
        {PEER_LEAVE, "6", NULL, 'b', 7, BAD},
        {PEER_LEAVE, "6", NULL, 'b', 8, OK},
        {PEER_LEAVE, "6", NULL, 'b', 9, BAD},
        {PEER_LEAVE, "6", "\x01", 0, 0, BAD},
        {PEER_LEAVE, "7", "\x01", 0, 0, BAD},
        {PEER_LEAVE, "8", NULL, 'n', 64, BAD}, /* 64 nils are within the limit, but no records */
        {PEER_LEAVE, "8", NULL, 'n', 65, LIMIT},
        {PEER_LEAVE, "8", "\xc0", 0, 0, BAD},
        {PEER_LEAVE, "9", NULL, 'b', 0, OK},
        {PEER_LEAVE, "9", NULL, 's', 1, BAD},
        {PEER_LEAVE, "10", NULL, 'b', 23, BAD},
        {PEER_LEAVE, "10", NULL, 'b', 24, OK},
        {PEER_LEAVE, "10", NULL, 'b', 25, BAD},
        {PEER_LEAVE, "10", "\x90", 0, 0, BAD},
    };
    struct bench *t = bench_new();
    expect_replaced(t, cases, ARRAY_LEN(cases));
    bench_free(t);
}

Test(peer_limits, limits_of_a_record)
{
    static const struct replaced cases[] = {
        {PEER_GOSSIP, "8.0.0", NULL, 's', 0, BAD},
        {PEER_GOSSIP, "8.0.0", NULL, 's', 1, OK},
        {PEER_GOSSIP, "8.0.0", NULL, 's', 62, OK},
        {PEER_GOSSIP, "8.0.0", NULL, 's', 63, OK},
        {PEER_GOSSIP, "8.0.0", NULL, 's', 64, LIMIT},
        {PEER_GOSSIP, "8.0.0", NULL, 'b', 5, BAD},
        {PEER_GOSSIP, "8.0.0", "\xc0", 0, 0, BAD},
        {PEER_GOSSIP, "8.0.1", NULL, 'u', GEN_TOP, OK},
        {PEER_GOSSIP, "8.0.1", NULL, 'u', GEN_TOP + 1, BAD},
        {PEER_GOSSIP, "8.0.2", NULL, 'u', UINT32_MAX, OK},
        {PEER_GOSSIP, "8.0.2", NULL, 'u', (uint64_t)UINT32_MAX + 1, BAD},
        {PEER_GOSSIP, "8.0.3", NULL, 'u', 0, BAD},
        {PEER_GOSSIP, "8.0.3", NULL, 'u', 1, OK},
        {PEER_GOSSIP, "8.0.3", NULL, 'u', 4, OK},
        {PEER_GOSSIP, "8.0.3", NULL, 'u', 5, BAD},
        {PEER_GOSSIP, "8.0.4", NULL, 'b', 0, BAD},
        {PEER_GOSSIP, "8.0.4", NULL, 'b', 3, BAD},
        {PEER_GOSSIP, "8.0.4", NULL, 'b', 4, OK},
        {PEER_GOSSIP, "8.0.4", NULL, 'b', 5, BAD},
        {PEER_GOSSIP, "8.0.4", NULL, 'b', 15, BAD},
        {PEER_GOSSIP, "8.0.4", NULL, 'b', 16, OK},
        {PEER_GOSSIP, "8.0.4", NULL, 'b', 17, BAD},
        {PEER_GOSSIP, "8.0.5", NULL, 'u', UINT16_MAX, OK},
        {PEER_GOSSIP, "8.0.5", NULL, 'u', UINT16_MAX + 1, BAD},
        {PEER_GOSSIP, "8.0.6", NULL, 'u', (uint64_t)UINT32_MAX + 1, BAD},
        {PEER_GOSSIP, "8.0.7", NULL, 'u', UINT64_MAX, OK},
        {PEER_GOSSIP, "8.1.8", NULL, 's', 0, BAD},
        {PEER_GOSSIP, "8.1.8", NULL, 's', 63, OK},
        {PEER_GOSSIP, "8.1.8", NULL, 's', 64, LIMIT},
        {PEER_GOSSIP, "8.1.8", "\xc0", 0, 0, OK},
        {PEER_GOSSIP, "8.0.9", NULL, 'u', (uint64_t)UINT32_MAX + 1, BAD},
        {PEER_GOSSIP, "8.0.10", NULL, 'b', 0, OK},
        {PEER_GOSSIP, "8.0.10", NULL, 'b', 255, OK},
        {PEER_GOSSIP, "8.0.10", NULL, 'b', 256, OK},
        {PEER_GOSSIP, "8.0.10", NULL, 'b', 257, LIMIT},
        {PEER_GOSSIP, "8.0.10", NULL, 's', 4, BAD},
        {PEER_GOSSIP, "8.0", "\xc0", 0, 0, BAD},
        {PEER_GOSSIP, "8.0", "\x90", 0, 0, BAD},
    };
    struct bench *t = bench_new();
    expect_replaced(t, cases, ARRAY_LEN(cases));
    bench_free(t);
}

Test(peer_limits, limits_of_the_arguments)
{
    static const struct replaced cases[] = {
        {PEER_PING, "7", "\xc0", 0, 0, BAD},
        {PEER_PING, "7.0", NULL, 'b', 7, BAD},
        {PEER_PING, "7.0", NULL, 'b', 9, BAD},
        {PEER_PING, "7.0", "\xc0", 0, 0, BAD},
        {PEER_PING, "7.1", "\xc0", 0, 0, OK},
        {PEER_PING, "7.1", NULL, 's', 0, BAD},
        {PEER_PING, "7.1", NULL, 's', 64, LIMIT},
        {PEER_PING, "7.2", NULL, 'u', GEN_TOP, OK},
        {PEER_PING, "7.2", NULL, 'u', GEN_TOP + 1, BAD},
        {PEER_PING, "7.3", "\xc0", 0, 0, OK},
        {PEER_PING, "7.3", "\x92\x01\x01", 0, 0, BAD},
        {PEER_PING, "7.3.0", NULL, 'u', 5, BAD},
        {PEER_PING, "7.3.0", NULL, 'u', 0, BAD},
        {PEER_PING, "7.3.1", NULL, 'u', GEN_TOP + 1, BAD},
        {PEER_PING, "7.3.2", NULL, 'u', (uint64_t)UINT32_MAX + 1, BAD},
        {PEER_PING, "7.4", NULL, 'u', 255, OK},
        {PEER_PING, "7.4", NULL, 'u', 256, BAD},
        {PEER_ACK, "7.0", NULL, 'b', 0, BAD},
        {PEER_ACK, "7.1", "\xc0", 0, 0, OK},
        {PEER_ACK, "7.1", NULL, 'b', 16, BAD},
        {PEER_ACK, "7.2", NULL, 'u', UINT32_MAX, OK},
        {PEER_ACK, "7.2", NULL, 'u', (uint64_t)UINT32_MAX + 1, BAD},
        {PEER_PING_REQ, "7.1", "\xc0", 0, 0, BAD},
        {PEER_PING_REQ, "7.1", NULL, 's', 64, LIMIT},
        {PEER_PING_REQ, "7.2", NULL, 'u', GEN_TOP + 1, BAD},
        {PEER_PING_REQ, "7.3", NULL, 'b', 6, BAD},
        {PEER_PING_REQ, "7.4", NULL, 'u', UINT16_MAX + 1, BAD},
        {PEER_PING_REQ, "7.5", NULL, 'u', (uint64_t)UINT32_MAX + 1, BAD},
        {PEER_NACK, "7.1", NULL, 'u', 255, OK},
        {PEER_NACK, "7.1", NULL, 'u', 256, BAD},
        {PEER_NOT_ME, "7.1", NULL, 's', 64, LIMIT},
        {PEER_NOT_ME, "7.2", NULL, 'u', GEN_TOP + 1, BAD},
        {PEER_PULL, "7", "\x90", 0, 0, OK},
        {PEER_PULL, "7", NULL, 'n', 32, BAD}, /* within the limit, but no ranges */
        {PEER_PULL, "7", NULL, 'n', 33, LIMIT},
        {PEER_GONE, "7", NULL, 'n', 33, LIMIT},
        {PEER_PULL, "7.0.0", NULL, 'u', 0, BAD},
        {PEER_PULL, "7.0.1", NULL, 'u', 0, BAD},
        {PEER_PULL, "7.0.1", NULL, 'u', 9, OK},
        {PEER_PULL, "7.0.1", NULL, 'u', 10, BAD}, /* lo above hi */
        {PEER_PULL, "7.0.2", NULL, 'u', 2, BAD},
        {PEER_PULL, "7.0.2", NULL, 'u', UINT64_MAX, OK},
        {PEER_HEADS, "7.0", "\xc0", 0, 0, OK},
        {PEER_HEADS, "7.0", NULL, 'b', 255, BAD},
        {PEER_HEADS, "7.0", NULL, 'b', 256, OK},
        {PEER_HEADS, "7.0", NULL, 'b', 257, LIMIT},
        {PEER_HEADS, "7.1", "\xc0", 0, 0, BAD},
        {PEER_HEADS, "7.1", NULL, 'b', 0, OK},
        {PEER_HEADS, "7.1", NULL, 'b', 25, BAD},
    };
    struct bench *t = bench_new();
    expect_replaced(t, cases, ARRAY_LEN(cases));
    bench_free(t);
}

Test(peer_limits, a_proof_is_whole_or_one_of_at_most_eight_parts)
{
    static const struct {
        const char *tail; /* of the args, behind an empty bin of covers */
        enum err want;
    } cases[] = {{"", OK},
                 {"\x01\x01", OK},
                 {"\x07\x07", OK},
                 {"\x01\x07\xc0", OK}, /* and something of a later version */
                 {"\x01", ERR_MALFORMED},
                 {"\x02\x01", ERR_MALFORMED},
                 {"\x01\x08", ERR_MALFORMED},
                 {"\x08\x08", ERR_MALFORMED},
                 {"\x01\xc0", ERR_MALFORMED},
                 {"\xc0\x01", ERR_MALFORMED},
                 {"\xff\x01", ERR_MALFORMED}};

    static const char args[] = "\xc4\x08"
                               "challeng"
                               "\x01\x07\xc2\x05\xc4";
    struct bench *t = bench_new();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t with[32];
        const size_t tail = strlen(cases[i].tail);
        with[0] = (uint8_t)(0x96 + tail);
        memcpy(with + 1, args, sizeof args); /* its last byte is the length of the covers, 0 */
        memcpy(with + 1 + sizeof args, cases[i].tail, tail);
        struct edit e = {.path = "7", .with = slice_of(with, 1 + sizeof args + tail), .leaf = -1};
        const size_t len = edit_value(&e, golden_peer(PEER_PROOF, t->a, sizeof t->a), t->b);
        cr_expect(peer_decode(t->codec, slice_of(t->b, len), &t->out) == cases[i].want, "case %zu",
                  i);
    }
    bench_free(t);
}

Test(peer_limits, limits_of_the_arguments_of_checks)
{
    static const struct replaced cases[] = {
        {PEER_POLL, "7", "\xc0", 0, 0, BAD},
        {PEER_POLL, "7", "\x91\x01", 0, 0, BAD},
        {PEER_POLL, "7.0", NULL, 'b', 7, BAD},
        {PEER_POLL, "7.1", NULL, 'u', UINT32_MAX, OK},
        {PEER_POLL, "7.1", NULL, 'u', (uint64_t)UINT32_MAX + 1, BAD},
        {PEER_POLL, "11", NULL, 'u', 2, OK},
        {PEER_POLL, "11", NULL, 'u', 1, BAD}, /* and 2 of them forgotten */
        {PEER_POLL, "12", NULL, 'u', 9, OK},
        {PEER_POLL, "12", NULL, 'u', 10, BAD},
        {PEER_PROOF, "7", "\xc0", 0, 0, BAD},
        {PEER_PROOF, "7.0", "\xc0", 0, 0, BAD},
        {PEER_PROOF, "7.1", NULL, 'u', VOTE_NONE, OK},
        {PEER_PROOF, "7.1", NULL, 'u', VOTE_ANEW, OK},
        {PEER_PROOF, "7.1", NULL, 'u', VOTE_ANEW + 1, BAD},
        {PEER_PROOF, "7.1", NULL, 'u', 257, BAD},
        {PEER_PROOF, "7.2", NULL, 'u', (uint64_t)UINT32_MAX + 1, BAD},
        {PEER_PROOF, "7.3", "\xc3", 0, 0, OK},
        {PEER_PROOF, "7.3", "\xc0", 0, 0, BAD},
        {PEER_PROOF, "7.3", "\x01", 0, 0, BAD},
        {PEER_PROOF, "7.4", NULL, 'u', UINT64_MAX, OK},
        {PEER_PROOF, "7.5", "\xc0", 0, 0, BAD},
        {PEER_PROOF, "7.5", NULL, 'b', 0, OK},
        {PEER_PROOF, "7.5", NULL, 'b', 25, BAD},
        {PEER_SUMS, "7", "\xc0", 0, 0, BAD},
        {PEER_SUMS, "7", "\x90", 0, 0, BAD},
        {PEER_SUMS, "7", NULL, 'b', 0, OK},
        {PEER_SUMS, "7", NULL, 'b', 31, BAD},
        {PEER_SUMS, "7", NULL, 'b', 32, BAD}, /* epoch 0 */
        {PEER_SUMS, "7", NULL, 's', 32, BAD},
        {PEER_SUMS, "7", NULL, 'b', 24 * 32 + 1, LIMIT},
        {PEER_SAMPLE, "7", "\xc0", 0, 0, BAD},
        {PEER_SAMPLE, "7", NULL, 'b', 0, OK},
        {PEER_SAMPLE, "7", NULL, 'b', 15, BAD},
        {PEER_SAMPLE, "7", NULL, 'b', 16, OK},
        {PEER_SAMPLE, "7", NULL, 'b', 48 * 16 - 16, OK},
        {PEER_SAMPLE, "7", NULL, 'b', 48 * 16, OK},
        {PEER_SAMPLE, "7", NULL, 'b', 48 * 16 + 1, LIMIT},
        {PEER_SAMPLE, "7", NULL, 'b', 49 * 16, LIMIT},
        {PEER_TRACE, "7", "\xc0", 0, 0, BAD},
        {PEER_TRACE, "7.0", NULL, 'b', 9, BAD},
        {PEER_TRACE, "7.1", NULL, 'u', 0, BAD},
        {PEER_TRACE, "7.1", NULL, 'u', UINT64_MAX, OK},
        {PEER_TRACE, "7.2", NULL, 'u', 0, BAD},
        {PEER_TRACE, "7.2", NULL, 'u', UINT64_MAX, OK},
        {PEER_TRACED, "7", "\xc0", 0, 0, BAD},
        {PEER_TRACED, "7.0", "\xc0", 0, 0, BAD},
        {PEER_TRACED, "7.1", NULL, 'u', TRACE_UNKNOWN, OK},
        {PEER_TRACED, "7.1", NULL, 'u', TRACE_BARRED, OK},
        {PEER_TRACED, "7.1", NULL, 'u', TRACE_BARRED + 1, BAD},
        {PEER_TRACED, "7.1", NULL, 'u', 259, BAD},
        {PEER_TRACED, "7.2", NULL, 'u', UINT64_MAX, OK},
        {PEER_TRACED, "7.3", NULL, 'u', UINT64_MAX, OK},
    };
    struct bench *t = bench_new();
    expect_replaced(t, cases, ARRAY_LEN(cases));
    bench_free(t);
}

Test(peer_limits, limits_of_the_arguments_of_surveys)
{
    static const struct replaced cases[] = {
        {PEER_SURVEY, "7", "\xc0", 0, 0, BAD},
        {PEER_SURVEY, "7.0", NULL, 'b', 9, BAD},
        {PEER_SURVEY, "7.1", NULL, 'u', 0, OK},
        {PEER_SURVEY, "7.1", NULL, 'u', UINT64_MAX, OK},
        {PEER_SURVEY, "7.2", NULL, 'u', 0, BAD},
        {PEER_SURVEY, "7.2", NULL, 'u', 1, OK},
        {PEER_SURVEY, "7.2", NULL, 'u', PEER_HEARD_MAX, OK},
        {PEER_SURVEY, "7.2", NULL, 'u', PEER_HEARD_MAX + 1, BAD},
        {PEER_SURVEY, "7.2", NULL, 'u', 257, BAD},
        {PEER_SURVEYED, "7", "\xc0", 0, 0, BAD},
        {PEER_SURVEYED, "7.0", "\xc0", 0, 0, BAD},
        {PEER_SURVEYED, "7.1", NULL, 'u', 0, OK},
        {PEER_SURVEYED, "7.1", NULL, 'u', UINT64_MAX, BAD}, /* epochs lie behind it */
        {PEER_SURVEYED, "7.2", NULL, 'u', UINT32_MAX, OK},
        {PEER_SURVEYED, "7.2", NULL, 'u', (uint64_t)UINT32_MAX + 1, BAD},
        {PEER_SURVEYED, "7.3", "\xc0", 0, 0, BAD},
        {PEER_SURVEYED, "7.3", NULL, 'b', 0, BAD}, /* and 3 left: it would be asked for ever */
        {PEER_SURVEYED, "7.3", NULL, 'b', 23, BAD},
        {PEER_SURVEYED, "7.3", NULL, 'b', PEER_HEARD_MAX * 24 + 1, LIMIT},
    };
    struct bench *t = bench_new();
    expect_replaced(t, cases, ARRAY_LEN(cases));
    bench_free(t);
}

/** A SURVEYED with two origins, behind the golden one's predecessor. */
static enum err decode_heard(struct bench *t, struct peer_heard a, struct peer_heard b)
{
    uint8_t buf[2 + 2 * PEER_HEARD_LEN];
    const struct peer_heard both[] = {a, b};
    struct writer w = writer_of(buf, sizeof buf);
    write_u8(&w, 0xC4);
    write_u8(&w, 2 * PEER_HEARD_LEN);
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        write_u64(&w, both[i].epoch);
        write_u64(&w, both[i].heard);
        write_u64(&w, both[i].covered);
    }
    cr_assert(w.err == OK);
    struct edit e = {.path = "7.3", .with = writer_slice(&w), .leaf = -1};
    const size_t len = edit_value(&e, golden_peer(PEER_SURVEYED, t->a, sizeof t->a), t->b);
    return peer_decode(t->codec, slice_of(t->b, len), &t->out);
}

Test(peer_limits, heard_origins_rise_and_cover_no_more_than_they_heard)
{
    const uint64_t e = GOLDEN_EPOCH;
    struct bench *t = bench_new();
    cr_expect(decode_heard(t, (struct peer_heard){e, 9, 9}, (struct peer_heard){e + 1, 0, 0}) ==
              OK);
    cr_expect(t->out.args.surveyed.n == 2 && t->out.args.surveyed.at[1].epoch == e + 1);
    cr_expect(decode_heard(t, (struct peer_heard){e, 9, 10}, (struct peer_heard){e + 1, 0, 0}) ==
              BAD);
    cr_expect(decode_heard(t, (struct peer_heard){e, 9, 9}, (struct peer_heard){e, 9, 9}) == BAD);
    cr_expect(decode_heard(t, (struct peer_heard){e + 1, 9, 9}, (struct peer_heard){e, 9, 9}) ==
              BAD);
    cr_expect(decode_heard(t, (struct peer_heard){e - 1, 9, 9}, (struct peer_heard){e, 9, 9}) ==
              BAD);
    cr_expect(decode_heard(t, (struct peer_heard){0, 9, 9}, (struct peer_heard){e, 9, 9}) == BAD);
    bench_free(t);
}

/** Sums of one bin: n of them, all of sequences lo + 1 to hi of this epoch. */
static enum err decode_sums(struct bench *t, uint64_t epoch, uint64_t lo, uint64_t hi, size_t n)
{
    uint8_t buf[1024];
    struct writer w = writer_of(buf, sizeof buf);
    write_u8(&w, 0xC5);
    write_u16(&w, (uint16_t)(n * 32));
    for (size_t i = 0; i < n; i++) {
        write_u64(&w, epoch);
        write_u64(&w, lo);
        write_u64(&w, hi);
        write_u64(&w, i);
    }
    cr_assert(w.err == OK);
    struct edit e = {.path = "7", .with = writer_slice(&w), .leaf = -1};
    const size_t len = edit_value(&e, golden_peer(PEER_SUMS, t->a, sizeof t->a), t->b);
    return peer_decode(t->codec, slice_of(t->b, len), &t->out);
}

Test(peer_limits, limits_of_sums)
{
    struct bench *t = bench_new();
    cr_expect(decode_sums(t, 1, 0, 1, PEER_SUMS_MAX - 1) == OK);
    cr_expect(decode_sums(t, 1, 0, 1, PEER_SUMS_MAX) == OK && t->out.args.sums.n == PEER_SUMS_MAX);
    cr_expect(decode_sums(t, 1, 0, 1, PEER_SUMS_MAX + 1) == LIMIT);
    cr_expect(decode_sums(t, 0, 0, 1, 1) == BAD);
    cr_expect(decode_sums(t, 1, 0, 0, 1) == BAD);
    cr_expect(decode_sums(t, 1, 1, 1, 1) == BAD);
    cr_expect(decode_sums(t, 1, 2, 1, 1) == BAD);
    cr_expect(decode_sums(t, UINT64_MAX, UINT64_MAX - 1, UINT64_MAX, 1) == OK);
    bench_free(t);
}

/** HEADS with these arguments behind the covers, as msgpack. */
static enum err decode_heads(struct bench *t, size_t n, const void *tail, size_t tail_len)
{
    uint8_t args[512];
    struct writer w = writer_of(args, sizeof args);
    write_u8(&w, (uint8_t)(0x92 + n));
    write_bytes(&w, slice_text("\xc0\xc4"));
    write_u8(&w, 0);
    write_bytes(&w, slice_of(tail, tail_len));
    struct edit e = {.path = "7", .with = writer_slice(&w), .leaf = -1};
    const size_t len = edit_value(&e, golden_peer(PEER_HEADS, t->a, sizeof t->a), t->b);
    return peer_decode(t->codec, slice_of(t->b, len), &t->out);
}

Test(peer_limits, limits_of_retired_origins)
{
    struct bench *t = bench_new();
    uint8_t tail[64] = {5, 8, 0xC4};
    for (uint8_t len = 0; len <= 60; len++) {
        tail[3] = len;
        cr_expect(decode_heads(t, 3, tail, 4U + len) == (len % 20 == 0 ? OK : BAD), "%u", len);
    }
    cr_expect(decode_heads(t, 1, "\xce\xff\xff\xff\xff", 5) == OK);
    cr_expect(decode_heads(t, 1, "\xcf\x01\x01\x01\x01\x01\x01\x01\x01", 9) == BAD);
    cr_expect(decode_heads(t, 2, "\x01\xcf\x01\x01\x01\x01\x01\x01\x01\x01", 10) == BAD);
    cr_expect(decode_heads(t, 1, "\xc0", 1) == BAD);
    cr_expect(decode_heads(t, 2, "\x01\xc0", 2) == BAD);
    cr_expect(decode_heads(t, 3, "\x01\x01\xc0", 3) == BAD);
    cr_expect(decode_heads(t, 3, "\x01\x01\xa0", 3) == BAD);
    bench_free(t);
}

Test(peer_limits, depth_and_nodes_are_limited)
{
    static const struct replaced cases[] = {
        {PEER_LEAVE, "7", "\x91\x91\x91\x91\x91\xc0", 0, 0, OK}, /* with the body: depth 6 */
        {PEER_LEAVE, "7", "\x91\x91\x91\x91\x91\x91\xc0", 0, 0, LIMIT},
        {PEER_LEAVE, "7", NULL, 'n', PEER_NODES_MAX - 13, OK},
        {PEER_LEAVE, "7", NULL, 'n', PEER_NODES_MAX - 12, OK}, /* with array and 11 fields */
        {PEER_LEAVE, "7", NULL, 'n', PEER_NODES_MAX - 11, LIMIT},
    };
    struct bench *t = bench_new();
    expect_replaced(t, cases, ARRAY_LEN(cases));
    bench_free(t);
}

Test(peer_limits, bombs_are_refused)
{
    struct bench *t = bench_new();
    uint8_t chain[94], deep[41];
    for (size_t i = 0; i < 31; i++)
        memcpy(chain + 3 * i, "\xdc\xff\xff", 3);
    chain[93] = 0xC0;
    memset(deep, 0x91, 40);
    deep[40] = 0xC0;

    const struct {
        struct slice bytes;
        enum err want;
    } cases[] = {
        {slice_of("\xdd\x00\x10\x00\x00", 5), LIMIT},
        {slice_of("\xdd\xff\x00\x00\x00", 5), LIMIT},
        {slice_of("\xdf\xff\xff\xff\xff", 5), LIMIT},
        {slice_of("\xde\xff\xff", 3), LIMIT},
        {slice_of(chain, sizeof chain), LIMIT},
        {slice_of(deep, sizeof deep), LIMIT},
        {slice_of("\x9b\xc7\x02\x01zz", 6), BAD},
        {slice_of("\x9b\xd4\x01z", 4), BAD},
        {slice_of("\x9b\xc1", 2), BAD},
        {slice_of("\x9b\xc6\xff\xff\xff\xff", 6), BAD},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        cr_expect(peer_decode(t->codec, cases[i].bytes, &t->out) == cases[i].want, "bomb %zu", i);
    bench_free(t);
}
