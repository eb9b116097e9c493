#include "load/keys.h"

#include <assert.h>
#include <string.h>

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b != 0) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/** About the golden section of n, and without a common divisor: rank -> rank * stride % n visits every
 *  key once. */
static uint64_t stride_of(uint32_t n)
{
    uint64_t stride = (uint64_t)((double)n * 0.6180339887) | 1;
    while (common_divisor(stride, n) != 1)
        stride += 2;
    return stride;
}

void keys_uniform(struct keys *k, uint32_t n, uint64_t seed)
{
    assert(n > 0);
    *k = (struct keys){.dist = KEYS_UNIFORM, .n = n};
    rng_init(&k->rng, seed);
}

void keys_zipf(struct keys *k, uint32_t n, double theta, uint64_t seed)
{
    keys_uniform(k, n, seed);
    k->dist = KEYS_ZIPF;
    k->stride = stride_of(n);
    zipf_init(&k->zipf, n, theta);
}

void keys_trace(struct keys *k, const struct trace *t, size_t from, size_t step)
{
    assert(t->n > 0 && step > 0);
    *k = (struct keys){.dist = KEYS_TRACE, .n = t->keys_n, .trace = t, .step = step};
    k->at = from % t->n;
}

static uint32_t next_of_trace(struct keys *k)
{
    const uint32_t key = k->trace->keys[k->at];
    k->at = (k->at + k->step) % k->trace->n;
    return key;
}

uint32_t keys_next(struct keys *k)
{
    switch (k->dist) {
    case KEYS_ZIPF:
        return (uint32_t)(zipf_next(&k->zipf, &k->rng) * k->stride % k->n);
    case KEYS_TRACE:
        return next_of_trace(k);
    default:
        return (uint32_t)((rng_next(&k->rng) >> 32) * k->n >> 32);
    }
}

void key_digits(uint8_t *at, uint32_t key)
{
    static const char HEX[] = "0123456789abcdef";
    for (int i = KEY_DIGITS - 1; i >= 0; i--) {
        at[i] = (uint8_t)HEX[key & 0xF];
        key >>= 4;
    }
}

void key_write(uint8_t *at, uint32_t len, uint32_t key)
{
    assert(len >= KEY_DIGITS);
    memset(at, 'k', len - KEY_DIGITS);
    key_digits(at + len - KEY_DIGITS, key);
}
