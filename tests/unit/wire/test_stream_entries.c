#include <criterion/criterion.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "wire/stream.h"

#include "peer_gen.h"

#define ARENA 262144

/** A decoder and room for bytes. */
struct bench {
    uint8_t mem[ARENA];
    struct arena arena;
    struct stream_codec *codec;
    struct stream_msg out;
    uint8_t a[STREAM_FRAME_MAX];
};

static struct bench *bench_new(void)
{
    struct bench *t = calloc(1, sizeof *t);
    arena_init(&t->arena, t->mem, sizeof t->mem);
    t->codec = stream_codec_new(&t->arena);
    cr_assert(t->codec != NULL);
    return t;
}

static void bench_free(struct bench *t)
{
    stream_codec_free(t->codec);
    free(t);
}

/** Lengths of the parts of one entry, and a byte that each tag begins with. */
struct shape {
    size_t ns, key, value, tags;
    uint8_t first[3];
};

static void write_bin(struct writer *w, size_t len)
{
    static const uint8_t zero[4096] = {0};
    write_u8(w, 0xC5);
    write_u16(w, (uint16_t)len);
    write_bytes(w, slice_of(zero, len));
}

/** ENTRIES with one entry of this shape. */
static enum err decode(struct bench *t, struct shape s)
{
    struct writer w = writer_of(t->a, sizeof t->a);
    write_bytes(&w, slice_of("\x93\x0d\x00\x91\x97", 5));
    write_bin(&w, s.ns);
    write_bin(&w, s.key);
    write_bin(&w, s.value);
    const size_t at = w.len + 3;
    write_bin(&w, s.tags);
    for (size_t i = 0; i < 3 && 8 * i < s.tags; i++)
        t->a[at + 8 * i] = s.first[i];
    write_bytes(&w, slice_of("\x00\x00\xc0", 3));
    return stream_decode(t->codec, writer_slice(&w), &t->out);
}

Test(stream_entries, the_lengths_of_an_entry_have_limits)
{
    struct bench *t = bench_new();
    cr_expect(decode(t, (struct shape){.key = 1}) == OK);
    cr_expect(decode(t, (struct shape){.key = 0}) == ERR_MALFORMED);
    cr_expect(decode(t, (struct shape){.key = ENTRY_KEY_MAX}) == OK);
    cr_expect(decode(t, (struct shape){.key = ENTRY_KEY_MAX + 1}) == ERR_LIMIT);
    cr_expect(decode(t, (struct shape){.key = 1, .ns = ENTRY_NS_MAX}) == OK);
    cr_expect(decode(t, (struct shape){.key = 1, .ns = ENTRY_NS_MAX + 1}) == ERR_LIMIT);
    cr_expect(decode(t, (struct shape){.key = 1, .value = 4096}) == OK);
    cr_expect(decode(t, (struct shape){.key = 1, .tags = 8 * ENTRY_TAGS_MAX + 8}) == ERR_LIMIT);
    cr_expect(decode(t, (struct shape){.key = 1, .tags = 7}) == ERR_MALFORMED);
    cr_expect(decode(t, (struct shape){.key = 1, .tags = 9}) == ERR_MALFORMED);
    bench_free(t);
}

Test(stream_entries, tags_are_a_set_in_order)
{
    struct bench *t = bench_new();
    cr_expect(decode(t, (struct shape){.key = 1, .tags = 24, .first = {0, 1, 2}}) == OK);
    cr_expect(decode(t, (struct shape){.key = 1, .tags = 24, .first = {1, 0, 2}}) == ERR_MALFORMED);
    cr_expect(decode(t, (struct shape){.key = 1, .tags = 24, .first = {0, 1, 1}}) == ERR_MALFORMED);
    cr_expect(decode(t, (struct shape){.key = 1, .tags = 16, .first = {0, 0}}) == ERR_MALFORMED);
    bench_free(t);
}

/** ENTRIES with n of the smallest entries. */
static enum err decode_many(struct bench *t, uint16_t n)
{
    static const char one[] = "\x97\xc4\x00\xc4\x01k\xc4\x00\xc4\x00\x00\x00\xc0";
    struct writer w = writer_of(t->a, sizeof t->a);
    write_bytes(&w, slice_of("\x93\x0d\x07\xdc", 4));
    write_u16(&w, n);
    for (uint16_t i = 0; i < n; i++)
        write_bytes(&w, slice_of(one, sizeof one - 1));
    return stream_decode(t->codec, writer_slice(&w), &t->out);
}

Test(stream_entries, a_frame_has_at_most_so_many)
{
    struct bench *t = bench_new();
    cr_expect(decode_many(t, 0) == OK && t->out.entries_n == 0 && t->out.cursor == 7);
    cr_expect(decode_many(t, ENTRIES_MAX) == OK && t->out.entries_n == ENTRIES_MAX);
    cr_expect(decode_many(t, ENTRIES_MAX + 1) == ERR_LIMIT);
    bench_free(t);
}

