/**
 * node/stamp.h - the stamp: the cluster-wide name of what one request invalidated.
 *
 * 24 bytes, big-endian: `format u8 = 1 | flags u8 | count u16 | epoch u64 | seq u64 | check u32`;
 * it names the dots seq - count + 1 .. seq of epoch. check = low half of SipHash(hkey, first 20
 * bytes): it tells typing errors, it is no secret, and forging one can only cost misses.
 */
#pragma once

#include "base/err.h"
#include "base/hash.h"

#define STAMP_LEN 24

struct stamp {
    uint64_t epoch;
    uint64_t seq;
    uint16_t count;
};

/** Write s into out. */
void stamp_write(const struct hkey *hkey, const struct stamp *s, uint8_t out[STAMP_LEN]);

/** Read a stamp; ERR_MALFORMED for any other length, format, count or check, and *out is unchanged. */
MUST_USE enum err stamp_read(const struct hkey *hkey, struct slice bytes, struct stamp *out);
