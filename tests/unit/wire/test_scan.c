#include <criterion/criterion.h>
#include <inttypes.h>
#include <msgpack/unpack.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rng.h"
#include "wire/scan.h"

static const struct scan_limits wide = {.depth_max = SCAN_DEPTH_MAX, .nodes_max = 4096};

static enum err scan_of(const uint8_t *at, size_t len, uint32_t depth, uint32_t nodes)
{
    const struct scan_limits limits = {.depth_max = depth, .nodes_max = nodes};
    struct scan_size size;
    return scan_value(slice_of(at, len), &limits, &size);
}

/** Lead bytes of every format with the total length and the number of values. */
static const struct {
    uint8_t bytes[6];
    size_t len;
    uint32_t nodes;
} formats[] = {
    {{0x00}, 1, 1},
    {{0x7F}, 1, 1},
    {{0xE0}, 1, 1},
    {{0xFF}, 1, 1},
    {{0xC0}, 1, 1},
    {{0xC2}, 1, 1},
    {{0xC3}, 1, 1},
    {{0xC4, 3}, 5, 1},
    {{0xC4, 0}, 2, 1},
    {{0xC5, 1, 2}, 3 + 258, 1},
    {{0xC6, 0, 0, 1, 1}, 5 + 257, 1},
    {{0xCA}, 5, 1},
    {{0xCB}, 9, 1},
    {{0xCC}, 2, 1},
    {{0xCD}, 3, 1},
    {{0xCE}, 5, 1},
    {{0xCF}, 9, 1},
    {{0xD0}, 2, 1},
    {{0xD1}, 3, 1},
    {{0xD2}, 5, 1},
    {{0xD3}, 9, 1},
    {{0xA0}, 1, 1},
    {{0xBF}, 32, 1},
    {{0xD9, 200}, 202, 1},
    {{0xDA, 1, 0}, 3 + 256, 1},
    {{0xDB, 0, 0, 0, 7}, 12, 1},
    {{0x90}, 1, 1},
    {{0x9F}, 16, 16},
    {{0xDC, 0, 0}, 3, 1},
    {{0xDC, 0, 20}, 23, 21},
    {{0xDD, 0, 0, 0, 3}, 8, 4},
    {{0x80}, 1, 1},
    {{0x8F}, 31, 31},
    {{0xDE, 0, 20}, 43, 41},
    {{0xDF, 0, 0, 0, 2}, 9, 5},
};

/** The bytes behind a lead are zero: the integer 0 where values are wanted. */
Test(scan, every_format_is_measured)
{
    uint8_t buf[600];
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct scan_size size = {0};
        memset(buf, 0, sizeof buf);
        memcpy(buf, formats[i].bytes, sizeof formats[i].bytes);
        cr_assert(scan_value(slice_of(buf, sizeof buf), &wide, &size) == OK, "format %zu", i);
        cr_expect(size.len == formats[i].len, "format %zu has %zu bytes", i, size.len);
        cr_expect(size.nodes == formats[i].nodes, "format %zu has %u nodes", i, size.nodes);
    }
}

Test(scan, a_cut_value_is_short_at_every_length)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        for (size_t len = 0; len < formats[i].len; len++) {
            uint8_t *exact = calloc(len + 1, 1); /* a block of len bytes shows reads behind it */
            memcpy(exact, formats[i].bytes, len < 6 ? len : 6);
            struct scan_size size = {.len = 77};
            cr_expect(scan_value(slice_of(exact, len), &wide, &size) == ERR_SHORT);
            cr_expect(size.len == 77, "out is unchanged");
            free(exact);
        }
    }
}

Test(scan, extension_types_and_the_unused_byte_are_malformed)
{
    static const uint8_t refused[] = {0xC1, 0xC7, 0xC8, 0xC9, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8};
    for (size_t i = 0; i < sizeof refused; i++) {
        uint8_t buf[40] = {refused[i]};
        uint8_t inside[40] = {0x92, 0xC0, refused[i]};
        cr_expect(scan_of(buf, sizeof buf, 4, 100) == ERR_MALFORMED, "%02x", refused[i]);
        cr_expect(scan_of(buf, 1, 4, 100) == ERR_MALFORMED, "%02x alone", refused[i]);
        cr_expect(scan_of(inside, sizeof inside, 4, 100) == ERR_MALFORMED);
    }
}

