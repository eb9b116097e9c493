/**
 * load/keys.h - which key comes next, and how it is written.
 *
 * A key is a number below n; its text is as long as was asked for and ends in the number's eight hex
 * digits. Never remembers what was asked.
 */
#pragma once

#include <stdint.h>

#include "base/rng.h"
#include "load/trace.h"
#include "load/zipf.h"

#define KEY_DIGITS 8 /* the shortest key */

enum keys_dist {
    KEYS_UNIFORM,
    KEYS_ZIPF,
    KEYS_TRACE
};

struct keys {
    enum keys_dist dist;
    uint32_t n;
    struct rng rng;
    struct zipf zipf;
    uint64_t stride; /* a hot rank's neighbours are not its neighbours in memory */
    const struct trace *trace;
    size_t at, step; /* of the trace */
};

/** Begin: n keys, at least 1 (asserted), chosen evenly. */
void keys_uniform(struct keys *k, uint32_t n, uint64_t seed);

/** Begin: chosen by Zipf's law; limits of theta as in load/zipf.h. */
void keys_zipf(struct keys *k, uint32_t n, double theta, uint64_t seed);

/** Begin: those of a trace, every step-th from `from` on, over and over. Lends t, which is not empty. */
void keys_trace(struct keys *k, const struct trace *t, size_t from, size_t step);

/** The next key's number. */
uint32_t keys_next(struct keys *k);

/** Write the key's number, KEY_DIGITS bytes, to `at`. */
void key_digits(uint8_t *at, uint32_t key);

/** Write the whole key, len bytes, at least KEY_DIGITS (asserted). */
void key_write(uint8_t *at, uint32_t len, uint32_t key);
