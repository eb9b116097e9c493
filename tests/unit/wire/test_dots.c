#include <criterion/criterion.h>
#include <inttypes.h>
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

static struct dot key_of(uint64_t epoch, uint64_t seq)
{
    return (struct dot){.epoch = epoch, .seq = seq, .kind = DOT_KEY, .hash = HASH};
}

static struct dot dot_of(uint64_t seq, uint8_t kind)
{
    struct dot d = {.epoch = EPOCH, .seq = seq, .kind = kind};
    if (kind != DOT_ALL)
        d.hash = HASH;
    return d;
}

/** Read the dots of bytes, at most max. Returns: how many; *end is what dots_end() says. */
static size_t read_all(struct slice bytes, struct dot *out, size_t max, enum err *end)
{
    struct dots_reader r = dots_reader_of(bytes);
    size_t n = 0;
    while (n < max && dots_next(&r, &out[n]))
        n++;
    *end = dots_end(&r);
    return n;
}

/** Both ways: the vector reads as want, and want is written as the vector. */
static void expect_vector(const char *name, const struct dot *want, size_t n)
{
    uint8_t vector[1024], made[1024];
    struct dot got[16];
    enum err end;
    const struct slice bytes = slice_of(vector, vectors_load(name, "dots", vector, sizeof vector));
    cr_assert(read_all(bytes, got, ARRAY_LEN(got), &end) == n && end == OK, "%s", name);
    struct dots_writer w = dots_writer_of(made, sizeof made);
    for (size_t i = 0; i < n; i++) {
        cr_expect(dot_same(&got[i], &want[i]), "%s, dot %zu", name, i);
        cr_assert(dots_add(&w, &want[i], true) == OK);
    }
    cr_expect(slice_eq(dots_slice(&w), bytes), "%s", name);
}

Test(dots, golden_bytes_of_every_kind)
{
    struct dot want[] = {dot_of(1, DOT_KEY),    dot_of(2, DOT_PUT),       dot_of(3, DOT_TAG),
                         dot_of(4, DOT_PREFIX), dot_of(5, DOT_NAMESPACE), dot_of(6, DOT_ALL)};
    for (uint8_t i = 0; i < 16; i++)
        want[1].digest.bytes[i] = i;
    want[3].prefix_len = 5;
    expect_vector("dots_kinds", want, ARRAY_LEN(want));
}

Test(dots, golden_bytes_of_a_name_and_a_version)
{
    struct dot want = dot_of(7, DOT_KEY);
    want.has_version = true;
    want.version = 99;
    want.name = (struct dot_name){
        .known = true, .ns = slice_text("prices"), .target = slice_text("eur/usd")};
    expect_vector("dots_named", &want, 1);
}

Test(dots, golden_bytes_of_two_origins_and_a_step)
{
    struct dot want[] = {dot_of(10, DOT_KEY), dot_of(11, DOT_TAG), dot_of(300, DOT_KEY),
                         dot_of(1, DOT_ALL)};
    want[3].epoch = EPOCH_B;
    expect_vector("dots_blocks", want, ARRAY_LEN(want));
}

Test(dots, what_a_later_version_sends_is_never_ignored)
{
    uint8_t vector[1024];
    struct dot got[4];
    enum err end;
    const size_t len = vectors_load("dots_future", "dots", vector, sizeof vector);
    struct dot want[] = {dot_of(1, 200), dot_of(2, DOT_BUCKETS), dot_of(3, DOT_KEY)};
    uint8_t buckets[DOT_BUCKETS_LEN];
    memset(buckets, 0x55, sizeof buckets);
    want[0].hash = 0; /* nothing but its number is known of it: it acts as all */
    want[1].hash = 0;
    want[1].more = slice_of(buckets, sizeof buckets);
    cr_assert(read_all(slice_of(vector, len), got, 4, &end) == 3 && end == OK);
    for (size_t i = 0; i < 3; i++)
        cr_expect(dot_same(&got[i], &want[i]), "%zu", i);
}

