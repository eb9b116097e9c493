#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "wire/dots.h"

#include "peer_gen.h"
#include "vectors.h"

#define EPOCH   UINT64_C(0x1122334455667788)
#define EPOCH_B UINT64_C(0x99AABBCCDDEEFF00)
#define HASH    UINT64_C(0xA1A2A3A4A5A6A7A8)
#define HEAD    18 /* bytes of a block's head */

static const uint8_t two_tags[] = {0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
                                   0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28};
static const uint8_t three_buckets[DOT_BUCKETS_LEN] = {[0] = 1 | 1 << 7, [511] = 1 << 7};

/** A sound dot of this kind, with fields of its own. */
static struct dot dot_of(uint64_t seq, uint8_t kind)
{
    struct dot d = {.epoch = EPOCH, .seq = seq, .kind = kind, .hash = HASH};
    if (kind == DOT_TAGS_ALL || kind == DOT_BUCKETS || kind == DOT_POISON || kind == DOT_ALL)
        d.hash = 0;
    if (kind == DOT_TAGS_ALL)
        d.more = slice_of(two_tags, sizeof two_tags);
    if (kind == DOT_BUCKETS)
        d.more = slice_of(three_buckets, sizeof three_buckets);
    if (kind == DOT_NOSTORE)
        d.ms = 5000;
    if (kind == DOT_BEGIN)
        d.ms = DOT_MS_MAX;
    if (kind == DOT_POISON || kind == DOT_COMMIT || kind == DOT_ABORT)
        d.subject_epoch = EPOCH_B;
    if (kind == DOT_COMMIT || kind == DOT_ABORT)
        d.subject_seq = 300;
    return d;
}

static bool read_one(struct slice bytes, struct dot *out)
{
    struct dots_reader r = dots_reader_of(bytes);
    const bool got = dots_next(&r, out);
    cr_assert(got == (dots_end(&r) == OK));
    return got;
}

/** Both ways: the vector reads as want, and want is written as the vector. */
static void expect_vector(const char *name, const struct dot *want, size_t n)
{
    uint8_t vector[2048], made[2048];
    const struct slice bytes = slice_of(vector, vectors_load(name, "dots", vector, sizeof vector));
    struct dots_reader r = dots_reader_of(bytes);
    struct dots_writer w = dots_writer_of(made, sizeof made);
    for (size_t i = 0; i < n; i++) {
        struct dot got;
        cr_assert(dots_next(&r, &got), "%s, dot %zu", name, i);
        cr_expect(dot_same(&got, &want[i]), "%s, dot %zu", name, i);
        cr_assert(dots_add(&w, &want[i], true) == OK);
    }
    cr_expect(dots_end(&r) == OK, "%s", name);
    cr_expect(slice_eq(dots_slice(&w), bytes), "%s", name);
}

Test(dots_kinds, golden_bytes_of_tags_quarantine_and_poison)
{
    const struct dot want[] = {dot_of(1, DOT_TAGS_ALL), dot_of(2, DOT_NOSTORE),
                               dot_of(3, DOT_POISON),   dot_of(4, DOT_BEGIN),
                               dot_of(5, DOT_COMMIT),   dot_of(6, DOT_ABORT)};
    expect_vector("dots_more", want, ARRAY_LEN(want));
}

Test(dots_kinds, golden_bytes_of_buckets)
{
    struct dot want[] = {dot_of(1, DOT_BUCKETS), dot_of(3, DOT_BUCKETS)};
    want[1].relay = true;
    expect_vector("dots_buckets", want, ARRAY_LEN(want));
}

Test(dots_kinds, golden_bytes_of_soft_dots)
{
    struct dot want[] = {dot_of(1, DOT_KEY), dot_of(2, DOT_TAG), dot_of(3, DOT_NAMESPACE),
                         dot_of(4, DOT_ALL)};
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        want[i].soft = true;
    want[0].has_version = true;
    want[0].version = 99;
    want[3].relay = true;
    expect_vector("dots_soft", want, ARRAY_LEN(want));
}

/* ---- lengths ---- */

Test(dots_kinds, a_bin_of_one_buckets_dot_and_a_step_has_the_longest_record)
{
    uint8_t buf[HEAD + 11 + DOT_RECORD_LONG_MAX];
    const struct dot a = dot_of(1, DOT_KEY);
    struct dot b = dot_of(3, DOT_BUCKETS);
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    b.name = (struct dot_name){.known = true};
    cr_assert(dots_add(&w, &a, false) == OK && dots_add(&w, &b, true) == OK);
    cr_expect(dots_slice(&w).len == sizeof buf);
    cr_expect(HEAD + DOT_RECORD_LONG_MAX == 537);
}

