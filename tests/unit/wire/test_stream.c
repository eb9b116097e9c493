#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "wire/stream.h"

#include "edit.h"
#include "golden.h"
#include "peer_gen.h"

#define ARENA 262144

static const uint8_t last_type = STREAM_ENTRIES;

static const char *const vector_names[] = {
    [STREAM_HELLO] = "stream_hello",     [STREAM_AUTH] = "stream_auth",
    [STREAM_DIGEST] = "stream_digest",   [STREAM_RECORDS] = "stream_records",
    [STREAM_HEADS] = "stream_heads",     [STREAM_PULL] = "stream_pull",
    [STREAM_DOTS] = "stream_dots",       [STREAM_GONE] = "stream_gone",
    [STREAM_DONE] = "stream_done",       [STREAM_TOUCHED] = "stream_touched",
    [STREAM_RETIRED] = "stream_retired", [STREAM_WANT] = "stream_want",
    [STREAM_ENTRIES] = "stream_entries",
};

/** A decoder, a generator and room for bytes, records and ranges. */
struct bench {
    uint8_t mem[ARENA];
    struct arena arena;
    struct stream_codec *codec;
    struct peer_gen gen;
    struct stream_msg in;
    struct stream_msg out;
    struct peer_record records[STREAM_RECORDS_MAX + 1];
    struct dot_range ranges[STREAM_RANGES_MAX + 1];
    struct stream_entry entries[ENTRIES_MAX + 1];
    uint8_t bitmap[STREAM_TOUCHED_BITS_MAX];
    uint8_t a[2 * EDIT_CAP];
    uint8_t b[EDIT_CAP];
};

static struct bench *bench_new(void)
{
    struct bench *t = calloc(1, sizeof *t);
    arena_init(&t->arena, t->mem, sizeof t->mem);
    t->codec = stream_codec_new(&t->arena);
    cr_assert(t->codec != NULL);
    peer_gen_init(&t->gen);
    return t;
}

static void bench_free(struct bench *t)
{
    stream_codec_free(t->codec);
    free(t);
}

static struct slice vector_of(struct bench *t, uint8_t type)
{
    return golden_bytes(vector_names[type], t->a, sizeof t->a);
}

static bool hello_same(const struct stream_hello *a, const struct stream_hello *b)
{
    return a->wire_min == b->wire_min && a->wire_max == b->wire_max &&
           record_same(&a->record, &b->record) && a->view_hash == b->view_hash &&
           a->vector_hash == b->vector_hash && a->challenge == b->challenge &&
           a->purpose == b->purpose && a->window_ms == b->window_ms && slice_eq(a->share, b->share);
}

static bool entry_same(const struct stream_entry *a, const struct stream_entry *b)
{
    return slice_eq(a->ns, b->ns) && slice_eq(a->key, b->key) && slice_eq(a->value, b->value) &&
           slice_eq(a->tags, b->tags) && a->ttl_ms == b->ttl_ms && a->fresh_ms == b->fresh_ms &&
           a->age_ms == b->age_ms && a->has_version == b->has_version && a->version == b->version;
}

/** Do both say the same, field by field? */
static bool same(const struct stream_msg *a, const struct stream_msg *b)
{
    bool equal = a->type == b->type && a->echo == b->echo && slice_eq(a->bytes, b->bytes) &&
                 a->records_n == b->records_n && a->ranges_n == b->ranges_n &&
                 a->everything == b->everything && a->tagged == b->tagged &&
                 a->bucket_bits == b->bucket_bits && a->cursor == b->cursor &&
                 a->entries_n == b->entries_n;
    if (equal && a->type == STREAM_HELLO)
        return hello_same(&a->hello, &b->hello);
    for (size_t i = 0; equal && i < a->records_n; i++)
        equal = record_same(&a->records[i], &b->records[i]);
    for (size_t i = 0; equal && i < a->ranges_n; i++)
        equal = range_same(&a->ranges[i], &b->ranges[i]);
    for (size_t i = 0; equal && i < a->entries_n; i++)
        equal = entry_same(&a->entries[i], &b->entries[i]);
    return equal;
}

/* ---- golden bytes ---- */