Test(dots, a_step_of_an_unknown_kind_still_counts)
{
    const uint8_t bin[] = {0, 0, 0, 0, 0, 0, 0, 1, 0, 0,  0, 0, 0,
                           0, 0, 5, 0, 2, 2, 7, 0, 4, 99, 8, 0, 10};
    struct dot got[3];
    enum err end;
    cr_assert(read_all(slice_of(bin, sizeof bin), got, 3, &end) == 2 && end == OK);
    cr_expect(got[1].seq == 15 && got[1].kind == 99 && got[1].hash == 0);
}

Test(dots, a_key_dot_takes_eleven_bytes)
{
    uint8_t buf[64];
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    const struct dot a = key_of(EPOCH, 1), b = key_of(EPOCH, 2);
    cr_assert(dots_add(&w, &a, false) == OK && dots_add(&w, &b, false) == OK);
    cr_expect(dots_slice(&w).len == HEAD + 2 * 11);
}

Test(dots, random_dots_come_back_as_they_went)
{
    static struct dot want[400], got[401];
    static uint8_t buf[400 * (DOT_RECORD_LONG_MAX + HEAD)];
    struct peer_gen *g = calloc(1, sizeof *g);
    peer_gen_init(g);
    for (int round = 0; round < 200; round++) {
        struct dots_writer w = dots_writer_of(buf, sizeof buf);
        uint64_t seq = 1 + peer_gen_u64(g, UINT64_MAX / 2), epoch = EPOCH;
        for (size_t i = 0; i < ARRAY_LEN(want); i++) {
            if (rng_chance(&g->rng, 50))
                epoch = 1 + peer_gen_u64(g, UINT64_MAX - 1);
            seq += rng_chance(&g->rng, 800) ? 1 : peer_gen_u64(g, 70000);
            want[i] = peer_gen_dot(g, epoch, seq);
            const size_t before = w.w.len;
            cr_assert(dots_add(&w, &want[i], true) == OK);
            const bool is_long = want[i].kind == DOT_BUCKETS;
            cr_assert(w.w.len - before <= (is_long ? DOT_RECORD_LONG_MAX : DOT_RECORD_MAX) + HEAD);
        }
        enum err end;
        cr_assert(read_all(dots_slice(&w), got, 401, &end) == ARRAY_LEN(want) && end == OK,
                  "SEED=%" PRIu64, g->seed);
        for (size_t i = 0; i < ARRAY_LEN(want); i++) {
            if (!got[i].name.known) /* too long to be sent */
                want[i].name = (struct dot_name){0};
            cr_assert(dot_same(&want[i], &got[i]), "SEED=%" PRIu64 " %zu", g->seed, i);
        }
    }
    free(g);
}

/** The length of one key dot's record with a name of this many bytes. */
static size_t named_len(size_t target_len, bool *kept)
{
    uint8_t target[512] = {0}, buf[600];
    struct dot d = key_of(EPOCH, 1), got;
    enum err end;
    d.name = (struct dot_name){.known = true, .target = slice_of(target, target_len)};
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    cr_assert(dots_add(&w, &d, true) == OK);
    cr_assert(read_all(dots_slice(&w), &got, 1, &end) == 1 && end == OK);
    *kept = got.name.known && got.name.target.len == target_len;
    return w.w.len - HEAD;
}

Test(dots, a_name_is_kept_up_to_records_of_255_bytes)
{
    bool kept;
    const size_t fixed = 11 + 1 + 2; /* key record, ns_len, target_len */
    cr_expect(named_len(DOT_RECORD_MAX - fixed - 1, &kept) == DOT_RECORD_MAX - 1 && kept);
    cr_expect(named_len(DOT_RECORD_MAX - fixed, &kept) == DOT_RECORD_MAX && kept);
    cr_expect(named_len(DOT_RECORD_MAX - fixed + 1, &kept) == 11 && !kept);
    cr_expect(named_len(300, &kept) == 11 && !kept);
}

Test(dots, a_name_is_left_out_unless_it_is_asked_for)
{
    uint8_t buf[64];
    struct dot d = key_of(EPOCH, 1);
    d.name = (struct dot_name){.known = true, .target = slice_text("x")};
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    cr_assert(dots_add(&w, &d, false) == OK);
    cr_expect(dots_slice(&w).len == HEAD + 11);
}