Test(scan, depth_is_limited_and_a_scalar_has_none)
{
    uint8_t nest[SCAN_DEPTH_MAX + 3];
    cr_expect(scan_of((const uint8_t[]){0x05}, 1, 0, 10) == OK);
    cr_expect(scan_of((const uint8_t[]){0x90}, 1, 0, 10) == ERR_LIMIT);
    for (uint32_t limit = 1; limit <= SCAN_DEPTH_MAX; limit++) {
        for (uint32_t depth = limit - 1; depth <= limit + 1; depth++) {
            memset(nest, 0x91, sizeof nest);
            nest[depth] = 0xC0;
            const enum err want = depth <= limit ? OK : ERR_LIMIT;
            cr_expect(scan_of(nest, depth + 1, limit, 100) == want, "%u of %u", depth, limit);
        }
    }
}

Test(scan, nodes_are_limited_and_told_before_the_values_are_there)
{
    const uint8_t array[] = {0xDC, 0, 20};
    const uint8_t map[] = {0xDE, 0, 10};
    uint8_t full[23] = {0xDC, 0, 20};
    cr_expect(scan_of(full, sizeof full, 1, 20) == ERR_LIMIT);
    cr_expect(scan_of(full, sizeof full, 1, 21) == OK);
    cr_expect(scan_of(full, sizeof full, 1, 22) == OK);
    cr_expect(scan_of(array, sizeof array, 1, 20) == ERR_LIMIT, "nothing of it was looked for");
    cr_expect(scan_of(array, sizeof array, 1, 21) == ERR_SHORT);
    cr_expect(scan_of(map, sizeof map, 1, 20) == ERR_LIMIT, "a pair counts two");
    cr_expect(scan_of(map, sizeof map, 1, 21) == ERR_SHORT);
    cr_expect(scan_of(full, sizeof full, 1, 0) == ERR_LIMIT);
}

Test(scan, nodes_of_siblings_add_up)
{
    /* [[0, 0], [0, 0]] has 7 values. */
    const uint8_t two[] = {0x92, 0x92, 0, 0, 0x92, 0, 0};
    cr_expect(scan_of(two, sizeof two, 2, 6) == ERR_LIMIT);
    cr_expect(scan_of(two, sizeof two, 2, 7) == OK);
}

Test(scan, bombs_are_refused_whatever_they_declare)
{
    uint8_t chain[31 * 3 + 1];
    for (size_t i = 0; i < 31; i++)
        memcpy(chain + 3 * i, (const uint8_t[]){0xDC, 0xFF, 0xFF}, 3);
    chain[93] = 0xC0;
    uint8_t deep[41];
    memset(deep, 0x91, 40);
    deep[40] = 0xC0;
    cr_expect(scan_of((const uint8_t[]){0xDD, 0, 0x10, 0, 0}, 5, 16, 4096) == ERR_LIMIT);
    cr_expect(scan_of((const uint8_t[]){0xDD, 0xFF, 0, 0, 0}, 5, 16, 4096) == ERR_LIMIT);
    cr_expect(scan_of((const uint8_t[]){0xDD, 0x7F, 0xFF, 0xFF, 0xFF}, 5, 16, 4096) == ERR_LIMIT);
    cr_expect(scan_of((const uint8_t[]){0xDE, 0xFF, 0xFF}, 3, 16, 4096) == ERR_LIMIT);
    cr_expect(scan_of((const uint8_t[]){0xDF, 0x80, 0, 0, 0}, 5, 16, 4096) == ERR_LIMIT,
              "twice 2^31 does not wrap to 0");
    cr_expect(scan_of((const uint8_t[]){0xDF, 0xFF, 0xFF, 0xFF, 0xFF}, 5, 16, UINT32_MAX) ==
              ERR_LIMIT);
    cr_expect(scan_of((const uint8_t[]){0xC6, 0xFF, 0xFF, 0xFF, 0xFF}, 5, 16, 4096) == ERR_SHORT);
    cr_expect(scan_of(chain, sizeof chain, 16, 4096) == ERR_LIMIT);
    cr_expect(scan_of(deep, sizeof deep, 16, 4096) == ERR_LIMIT);
}