static const struct dot_range two_ranges[] = {{GOLDEN_EPOCH, 3, 9}, {GOLDEN_EPOCH_B, 1, 300}};

/** Two entries: one with all that there is, one with as little. */
static size_t two_entries(struct stream_entry out[2])
{
    static const uint8_t tags[] = {0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
                                   0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28};
    out[0] = (struct stream_entry){.ns = slice_text("prices"),
                                   .key = slice_text("eur/usd"),
                                   .value = slice_text("1.0875"),
                                   .tags = slice_of(tags, sizeof tags),
                                   .ttl_ms = 60000,
                                   .fresh_ms = 30000,
                                   .age_ms = 5000,
                                   .has_version = true,
                                   .version = 99};
    out[1] = (struct stream_entry){.key = slice_text("k")};
    return 2;
}

static struct slice want_bytes(uint8_t type, uint8_t digest[2048])
{
    for (size_t i = 0; i < 2048; i++)
        digest[i] = (uint8_t)(i % 8 == 7 ? i / 8 : 0);
    switch (type) {
    case STREAM_DIGEST:
        return slice_of(digest, 2048);
    case STREAM_HEADS:
        return golden_cover();
    case STREAM_DOTS:
        return golden_dot();
    case STREAM_RETIRED:
        return golden_retired();
    case STREAM_TOUCHED:
        memset(digest, 0, 512);
        digest[0] = 1 | 1 << 7;
        digest[511] = 1 << 7;
        return slice_of(digest, 512);
    default:
        return (struct slice){0};
    }
}

static void want_msg(struct bench *t, uint8_t type, uint8_t digest[2048])
{
    static const char share[] = "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_";
    t->records[0] = golden_record_a();
    t->records[1] = golden_record_b();
    t->in = (struct stream_msg){.type = type, .bytes = want_bytes(type, digest)};
    if (type == STREAM_HELLO)
        t->in.hello = (struct stream_hello){.wire_min = 1,
                                            .wire_max = 1,
                                            .record = t->records[0],
                                            .view_hash = UINT64_C(0x0123456789ABCDEF),
                                            .vector_hash = UINT64_C(0xFEDCBA9876543210),
                                            .challenge = GOLDEN_CHALLENGE,
                                            .purpose = STREAM_FOR_SYNC,
                                            .window_ms = 1000,
                                            .share = slice_text(share)};
    if (type == STREAM_AUTH)
        t->in.echo = GOLDEN_CHALLENGE;
    if (type == STREAM_RECORDS) {
        t->in.records = t->records;
        t->in.records_n = 2;
    }
    if (type == STREAM_PULL || type == STREAM_GONE) {
        t->in.ranges = two_ranges;
        t->in.ranges_n = type == STREAM_PULL ? 2 : 1;
    }
    if (type == STREAM_WANT || type == STREAM_ENTRIES)
        t->in.cursor = UINT64_C(0x0102030405060708);
    if (type == STREAM_ENTRIES) {
        t->in.entries_n = two_entries(t->entries);
        t->in.entries = t->entries;
    }
    if (type == STREAM_TOUCHED) {
        t->in.ranges = two_ranges;
        t->in.ranges_n = 1;
        t->in.tagged = true;
        t->in.bucket_bits = 12;
    }
}

Test(stream, golden_bytes_of_every_type)
{
    struct bench *t = bench_new();
    uint8_t digest[2048];
    for (uint8_t type = STREAM_HELLO; type <= last_type; type++) {
        const struct slice bytes = vector_of(t, type);
        size_t len = 0;
        want_msg(t, type, digest);
        cr_assert(stream_decode(t->codec, bytes, &t->out) == OK, "type %u", type);
        cr_expect(same(&t->in, &t->out), "type %u", type);
        cr_assert(stream_encode(&t->in, t->b, sizeof t->b, &len) == OK);
        cr_expect(slice_eq(slice_of(t->b, len), bytes), "type %u", type);
    }
    bench_free(t);
}