/** Write a record of kind key with a name of these lengths, by hand. */
static size_t long_name(uint8_t *buf, uint8_t ns_len, uint16_t target_len)
{
    struct writer w = writer_of(buf, 4096);
    static const uint8_t zero[2048];
    write_u64(&w, EPOCH);
    write_u64(&w, 1);
    write_u16(&w, 1);
    write_u8(&w, 255);
    write_u16(&w, (uint16_t)(2 + 8 + 1 + ns_len + 2 + target_len));
    write_u8(&w, DOT_KEY);
    write_u8(&w, 1);
    write_u64(&w, HASH);
    write_u8(&w, ns_len);
    write_bytes(&w, slice_of(zero, ns_len));
    write_u16(&w, target_len);
    write_bytes(&w, slice_of(zero, target_len));
    return w.len;
}

Test(dots, a_name_beyond_its_limits_is_no_name_but_the_dot_counts)
{
    static const struct {
        uint8_t ns_len;
        uint16_t target_len;
        bool known;
    } cases[] = {{64, 1023, true}, {64, 1024, true}, {65, 1024, false}, {64, 1025, false}};

    uint8_t buf[4096];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct dot got;
        enum err end;
        const size_t len = long_name(buf, cases[i].ns_len, cases[i].target_len);
        cr_assert(read_all(slice_of(buf, len), &got, 1, &end) == 1 && end == OK);
        cr_expect(got.name.known == cases[i].known, "case %zu", i);
        cr_expect(got.hash == HASH);
    }
}

Test(dots, a_step_above_65535_and_a_step_back_open_a_new_block)
{
    static const struct {
        uint64_t seq;
        size_t more; /* bytes beyond the 11 of a plain key record */
    } cases[] = {{101, 0},      {102, 2},    {65634, 2}, {65635, 2},
                 {65636, HEAD}, {100, HEAD}, {99, HEAD}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t buf[128];
        struct dot got[3];
        enum err end;
        const struct dot a = key_of(EPOCH, 100), b = key_of(EPOCH, cases[i].seq);
        struct dots_writer w = dots_writer_of(buf, sizeof buf);
        cr_assert(dots_add(&w, &a, false) == OK && dots_add(&w, &b, false) == OK);
        cr_expect(dots_slice(&w).len == HEAD + 2 * 11 + cases[i].more, "case %zu", i);
        cr_assert(read_all(dots_slice(&w), got, 3, &end) == 2 && end == OK);
        cr_expect(got[1].seq == cases[i].seq);
    }
}

Test(dots, a_block_holds_65535_records_and_then_another_one_opens)
{
    const size_t cap = (size_t)70000 * 11;
    uint8_t *buf = malloc(cap);
    struct dots_writer w = dots_writer_of(buf, cap);
    for (uint64_t seq = 1; seq <= 65536; seq++) {
        const struct dot d = key_of(EPOCH, seq);
        cr_assert(dots_add(&w, &d, false) == OK);
        if (seq == 65535)
            cr_expect(dots_slice(&w).len == HEAD + 65535 * 11);
    }
    size_t n = 0;
    cr_expect(dots_slice(&w).len == 2 * HEAD + 65536 * 11);
    cr_expect(dots_check(dots_slice(&w), &n) == OK && n == 65536);
    free(buf);
}

Test(dots, a_dot_without_room_leaves_the_buffer_as_it_was)
{
    const struct dot a = key_of(EPOCH, 1), b = key_of(EPOCH_B, 1);
    const size_t whole = 2 * (HEAD + 11);
    for (size_t cap = 0; cap <= whole; cap++) {
        uint8_t buf[64];
        struct dots_writer w = dots_writer_of(buf, cap);
        const bool first = dots_add(&w, &a, false) == OK;
        const size_t before = dots_slice(&w).len;
        const bool second = dots_add(&w, &b, false) == OK;
        size_t n = 9;
        cr_expect(first == (cap >= whole / 2) && second == (cap >= whole));
        cr_expect(second || dots_slice(&w).len == before);
        cr_expect(dots_check(dots_slice(&w), &n) == OK && n == (size_t)first + second);
    }
}