Test(stream_entries, an_age_may_be_missing_and_nothing_but_a_number)
{
    static const struct {
        const char *head, *tail;
        enum err want;
        uint64_t age_ms;
    } cases[] = {{"\x97", "", OK, 0},
                 {"\x98", "\x05", OK, 5},
                 {"\x98", "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", OK, UINT64_MAX},
                 {"\x99", "\x05\xa1z", OK, 5}, /* and something of a later version */
                 {"\x98", "\xc0", ERR_MALFORMED, 0},
                 {"\x98", "\xff", ERR_MALFORMED, 0},
                 {"\x98", "\xa1z", ERR_MALFORMED, 0}};

    static const char one[] = "\xc4\x00\xc4\x01k\xc4\x00\xc4\x00\x01\x01\xc0";
    struct bench *t = bench_new();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct writer w = writer_of(t->a, sizeof t->a);
        write_bytes(&w, slice_of("\x93\x0d\x07\x91", 4));
        write_bytes(&w, slice_text(cases[i].head));
        write_bytes(&w, slice_of(one, sizeof one - 1));
        write_bytes(&w, slice_text(cases[i].tail));
        cr_expect(stream_decode(t->codec, writer_slice(&w), &t->out) == cases[i].want, "case %zu",
                  i);
        if (cases[i].want == OK)
            cr_expect(t->out.entries[0].age_ms == cases[i].age_ms, "case %zu", i);
    }
    bench_free(t);
}

Test(stream_entries, the_largest_entry_fits_the_room_that_is_counted_for_it)
{
    static uint8_t bytes[STREAM_FRAME_MAX];
    uint8_t out[STREAM_FRAME_MAX], tags[8 * ENTRY_TAGS_MAX];
    struct stream_entry e = {.ns = slice_of(bytes, ENTRY_NS_MAX),
                             .key = slice_of(bytes, ENTRY_KEY_MAX),
                             .value = slice_of(bytes, 60000),
                             .tags = slice_of(tags, sizeof tags),
                             .ttl_ms = UINT64_MAX,
                             .fresh_ms = UINT64_MAX,
                             .age_ms = UINT64_MAX,
                             .has_version = true,
                             .version = UINT64_MAX};
    for (size_t i = 0; i < sizeof tags; i++)
        tags[i] = (uint8_t)(i % 8 == 0 ? i : 0);
    const struct stream_msg none = {.type = STREAM_ENTRIES, .cursor = UINT64_MAX};
    const struct stream_msg one = {
        .type = STREAM_ENTRIES, .cursor = UINT64_MAX, .entries = &e, .entries_n = 1};
    size_t without = 0, with = 0;
    cr_assert(stream_encode(&none, out, sizeof out, &without) == OK);
    cr_assert(stream_encode(&one, out, sizeof out, &with) == OK);
    const size_t lens = e.ns.len + e.key.len + e.value.len + e.tags.len;
    cr_expect(with - without <= ENTRY_ROOM(lens));
}

static struct stream_entry any_entry(struct peer_gen *gen)
{
    static const uint8_t tags[2][8] = {{0x7F}, {0xFF}};
    const bool versioned = rng_chance(&gen->rng, 500);
    return (struct stream_entry){.ns = peer_gen_bytes(gen, 0, ENTRY_NS_MAX),
                                 .key = peer_gen_bytes(gen, 1, ENTRY_KEY_MAX),
                                 .value = peer_gen_bytes(gen, 0, PEER_GEN_POOL),
                                 .tags = slice_of(tags[0], 8 * (size_t)rng_below(&gen->rng, 3)),
                                 .ttl_ms = peer_gen_u64(gen, UINT64_MAX),
                                 .fresh_ms = peer_gen_u64(gen, UINT64_MAX),
                                 .age_ms = peer_gen_u64(gen, UINT64_MAX),
                                 .has_version = versioned,
                                 .version = versioned ? peer_gen_u64(gen, UINT64_MAX) : 0};
}

static bool entry_same(const struct stream_entry *a, const struct stream_entry *b)
{
    return slice_eq(a->ns, b->ns) && slice_eq(a->key, b->key) && slice_eq(a->value, b->value) &&
           slice_eq(a->tags, b->tags) && a->ttl_ms == b->ttl_ms && a->fresh_ms == b->fresh_ms &&
           a->age_ms == b->age_ms && a->has_version == b->has_version && a->version == b->version;
}

Test(stream_entries, random_entries_come_back_as_they_went)
{
    struct bench *t = bench_new();
    struct stream_entry entries[9];
    struct peer_gen gen;
    peer_gen_init(&gen);
    for (int round = 0; round < 300; round++) {
        const size_t n = (size_t)rng_below(&gen.rng, ARRAY_LEN(entries) + 1);
        for (size_t i = 0; i < n; i++)
            entries[i] = any_entry(&gen);
        const struct stream_msg m = {
            .type = STREAM_ENTRIES, .cursor = 5, .entries = entries, .entries_n = n};
        size_t len = 0;
        cr_assert(stream_encode(&m, t->a, sizeof t->a, &len) == OK);
        cr_assert(stream_decode(t->codec, slice_of(t->a, len), &t->out) == OK);
        cr_assert(t->out.cursor == 5 && t->out.entries_n == n);
        for (size_t i = 0; i < n; i++)
            cr_assert(entry_same(&entries[i], &t->out.entries[i]), "SEED=%" PRIu64, gen.seed);
    }
    bench_free(t);
}

/* ---- our own mistakes ---- */

static void encode(struct stream_entry e)
{
    static uint8_t out[STREAM_FRAME_MAX];
    size_t len;
    const struct stream_msg m = {.type = STREAM_ENTRIES, .entries = &e, .entries_n = 1};
    (void)!stream_encode(&m, out, sizeof out, &len);
}

Test(stream_entries, an_entry_without_a_key_is_our_mistake, .signal = SIGABRT)
{
    encode((struct stream_entry){.ttl_ms = 1});
}

Test(stream_entries, tags_without_order_are_our_mistake, .signal = SIGABRT)
{
    encode((struct stream_entry){.key = slice_text("k"), .tags = slice_of("2234567812345678", 16)});
}