Test(stream, golden_bytes_of_everything_touched)
{
    struct bench *t = bench_new();
    uint8_t digest[2048];
    size_t len = 0;
    const struct slice bytes = golden_bytes("stream_touched_all", t->a, sizeof t->a);
    want_msg(t, STREAM_TOUCHED, digest);
    t->in.everything = true;
    t->in.tagged = false;
    t->in.bucket_bits = 16;
    t->in.bytes = (struct slice){0};
    cr_assert(stream_decode(t->codec, bytes, &t->out) == OK);
    cr_expect(same(&t->in, &t->out));
    cr_assert(stream_encode(&t->in, t->b, sizeof t->b, &len) == OK);
    cr_expect(slice_eq(slice_of(t->b, len), bytes));
    bench_free(t);
}

/* ---- round trips ---- */

static struct slice any_bytes(struct bench *t, uint8_t type)
{
    if (type == STREAM_DIGEST)
        return peer_gen_bytes(&t->gen, STREAM_BUCKETS * 8, STREAM_BUCKETS * 8);
    const size_t len = 24 * (size_t)peer_gen_u64(&t->gen, 100);
    if (type == STREAM_HEADS)
        return peer_gen_bytes(&t->gen, len, len);
    if (type == STREAM_RETIRED)
        return peer_gen_bytes(&t->gen, len / 24 * PEER_RETIRED_LEN, len / 24 * PEER_RETIRED_LEN);
    return peer_gen_bytes(&t->gen, 0, PEER_GEN_POOL);
}

static void any_touched(struct bench *t)
{
    t->in.bucket_bits = (uint8_t)(12 + rng_below(&t->gen.rng, 5));
    t->in.everything = rng_chance(&t->gen.rng, 300);
    t->in.tagged = rng_chance(&t->gen.rng, 500);
    if (!t->in.everything)
        t->in.bytes = slice_of(t->bitmap, (size_t)1 << (t->in.bucket_bits - 3));
    for (size_t i = 0; i < sizeof t->bitmap; i++)
        t->bitmap[i] = (uint8_t)rng_next(&t->gen.rng);
}

static void any_msg(struct bench *t, uint8_t type)
{
    t->in = (struct stream_msg){.type = type};
    if (type == STREAM_HELLO)
        t->in.hello = (struct stream_hello){
            .wire_min = 1,
            .wire_max = (uint8_t)(1 + peer_gen_u64(&t->gen, 254)),
            .record = peer_gen_record(&t->gen),
            .view_hash = peer_gen_u64(&t->gen, UINT64_MAX),
            .vector_hash = peer_gen_u64(&t->gen, UINT64_MAX),
            .challenge = peer_gen_u64(&t->gen, UINT64_MAX),
            .purpose = (uint8_t)(1 + rng_below(&t->gen.rng, 4)),
            .window_ms = rng_chance(&t->gen.rng, 500) ? 7 : 0,
            .share = slice_of(t->bitmap, rng_chance(&t->gen.rng, 500) ? 32 : 0)};
    if (type == STREAM_AUTH)
        t->in.echo = peer_gen_u64(&t->gen, UINT64_MAX);
    if (type == STREAM_DIGEST || type == STREAM_HEADS || type == STREAM_DOTS ||
        type == STREAM_RETIRED)
        t->in.bytes = any_bytes(t, type);
    if (type == STREAM_RECORDS) {
        t->in.records = t->records;
        t->in.records_n = (size_t)peer_gen_u64(&t->gen, 100);
        for (size_t i = 0; i < t->in.records_n; i++)
            t->records[i] = peer_gen_record(&t->gen);
    }
    if (type == STREAM_WANT || type == STREAM_ENTRIES)
        t->in.cursor = peer_gen_u64(&t->gen, UINT64_MAX);
    if (type == STREAM_TOUCHED)
        any_touched(t);
    if (type == STREAM_PULL || type == STREAM_GONE || type == STREAM_TOUCHED) {
        t->in.ranges = t->ranges;
        t->in.ranges_n = (size_t)peer_gen_u64(&t->gen, STREAM_RANGES_MAX);
        for (size_t i = 0; i < t->in.ranges_n; i++)
            t->ranges[i] = peer_gen_range(&t->gen);
    }
}