Test(dots, after_a_refusal_the_same_block_goes_on)
{
    uint8_t buf[HEAD + 2 * 11 + 5];
    const struct dot a = key_of(EPOCH, 1), big = dot_of(2, DOT_PUT), c = key_of(EPOCH, 2);
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    cr_assert(dots_add(&w, &a, false) == OK);
    cr_assert(dots_add(&w, &big, false) == ERR_SPACE);
    cr_assert(dots_add(&w, &c, false) == OK);
    cr_expect(dots_check(dots_slice(&w), NULL) == OK);
    cr_expect(dots_slice(&w).len == HEAD + 2 * 11);
}

Test(dots, an_unknown_kind_is_written_as_all)
{
    uint8_t buf[64];
    struct dot got;
    enum err end;
    const struct dot d = {.epoch = EPOCH, .seq = 1, .kind = 77, .hash = HASH};
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    cr_assert(dots_add(&w, &d, false) == OK);
    cr_assert(read_all(dots_slice(&w), &got, 1, &end) == 1 && end == OK);
    cr_expect(got.kind == DOT_ALL && got.hash == 0);
}

/* ---- hostile bytes ---- */

Test(dots, an_empty_bin_has_no_dots)
{
    size_t n = 5;
    cr_expect(dots_check((struct slice){0}, &n) == OK && n == 0);
}

Test(dots, a_cut_bin_is_malformed_at_every_length)
{
    static const char *const names[] = {"dots_kinds", "dots_named", "dots_blocks", "dots_future",
                                        "dots_more",  "dots_soft",  "dots_buckets"};
    uint8_t vector[2048];
    for (size_t v = 0; v < ARRAY_LEN(names); v++) {
        const size_t whole = vectors_load(names[v], "dots", vector, sizeof vector);
        const size_t second = v == 2 ? whole - HEAD - 3 : 0; /* where the second block begins */
        for (size_t len = 1; len < whole; len++) {
            uint8_t *exact = malloc(len);
            memcpy(exact, vector, len);
            const enum err want = len == second ? OK : ERR_MALFORMED;
            cr_expect(dots_check(slice_of(exact, len), NULL) == want, "%s, %zu", names[v], len);
            free(exact);
        }
    }
}

#define BLOCK(epoch, seq, n) 0, 0, 0, 0, 0, 0, 0, (epoch), 0, 0, 0, 0, 0, 0, 0, (seq), 0, (n)
#define BLOCK_AT_END(n)                                                                            \
    0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0, (n)

static void expect_bad(const uint8_t *at, size_t len, size_t good)
{
    struct dots_reader r = dots_reader_of(slice_of(at, len));
    struct dot d;
    size_t n = 0;
    while (dots_next(&r, &d))
        n++;
    cr_expect(n == good, "%zu good dots", n);
    cr_expect(dots_end(&r) == ERR_MALFORMED);
    cr_expect(!dots_next(&r, &d), "the error is sticky");
}

#define EXPECT_BAD(good, ...)                                                                      \
    expect_bad((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), good)

Test(dots, unsound_blocks_are_malformed)
{
    EXPECT_BAD(0, BLOCK(0, 1, 1), 2, 7, 0); /* epoch 0 */
    EXPECT_BAD(0, BLOCK(1, 0, 1), 2, 7, 0); /* sequence 0 */
    EXPECT_BAD(0, BLOCK(1, 1, 0));          /* no record */
    EXPECT_BAD(0, BLOCK(1, 1, 0), 2, 7, 0);
    EXPECT_BAD(1, BLOCK(1, 1, 2), 2, 7, 0);                    /* a record is missing */
    EXPECT_BAD(1, BLOCK(1, 1, 1), 2, 7, 0, 0);                 /* bytes behind */
    EXPECT_BAD(2, BLOCK_AT_END(3), 2, 7, 0, 2, 7, 0, 2, 7, 0); /* the sequence wraps */
    EXPECT_BAD(1, BLOCK_AT_END(2), 2, 7, 0, 4, 7, 8, 0, 2);    /* a step beyond the end */
    EXPECT_BAD(1, BLOCK(1, 1, 2), 2, 7, 0, 4, 7, 8, 0, 0);     /* a step of 0 */
}