Test(dots_kinds, a_dot_with_the_escape_without_room_leaves_the_buffer_as_it_was)
{
    const size_t whole = HEAD + 3 + 2 + DOT_BUCKETS_LEN;
    const struct dot d = dot_of(1, DOT_BUCKETS);
    for (size_t cap = 0; cap <= whole; cap++) {
        uint8_t *buf = malloc(cap + 1);
        struct dots_writer w = dots_writer_of(buf, cap);
        cr_expect(dots_add(&w, &d, false) == (cap < whole ? ERR_SPACE : OK));
        cr_expect(dots_slice(&w).len == (cap < whole ? 0 : whole));
        free(buf);
    }
}

/** Bytes of the record of a DOT_TAGS_ALL of n tags with a name of this length. */
static size_t tags_len(struct peer_gen *g, size_t n, size_t target_len, bool *named)
{
    uint8_t buf[HEAD + DOT_RECORD_LONG_MAX];
    struct dot d = dot_of(1, DOT_TAGS_ALL), got;
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    d.more = slice_of(g->tags, 8 * n);
    d.name = (struct dot_name){.known = true, .target = slice_of(g->pool, target_len)};
    cr_assert(dots_add(&w, &d, true) == OK);
    cr_assert(read_one(dots_slice(&w), &got) && slice_eq(got.more, d.more));
    *named = got.name.known;
    return dots_slice(&w).len - HEAD;
}

Test(dots_kinds, many_tags_go_before_a_name)
{
    struct peer_gen *g = calloc(1, sizeof *g);
    bool named;
    peer_gen_init(g);
    const size_t fixed = 1 + 2 + 1 + 16 * 8;
    cr_expect(tags_len(g, 16, DOT_RECORD_MAX - fixed - 3, &named) == DOT_RECORD_MAX && named);
    cr_expect(tags_len(g, 16, DOT_RECORD_MAX - fixed - 2, &named) == fixed && !named);
    cr_expect(tags_len(g, 16, 255, &named) == fixed && !named);
    cr_expect(tags_len(g, 2, 200, &named) == 1 + 2 + 1 + 2 * 8 + 3 + 200 && named);
    free(g);
}

/* ---- what an unknown kind keeps ---- */

Test(dots_kinds, an_unknown_kind_keeps_its_number_and_its_relay_and_nothing_else)
{
    uint8_t buf[64];
    struct dot got;
    const struct dot d = {.epoch = EPOCH, .seq = 1, .kind = DOT_KEY, .hash = HASH};
    for (unsigned kind = 0; kind < 256; kind++) {
        struct dots_writer w = dots_writer_of(buf, sizeof buf);
        cr_assert(dots_add(&w, &d, false) == OK);
        buf[HEAD + 1] = (uint8_t)kind;
        buf[HEAD + 2] = 0xFF & ~8;
        if (kind >= DOT_KEY && kind <= DOT_ABORT)
            continue;
        cr_assert(read_one(dots_slice(&w), &got), "%u", kind);
        cr_expect(got.kind == kind && got.relay && !got.soft && !got.has_version, "%u", kind);
        cr_expect(got.hash == 0 && !got.name.known && got.more.len == 0, "%u", kind);
    }
}

Test(dots_kinds, an_unknown_kind_is_relayed_as_all)
{
    uint8_t buf[64];
    struct dot got;
    const struct dot d = {.epoch = EPOCH,
                          .seq = 1,
                          .kind = 77,
                          .hash = HASH,
                          .soft = true,
                          .has_version = true,
                          .relay = true};
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    cr_assert(dots_add(&w, &d, false) == OK);
    cr_assert(read_one(dots_slice(&w), &got));
    cr_expect(got.kind == DOT_ALL && got.relay && !got.soft && !got.has_version && got.hash == 0);
}

/* ---- hostile bytes ---- */

/** One record of this kind and these flags, with `len` bytes of fields. */
static bool reads(uint8_t kind, uint8_t flags, const void *fields, size_t len)
{
    uint8_t buf[1024];
    struct dot got;
    struct writer w = writer_of(buf, sizeof buf);
    write_u64(&w, EPOCH);
    write_u64(&w, 1);
    write_u16(&w, 1);
    write_u8(&w, 255);
    write_u16(&w, (uint16_t)(2 + len));
    write_u8(&w, kind);
    write_u8(&w, flags);
    write_bytes(&w, slice_of(fields, len));
    cr_assert(w.err == OK);
    return read_one(writer_slice(&w), &got);
}