static size_t round_trip(struct bench *t)
{
    size_t len = 0;
    cr_assert(stream_encode(&t->in, t->a, sizeof t->a, &len) == OK);
    cr_assert(stream_decode(t->codec, slice_of(t->a, len), &t->out) == OK,
              "SEED=%" PRIu64 " type %u", t->gen.seed, t->in.type);
    cr_assert(same(&t->in, &t->out), "SEED=%" PRIu64 " type %u", t->gen.seed, t->in.type);
    return len;
}

Test(stream, random_messages_come_back_as_they_went)
{
    struct bench *t = bench_new();
    for (int i = 0; i < last_type * 100; i++) {
        any_msg(t, (uint8_t)(STREAM_HELLO + i % last_type));
        round_trip(t);
    }
    bench_free(t);
}

/** 512 records of every limit are more than a frame; the decoder is not what stops them. */
Test(stream, the_largest_messages_come_back_as_they_went)
{
    struct bench *t = bench_new();
    for (size_t i = 0; i < STREAM_RECORDS_MAX; i++)
        t->records[i] = peer_gen_record_max(&t->gen);
    t->in = (struct stream_msg){
        .type = STREAM_RECORDS, .records = t->records, .records_n = STREAM_RECORDS_MAX};
    cr_expect(round_trip(t) > STREAM_BODY_MAX);
    for (size_t i = 0; i < STREAM_RANGES_MAX; i++)
        t->ranges[i] = (struct dot_range){UINT64_MAX, UINT64_MAX - 1, UINT64_MAX};
    t->in = (struct stream_msg){
        .type = STREAM_PULL, .ranges = t->ranges, .ranges_n = STREAM_RANGES_MAX};
    cr_expect(round_trip(t) <= STREAM_BODY_MAX, "every PULL fits a frame");
    t->in.type = STREAM_TOUCHED;
    t->in.bucket_bits = 16;
    t->in.bytes = slice_of(t->bitmap, STREAM_TOUCHED_BITS_MAX);
    cr_expect(round_trip(t) <= STREAM_BODY_MAX, "every TOUCHED fits a frame");
    bench_free(t);
}

Test(stream, too_little_room_is_an_error_at_every_size_and_len_is_unchanged)
{
    struct bench *t = bench_new();
    for (uint8_t type = STREAM_HELLO; type <= last_type; type++) {
        uint8_t digest[2048];
        size_t whole = 0;
        want_msg(t, type, digest);
        cr_assert(stream_encode(&t->in, t->a, sizeof t->a, &whole) == OK);
        for (size_t cap = 0; cap < whole; cap++) {
            size_t len = 777;
            cr_assert(stream_encode(&t->in, t->b, cap, &len) == ERR_SPACE && len == 777);
        }
    }
    bench_free(t);
}

/* ---- hostile bytes ---- */

Test(stream, a_cut_body_is_malformed_at_every_length)
{
    struct bench *t = bench_new();
    for (uint8_t type = STREAM_HELLO; type <= last_type; type++) {
        const struct slice whole = vector_of(t, type);
        for (size_t len = 0; len < whole.len; len++) {
            uint8_t *exact = malloc(len + (len == 0));
            memcpy(exact, whole.at, len);
            cr_assert(stream_decode(t->codec, slice_of(exact, len), &t->out) == ERR_MALFORMED);
            free(exact);
        }
    }
    bench_free(t);
}

Test(stream, every_byte_changed_to_every_value_never_crashes)
{
    struct bench *t = bench_new();
    for (uint8_t type = STREAM_HELLO; type <= last_type; type++) {
        const struct slice bytes = vector_of(t, type);
        for (size_t i = 0; i < bytes.len && i < 256; i++) {
            const uint8_t before = t->a[i];
            for (unsigned v = 0; v < 256; v++) {
                t->a[i] = (uint8_t)v;
                size_t len = 0;
                if (stream_decode(t->codec, bytes, &t->out) == OK)
                    cr_assert(stream_encode(&t->out, t->b, sizeof t->b, &len) == OK);
            }
            t->a[i] = before;
        }
    }
    bench_free(t);
}