Test(dots, unsound_records_are_malformed)
{
    EXPECT_BAD(0, BLOCK(1, 1, 1), 0);
    EXPECT_BAD(0, BLOCK(1, 1, 1), 1, 7);
    EXPECT_BAD(0, BLOCK(1, 1, 1), 255, 0, 1, 7);
    EXPECT_BAD(0, BLOCK(1, 1, 1), 255, 0xFF, 0xFF, 7, 0);
    EXPECT_BAD(0, BLOCK(1, 1, 1), 9, 1, 0, 1, 2, 3, 4, 5, 6, 7);     /* hash of 7 bytes */
    EXPECT_BAD(0, BLOCK(1, 1, 1), 10, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8); /* no digest */
    EXPECT_BAD(0, BLOCK(1, 1, 1), 10, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8); /* prefix without length */
    EXPECT_BAD(0, BLOCK(1, 1, 1), 10, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8); /* no version */
    EXPECT_BAD(0, BLOCK(1, 1, 1), 10, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8); /* no name */
    EXPECT_BAD(0, BLOCK(1, 1, 1), 12, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9); /* a longer name */
    EXPECT_BAD(0, BLOCK(1, 1, 1), 2, 7, 8); /* SKIP without its step */
}

Test(dots, the_last_sequence_can_be_sent)
{
    uint8_t buf[64];
    struct dot got;
    enum err end;
    const struct dot d = key_of(UINT64_MAX, UINT64_MAX);
    struct dots_writer w = dots_writer_of(buf, sizeof buf);
    cr_assert(dots_add(&w, &d, false) == OK);
    cr_assert(read_all(dots_slice(&w), &got, 1, &end) == 1 && end == OK);
    cr_expect(dot_same(&got, &d));
}

Test(dots, mutated_bins_never_crash_and_what_is_read_is_sound)
{
    uint8_t vector[1024], bytes[1024];
    struct peer_gen *g = calloc(1, sizeof *g);
    peer_gen_init(g);
    const size_t len = vectors_load("dots_blocks", "dots", vector, sizeof vector);
    for (int i = 0; i < 100000; i++) {
        memcpy(bytes, vector, len);
        for (int j = 0; j < 3; j++)
            bytes[rng_below(&g->rng, len)] = (uint8_t)rng_next(&g->rng);
        struct dots_reader r = dots_reader_of(slice_of(bytes, len));
        struct dot d;
        while (dots_next(&r, &d))
            cr_assert(d.epoch != 0 && d.seq != 0 && (!d.soft || d.kind <= DOT_ALL), "SEED=%" PRIu64,
                      g->seed);
    }
    free(g);
}

/* ---- covers ---- */

Test(cover, comes_back_as_it_went)
{
    uint8_t buf[2 * COVER_LEN];
    const struct cover a = {EPOCH, 41, 1}, b = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct cover got;
    struct writer w = writer_of(buf, sizeof buf);
    cover_write(&w, &a);
    cover_write(&w, &b);
    cr_assert(w.err == OK && w.len == 2 * COVER_LEN);
    struct reader r = reader_of(writer_slice(&w));
    cr_assert(cover_read(&r, &got) && memcmp(&got, &a, sizeof a) == 0);
    cr_assert(cover_read(&r, &got) && memcmp(&got, &b, sizeof b) == 0);
    cr_expect(!cover_read(&r, &got));
    cr_expect(read_end(&r) == OK);
}

Test(cover, without_room_is_not_written_in_part)
{
    uint8_t buf[COVER_LEN];
    const struct cover a = {EPOCH, 41, 1};
    for (size_t cap = 0; cap < COVER_LEN; cap++) {
        struct writer w = writer_of(buf, cap);
        cover_write(&w, &a);
        cr_expect(w.err == ERR_SPACE && w.len == 0);
    }
}

Test(cover, that_is_cut_is_not_read)
{
    uint8_t buf[COVER_LEN] = {0};
    for (size_t len = 1; len < COVER_LEN; len++) {
        struct cover got;
        struct reader r = reader_of(slice_of(buf, len));
        cr_expect(!cover_read(&r, &got));
        cr_expect(read_end(&r) == ERR_SHORT);
    }
}
