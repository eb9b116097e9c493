/** A patched request is the request that would have been written anew. */

#include <criterion/criterion.h>
#include <string.h>

#include "base/rng.h"
#include "load/keys.h"
#include "load/stencil.h"

#include "seed.h"

static const struct protocol *const PROTOCOLS[] = {&PROTOCOL_SCRUBJAY, &PROTOCOL_REDIS,
                                                   &PROTOCOL_MEMCACHED};
static struct value_book b;
static uint8_t wanted[4096], given[4096], value[2048], key[64], token[24];

static void compare(const struct protocol *p, enum verb verb, const struct stencil_shape *shape,
                    uint16_t id)
{
    struct stencil t = {0};
    const uint32_t number = (uint32_t)id * 977;
    struct writer w = writer_of(wanted, sizeof wanted);
    const struct parts parts = {.id = id,
                                .key = slice_of(key, shape->key_len),
                                .value = slice_of(value, shape->value_len),
                                .token = slice_of(token, shape->token_len),
                                .ttl_s = shape->ttl_s};
    key_write(key, shape->key_len, number);
    value_write(&b, number, value);
    p->write(&w, verb, &parts);
    stencil_make(&t, p, verb, shape);
    cr_assert_eq(t.len, w.len);
    const struct stencil_fill fill = {.id = id, .key = number, .token = token};
    stencil_write(&t, &fill, &b, given);
    cr_assert_arr_eq(given, wanted, w.len, "%s, verb %d, value of %u, id %u", p->name, (int)verb,
                     shape->value_len, id);
    stencil_free(&t);
}

static void compare_all(uint32_t key_len, uint32_t value_len, uint32_t ttl_s)
{
    static const uint16_t ids[] = {256, 257, 0x1111, 0x2222, 1279};
    const struct stencil_shape shape = {key_len, value_len, sizeof token, ttl_s};
    value_book_init(&b, value_len);
    for (size_t p = 0; p < 3; p++)
        for (int verb = 0; verb < VERBS; verb++)
            for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
                compare(PROTOCOLS[p], (enum verb)verb, &shape, ids[i]);
    value_book_fini(&b);
}

Test(stencil, a_patched_request_equals_a_written_one)
{
    static const uint32_t value_lens[] = {0, 1, 31, 32, 97, 98, 254, 255, 256, 1024};
    struct rng r;
    rng_init(&r, seed());
    for (size_t i = 0; i < sizeof token; i++)
        token[i] = (uint8_t)rng_next(&r);
    for (size_t i = 0; i < sizeof value_lens / sizeof *value_lens; i++) {
        compare_all(8, value_lens[i], 0);
        compare_all(32, value_lens[i], 3600);
    }
}