Test(stream, what_a_later_version_appends_is_skipped)
{
    struct bench *t = bench_new();
    for (uint8_t type = STREAM_HELLO; type <= last_type; type++) {
        uint8_t digest[2048];
        struct edit grow = {.leaf = -1, .grow = true};
        if (type == STREAM_RECORDS || type == STREAM_PULL || type == STREAM_GONE ||
            type == STREAM_TOUCHED)
            grow.list = "1";
        if (type == STREAM_ENTRIES)
            grow.list = "2";
        want_msg(t, type, digest);
        const size_t len = edit_value(&grow, vector_of(t, type), t->b);
        cr_assert(stream_decode(t->codec, slice_of(t->b, len), &t->out) == OK, "type %u", type);
        cr_expect(same(&t->in, &t->out), "type %u", type);
    }
    bench_free(t);
}

Test(stream, an_unknown_type_is_another_version)
{
    struct bench *t = bench_new();
    cr_expect(stream_decode(t->codec, slice_text("\x91\x0e"), &t->out) == ERR_VERSION);
    cr_expect(stream_decode(t->codec, slice_of("\x91\x00", 2), &t->out) == ERR_VERSION);
    cr_expect(stream_decode(t->codec, slice_text("\x91\xff"), &t->out) == ERR_MALFORMED);
    cr_expect(stream_decode(t->codec, slice_text("\x90"), &t->out) == ERR_MALFORMED);
    cr_expect(stream_decode(t->codec, slice_text("\xc0"), &t->out) == ERR_MALFORMED);
    bench_free(t);
}

Test(stream, no_integer_may_be_anything_else)
{
    static const char *const wrong[] = {"\xff", "\xca\x3f\x80\x01\x01", "\xc3", "\xa1\x31",
                                        "\x91\x01"};
    struct bench *t = bench_new();
    for (uint8_t type = STREAM_HELLO; type <= last_type; type++) {
        for (int leaf = 0, leaves = 1; leaf < leaves; leaf++) {
            for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
                struct edit e = {.leaf = leaf, .with = slice_text(wrong[i])};
                const size_t len = edit_value(&e, vector_of(t, type), t->b);
                leaves = e.leaves;
                cr_assert(stream_decode(t->codec, slice_of(t->b, len), &t->out) == ERR_MALFORMED,
                          "type %u, integer %d, value %zu", type, leaf, i);
            }
        }
    }
    bench_free(t);
}

/* ---- limits ---- */

#define LIMIT ERR_LIMIT
#define BAD   ERR_MALFORMED

/** A golden message with one part replaced by a bin (b), an integer (u) or an array of nils (n). */
static void expect_replaced(struct bench *t, uint8_t type, const char *path, char lead, uint64_t n,
                            enum err want)
{
    static uint8_t buf[40000];
    static const uint8_t zero[20000];
    struct writer w = writer_of(buf, sizeof buf);
    write_u8(&w, lead == 'b' ? 0xC5 : lead == 'n' ? 0xDC : 0xCF);
    if (lead == 'u')
        write_u64(&w, n);
    else
        write_u16(&w, (uint16_t)n);
    for (uint64_t i = 0; lead == 'n' && i < n; i++)
        write_u8(&w, 0xC0);
    if (lead == 'b')
        write_bytes(&w, slice_of(zero, n));
    struct edit e = {.path = path, .with = writer_slice(&w), .leaf = -1};
    const size_t len = edit_value(&e, vector_of(t, type), t->b);
    cr_assert(w.err == OK && e.done);
    const enum err got = stream_decode(t->codec, slice_of(t->b, len), &t->out);
    cr_expect(got == want, "type %u at %s, %" PRIu64 ": %s", type, path, n, err_text(got));
}

