/**
 * base/siphash.h - SipHash-2-4 of a message that lies in several pieces.
 *
 * Every request hashes its key, so nothing is copied together first, and no library is called. The
 * result is that of libsodium's crypto_shorthash() over the pieces put together. No branch depends on
 * the bytes of key or message: it also authenticates.
 * Source: SipHash-2-4, Aumasson and Bernstein (2012).
 */
#pragma once

#include <stdint.h>

#include "base/slice.h"

/** A hash under way. */
struct siphash {
    uint64_t v[4];
    uint64_t tail; /* the last len % 8 bytes, the first one lowest */
    uint64_t len;  /* bytes so far */
};

/** Begin with a key of 16 bytes. */
struct siphash siphash_begin(const uint8_t key[16]);

/** The next piece; it may be empty. */
void siphash_add(struct siphash *s, struct slice piece);

/** The hash of all pieces, read little-endian. s must not be used again. */
uint64_t siphash_end(struct siphash *s);