Test(dots_kinds, only_four_kinds_may_be_soft)
{
    static const uint8_t one[DOT_BUCKETS_LEN] = {1};
    for (unsigned k = DOT_KEY; k <= DOT_ABORT; k++) {
        const uint8_t kind = (uint8_t)k;
        uint8_t buf[HEAD + DOT_RECORD_LONG_MAX];
        struct dot got;
        const bool may =
            kind == DOT_KEY || kind == DOT_TAG || kind == DOT_NAMESPACE || kind == DOT_ALL;
        const struct dot d = dot_of(1, kind);
        struct dots_writer w = dots_writer_of(buf, sizeof buf);
        cr_assert(dots_add(&w, &d, false) == OK);
        buf[HEAD + (kind == DOT_BUCKETS ? 4 : 2)] = 4;
        cr_expect(read_one(dots_slice(&w), &got) == may, "kind %u", kind);
        cr_expect(!may || got.soft, "kind %u", kind);
    }
    cr_expect(reads(DOT_BUCKETS, 0, one, sizeof one) && !reads(DOT_BUCKETS, 4, one, sizeof one));
}

Test(dots_kinds, only_a_key_and_a_put_may_have_a_version)
{
    uint8_t fields[16 + 24] = {0};
    for (unsigned k = DOT_KEY; k <= DOT_ABORT; k++) {
        const uint8_t kind = (uint8_t)k;
        uint8_t buf[HEAD + DOT_RECORD_LONG_MAX + 8];
        const struct dot d = dot_of(1, kind);
        struct dots_writer w = dots_writer_of(buf, sizeof buf);
        cr_assert(dots_add(&w, &d, false) == OK);
        const size_t head = kind == DOT_BUCKETS ? 3 : 1;
        const size_t len = w.w.len - HEAD - head - 2;
        uint8_t more[DOT_BUCKETS_LEN + 8] = {0};
        memcpy(more, buf + HEAD + head + 2, len);
        cr_expect(reads(kind, 2, more, len + 8) == (kind == DOT_KEY || kind == DOT_PUT));
        cr_expect(reads(kind, 0, more, len + 8), "bytes behind are of a later version");
    }
    cr_expect(!reads(DOT_KEY, 2, fields, 15) && reads(DOT_KEY, 2, fields, 16));
}

Test(dots_kinds, tags_are_two_to_sixteen_and_rising)
{
    uint8_t fields[1 + 17 * 8 + 8] = {0};
    for (uint8_t i = 0; i < 17; i++)
        fields[1 + 8 * i + 7] = i; /* the first hash is 0, which is as good as any */
    for (uint8_t n = 0; n <= 17; n++) {
        fields[0] = n;
        const size_t len = 1 + 8 * (size_t)n;
        cr_expect(reads(DOT_TAGS_ALL, 0, fields, len) == (n >= 2 && n <= 16), "%u", n);
        cr_expect(!reads(DOT_TAGS_ALL, 0, fields, len - 1), "%u cut", n);
    }
    fields[0] = 255;
    cr_expect(!reads(DOT_TAGS_ALL, 0, fields, sizeof fields));
    fields[0] = 16;
    fields[1 + 8 * 15 + 7] = 14;
    cr_expect(!reads(DOT_TAGS_ALL, 0, fields, 1 + 16 * 8), "twice the same");
    fields[1 + 8 * 15 + 7] = 13;
    cr_expect(!reads(DOT_TAGS_ALL, 0, fields, 1 + 16 * 8), "falling");
    fields[1 + 8 * 15] = 0x80;
    cr_expect(reads(DOT_TAGS_ALL, 0, fields, 1 + 16 * 8), "unsigned, the first byte first");
}

Test(dots_kinds, a_quarantine_lasts_one_to_600000_ms)
{
    static const struct {
        uint32_t ms;
        bool sound;
    } cases[] = {{0, false},          {1, true},
                 {DOT_MS_MAX, true},  {DOT_MS_MAX + 1, false},
                 {UINT32_MAX, false}, {0x80000000, false}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t begin[13] = {1};
        struct writer w = writer_of(begin + 9, 4);
        write_u32(&w, cases[i].ms);
        cr_expect(reads(DOT_BEGIN, 0, begin, 13) == cases[i].sound, "case %zu", i);
        cr_expect(reads(DOT_NOSTORE, 0, begin + 1, 12) == cases[i].sound, "case %zu", i);
        cr_expect(!reads(DOT_BEGIN, 0, begin, 12) && !reads(DOT_NOSTORE, 0, begin + 1, 11));
    }
}