/* ---- against msgpack-c ---- */

#define VALUE_CAP   512
#define VALUE_DEPTH 18 /* a little over what the scan allows */

static void write_any(struct rng *rng, struct writer *w, int depth);

/* NOLINTNEXTLINE(misc-no-recursion): at most VALUE_DEPTH deep */
static void write_elements(struct rng *rng, struct writer *w, int depth)
{
    const uint64_t n = rng_below(rng, 6);
    const bool map = rng_chance(rng, 300);
    write_u8(w, (uint8_t)((map ? 0x80 : 0x90) | n));
    for (uint64_t i = 0; i < (map ? 2 * n : n); i++)
        write_any(rng, w, depth + 1);
}

/** A random value; at times a lead byte with nothing proper behind it. */
/* NOLINTNEXTLINE(misc-no-recursion): as write_elements() */
static void write_any(struct rng *rng, struct writer *w, int depth)
{
    const uint64_t choice = rng_below(rng, 10);
    if (w->err != OK)
        return;
    if (choice < 5 && depth < VALUE_DEPTH)
        write_elements(rng, w, depth);
    else if (choice < 7)
        write_u8(w, (uint8_t)rng_next(rng));
    else if (choice < 8)
        write_u16(w, (uint16_t)(0xA100 | rng_below(rng, 256)));
    else
        write_u8(w, (uint8_t)rng_below(rng, 128));
}

static void mutate(struct rng *rng, uint8_t *at, size_t len)
{
    const uint64_t n = rng_below(rng, 4);
    for (uint64_t i = 0; i < n && len > 0; i++)
        at[rng_below(rng, len)] =
            (uint8_t)(rng_chance(rng, 500) ? 0xC0 + rng_below(rng, 32) : rng_next(rng));
}

/** Within the limits msgpack-c must see the same: the same length, no new chunk in its zone. */
static void compare(struct slice bytes, msgpack_zone *zone, uint64_t seed)
{
    struct scan_size size = {0};
    const enum err err = scan_value(bytes, &wide, &size);
    if (err == ERR_LIMIT || err == ERR_MALFORMED)
        return;
    const void *head = zone->chunk_list.head;
    msgpack_object object;
    size_t off = 0;
    const msgpack_unpack_return got =
        msgpack_unpack((const char *)bytes.at, bytes.len, &off, zone, &object);
    cr_assert(zone->chunk_list.head == head, "SEED=%" PRIu64, seed);
    if (err == ERR_SHORT) {
        cr_assert(got == MSGPACK_UNPACK_CONTINUE, "SEED=%" PRIu64, seed);
    } else {
        cr_assert(got == MSGPACK_UNPACK_SUCCESS || got == MSGPACK_UNPACK_EXTRA_BYTES,
                  "SEED=%" PRIu64, seed);
        cr_assert(off == size.len, "SEED=%" PRIu64 ": %zu, %zu", seed, off, size.len);
    }
    msgpack_zone_clear(zone);
}

Test(scan, msgpack_c_agrees_on_every_random_and_mutated_input)
{
    const char *text = getenv("SEED");
    const uint64_t seed = text == NULL ? 1 : strtoull(text, NULL, 0);
    struct rng rng;
    msgpack_zone zone;
    uint8_t buf[VALUE_CAP];
    rng_init(&rng, seed);
    cr_assert(msgpack_zone_init(&zone, 4096 * sizeof(msgpack_object) + 64));
    for (int i = 0; i < 200000; i++) {
        struct writer w = writer_of(buf, sizeof buf);
        write_any(&rng, &w, 0);
        if (i % 2 == 1)
            mutate(&rng, buf, w.len);
        compare(writer_slice(&w), &zone, seed);
    }
    msgpack_zone_destroy(&zone);
}