Test(stream, limits_of_hello)
{
    struct bench *t = bench_new();
    expect_replaced(t, STREAM_HELLO, "1", 'u', 0, BAD);
    expect_replaced(t, STREAM_HELLO, "1", 'u', 2, BAD); /* above wire_max */
    expect_replaced(t, STREAM_HELLO, "2", 'u', 255, OK);
    expect_replaced(t, STREAM_HELLO, "2", 'u', 256, BAD);
    expect_replaced(t, STREAM_HELLO, "3.3", 'u', 5, BAD);
    expect_replaced(t, STREAM_HELLO, "4", 'u', UINT64_MAX, OK);
    expect_replaced(t, STREAM_HELLO, "5", 'u', UINT64_MAX, OK);
    expect_replaced(t, STREAM_HELLO, "6", 'b', 7, BAD);
    expect_replaced(t, STREAM_HELLO, "6", 'b', 8, OK);
    expect_replaced(t, STREAM_HELLO, "6", 'b', 9, BAD);
    expect_replaced(t, STREAM_HELLO, "7", 'u', 0, BAD);
    expect_replaced(t, STREAM_HELLO, "7", 'u', 4, OK);
    expect_replaced(t, STREAM_HELLO, "7", 'u', 5, BAD);
    expect_replaced(t, STREAM_HELLO, "8", 'u', 0, OK);
    expect_replaced(t, STREAM_HELLO, "8", 'u', UINT32_MAX, OK);
    expect_replaced(t, STREAM_HELLO, "8", 'u', (uint64_t)UINT32_MAX + 1, BAD);
    expect_replaced(t, STREAM_HELLO, "9", 'b', STREAM_SHARE_LEN - 1, BAD);
    expect_replaced(t, STREAM_HELLO, "9", 'b', STREAM_SHARE_LEN, OK);
    expect_replaced(t, STREAM_HELLO, "9", 'b', STREAM_SHARE_LEN + 1, BAD);
    expect_replaced(t, STREAM_HELLO, "9", 'b', 0, BAD);
    bench_free(t);
}

Test(stream, limits_of_the_other_messages)
{
    struct bench *t = bench_new();
    expect_replaced(t, STREAM_AUTH, "1", 'b', 7, BAD);
    expect_replaced(t, STREAM_DIGEST, "1", 'b', 2047, BAD);
    expect_replaced(t, STREAM_DIGEST, "1", 'b', 2048, OK);
    expect_replaced(t, STREAM_DIGEST, "1", 'b', 2049, BAD);
    expect_replaced(t, STREAM_HEADS, "1", 'b', 0, OK);
    expect_replaced(t, STREAM_HEADS, "1", 'b', 23, BAD);
    expect_replaced(t, STREAM_HEADS, "1", 'b', 48, OK);
    expect_replaced(t, STREAM_RECORDS, "1", 'n', 0, OK);
    expect_replaced(t, STREAM_RECORDS, "1", 'n', 512, BAD); /* within the limit, but no records */
    expect_replaced(t, STREAM_RECORDS, "1", 'n', 513, LIMIT);
    expect_replaced(t, STREAM_PULL, "1", 'n', 0, OK);
    expect_replaced(t, STREAM_PULL, "1", 'n', 1024, BAD); /* within the limit, but no ranges */
    expect_replaced(t, STREAM_PULL, "1", 'n', 1025, LIMIT);
    expect_replaced(t, STREAM_GONE, "1", 'n', 1025, LIMIT);
    expect_replaced(t, STREAM_GONE, "1.0.1", 'u', 0, BAD);
    expect_replaced(t, STREAM_GONE, "1.0.1", 'u', 10, BAD);
    bench_free(t);
}

Test(stream, limits_of_retired_origins)
{
    struct bench *t = bench_new();
    expect_replaced(t, STREAM_RETIRED, "1", 'b', 0, OK);
    expect_replaced(t, STREAM_RETIRED, "1", 'b', 19, BAD);
    expect_replaced(t, STREAM_RETIRED, "1", 'b', 20, OK);
    expect_replaced(t, STREAM_RETIRED, "1", 'b', 21, BAD);
    expect_replaced(t, STREAM_RETIRED, "1", 'n', 1, BAD);
    bench_free(t);
}

