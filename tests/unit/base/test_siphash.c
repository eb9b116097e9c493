#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/siphash.h"

#define MESSAGE_MAX 200

static uint64_t seed(void)
{
    const char *text = getenv("SEED");
    return text == NULL ? 1 : strtoull(text, NULL, 10);
}

static uint64_t by_sodium(const uint8_t *key, struct slice bytes)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t value = 0;
    crypto_shorthash(out, bytes.at, bytes.len, key);
    for (size_t i = sizeof out; i > 0; i--)
        value = value << 8 | out[i - 1];
    return value;
}

static uint64_t in_pieces(const uint8_t *key, struct slice bytes, struct rng *rng)
{
    struct siphash s = siphash_begin(key);
    while (bytes.len > 0) {
        const size_t n = rng_below(rng, bytes.len + 1);
        siphash_add(&s, slice_of(bytes.at, n));
        bytes = slice_of(bytes.at + n, bytes.len - n);
    }
    return siphash_end(&s);
}

Test(siphash, every_length_in_any_pieces_agrees_with_libsodium)
{
    struct rng rng;
    uint8_t key[16], bytes[MESSAGE_MAX];
    rng_init(&rng, seed());
    for (size_t len = 0; len <= MESSAGE_MAX; len++) {
        for (size_t i = 0; i < sizeof key; i++)
            key[i] = (uint8_t)rng_next(&rng);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)rng_next(&rng);
        const uint64_t expected = by_sodium(key, slice_of(bytes, len));
        for (int i = 0; i < 20; i++)
            cr_assert_eq(in_pieces(key, slice_of(bytes, len), &rng), expected,
                         "%zu bytes, SEED=%llu", len, (unsigned long long)seed());
    }
}