Test(dots_kinds, only_a_key_can_be_begun)
{
    uint8_t begin[13] = {[12] = 1};
    for (unsigned class = 0; class < 256; class ++) {
        begin[0] = (uint8_t) class;
        cr_expect(reads(DOT_BEGIN, 0, begin, 13) == (class == 1), "class %u", class);
    }
}

Test(dots_kinds, no_subject_is_zero)
{
    static const uint8_t kinds[] = {DOT_COMMIT, DOT_ABORT};
    uint8_t fields[24] = {0};
    cr_expect(!reads(DOT_POISON, 0, fields, 8));
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        memset(fields, 0, sizeof fields);
        fields[15] = 1;
        cr_expect(!reads(kinds[i], 0, fields, 24), "sequence 0");
        fields[23] = 1;
        cr_expect(reads(kinds[i], 0, fields, 24) && !reads(kinds[i], 0, fields, 23));
        fields[15] = 0;
        cr_expect(!reads(kinds[i], 0, fields, 24), "epoch 0");
    }
    cr_expect(reads(DOT_POISON, 0, fields + 16, 8) && !reads(DOT_POISON, 0, fields + 16, 7));
}

Test(dots_kinds, buckets_are_512_bytes)
{
    static const uint8_t zero[600];
    cr_expect(!reads(DOT_BUCKETS, 0, zero, 511));
    cr_expect(reads(DOT_BUCKETS, 0, zero, 512));
    cr_expect(reads(DOT_BUCKETS, 0, zero, 600), "bytes behind are of a later version");
}

/** What is read from a spoilt bin can be written: it passes the asserts on our own dots. */
static void spoil_and_rewrite(struct peer_gen *g, const uint8_t *vector, size_t len)
{
    uint8_t bytes[2048], again[4096];
    struct dots_writer w = dots_writer_of(again, sizeof again);
    struct dot d;
    memcpy(bytes, vector, len);
    for (int j = 0; j < 3; j++)
        bytes[rng_below(&g->rng, len < 128 ? len : 128)] = (uint8_t)rng_next(&g->rng);
    struct dots_reader r = dots_reader_of(slice_of(bytes, len));
    while (dots_next(&r, &d))
        cr_assert(dots_add(&w, &d, true) == OK);
    cr_assert(dots_check(dots_slice(&w), NULL) == OK, "SEED=%" PRIu64, g->seed);
}

Test(dots_kinds, what_is_read_from_mutated_bins_can_be_written)
{
    static const char *const names[] = {"dots_more", "dots_soft", "dots_buckets", "dots_kinds"};
    uint8_t vector[2048];
    struct peer_gen *g = calloc(1, sizeof *g);
    peer_gen_init(g);
    for (size_t v = 0; v < ARRAY_LEN(names); v++) {
        const size_t len = vectors_load(names[v], "dots", vector, sizeof vector);
        for (int i = 0; i < 50000; i++)
            spoil_and_rewrite(g, vector, len);
    }
    free(g);
}

/* ---- our own mistakes ---- */

static void add(struct dot d)
{
    uint8_t buf[1024];
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    (void)!dots_add(&w, &d, false);
}

Test(dots_kinds, a_soft_put_is_our_mistake, .signal = SIGABRT)
{
    struct dot d = dot_of(1, DOT_PUT);
    d.soft = true;
    add(d);
}

Test(dots_kinds, a_tag_with_a_version_is_our_mistake, .signal = SIGABRT)
{
    struct dot d = dot_of(1, DOT_TAG);
    d.has_version = true;
    add(d);
}

Test(dots_kinds, tags_out_of_order_are_our_mistake, .signal = SIGABRT)
{
    static const uint8_t same[16];
    struct dot d = dot_of(1, DOT_TAGS_ALL);
    d.more = slice_of(same, sizeof same);
    add(d);
}

Test(dots_kinds, half_a_bitmap_is_our_mistake, .signal = SIGABRT)
{
    struct dot d = dot_of(1, DOT_BUCKETS);
    d.more.len = 256;
    add(d);
}

Test(dots_kinds, a_quarantine_without_end_is_our_mistake, .signal = SIGABRT)
{
    struct dot d = dot_of(1, DOT_NOSTORE);
    d.ms = 0;
    add(d);
}

Test(dots_kinds, a_commit_of_nothing_is_our_mistake, .signal = SIGABRT)
{
    struct dot d = dot_of(1, DOT_COMMIT);
    d.subject_seq = 0;
    add(d);
}