Test(stream, limits_of_touched)
{
    struct bench *t = bench_new();
    expect_replaced(t, STREAM_TOUCHED, "1", 'n', 0, OK);
    expect_replaced(t, STREAM_TOUCHED, "1", 'n', 1025, LIMIT);
    expect_replaced(t, STREAM_TOUCHED, "2", 'u', 1, BAD); /* everything, and yet buckets */
    expect_replaced(t, STREAM_TOUCHED, "2", 'u', 255 - 1, OK);
    expect_replaced(t, STREAM_TOUCHED, "2", 'u', 256, BAD);
    expect_replaced(t, STREAM_TOUCHED, "3", 'u', 0, BAD);
    expect_replaced(t, STREAM_TOUCHED, "3", 'u', 2, BAD);
    expect_replaced(t, STREAM_TOUCHED, "3", 'u', 11, BAD);
    expect_replaced(t, STREAM_TOUCHED, "3", 'u', 13, BAD); /* more bits than the bin has */
    expect_replaced(t, STREAM_TOUCHED, "3", 'u', 268, BAD);
    expect_replaced(t, STREAM_TOUCHED, "4", 'b', 0, BAD);
    expect_replaced(t, STREAM_TOUCHED, "4", 'b', 511, BAD);
    expect_replaced(t, STREAM_TOUCHED, "4", 'b', 513, BAD);
    expect_replaced(t, STREAM_TOUCHED, "4", 'n', 0, BAD);
    bench_free(t);
}

/** The array of DONE with n nils behind the type. */
static enum err done_with(struct bench *t, size_t n)
{
    struct writer w = writer_of(t->b, sizeof t->b);
    write_u8(&w, 0xDC);
    write_u16(&w, (uint16_t)(n + 1));
    write_u8(&w, STREAM_DONE);
    for (size_t i = 0; i < n; i++)
        write_u8(&w, 0xC0);
    return stream_decode(t->codec, writer_slice(&w), &t->out);
}

Test(stream, nodes_and_depth_are_limited)
{
    struct bench *t = bench_new();
    cr_expect(done_with(t, STREAM_NODES_MAX - 3) == OK);
    cr_expect(done_with(t, STREAM_NODES_MAX - 2) == OK);
    cr_expect(done_with(t, STREAM_NODES_MAX - 1) == LIMIT);
    const struct slice deep = slice_text("\x92\x09\x91\x91\x91\x91\x91\x91\x91\xc0");
    const struct slice deeper = slice_text("\x92\x09\x91\x91\x91\x91\x91\x91\x91\x91\xc0");
    cr_expect(stream_decode(t->codec, deep, &t->out) == OK);
    cr_expect(stream_decode(t->codec, deeper, &t->out) == LIMIT);
    bench_free(t);
}

Test(stream, bombs_are_refused)
{
    struct bench *t = bench_new();
    cr_expect(stream_decode(t->codec, slice_of("\xdd\x00\x10\x00\x00", 5), &t->out) == LIMIT);
    cr_expect(stream_decode(t->codec, slice_of("\xdd\xff\x00\x00\x00", 5), &t->out) == LIMIT);
    cr_expect(stream_decode(t->codec, slice_of("\xdf\xff\xff\xff\xff", 5), &t->out) == LIMIT);
    cr_expect(stream_decode(t->codec, slice_of("\x92\x09\xc7\x01\x01z", 6), &t->out) == BAD);
    bench_free(t);
}

/* ---- start, and our own mistakes ---- */

Test(stream, a_decoder_needs_its_arena)
{
    uint8_t *mem = malloc(ARENA);
    bool made = false;
    for (size_t len = 0; len < ARENA; len += 509) {
        struct arena arena;
        arena_init(&arena, mem, len);
        struct stream_codec *c = stream_codec_new(&arena);
        cr_assert(c != NULL || !made, "more memory is never too little");
        made = c != NULL;
        stream_codec_free(c);
    }
    cr_expect(made);
    free(mem);
}

Test(stream, a_digest_of_another_length_is_our_mistake, .signal = SIGABRT)
{
    uint8_t buf[4096] = {0};
    size_t len;
    const struct stream_msg m = {.type = STREAM_DIGEST, .bytes = slice_of(buf, 2047)};
    (void)!stream_encode(&m, buf, sizeof buf, &len);
}

Test(stream, an_unknown_type_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    uint8_t buf[64];
    size_t len;
    const struct stream_msg m = {.type = STREAM_ENTRIES + 1};
    (void)!stream_encode(&m, buf, sizeof buf, &len);
}
