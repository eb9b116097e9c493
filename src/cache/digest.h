/**
 * cache/digest.h - when are two entries the same entry: everything that decides the life of one.
 *
 * digest = SipHash-2-4-128(hkey, value_len u64 | SipHash-2-4-128(hkey, value) | life u8 | tags u8 |
 * sorted target hashes of the tags, u64 each), integers big-endian; zero, which equals nothing, when
 * the value is longer than CACHE_DIGEST_MAX. life is 0 without a time to live, else 1 +
 * floor(log2(ttl in ms)). Tags belong in it: a copy kept with other tags would escape a tag dot.
 * Never covers the key: digests are compared among entries of one key.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"
#include "cache/cache.h"
#include "cache/shard.h"

/** The expiry class of a time to live. */
uint8_t digest_life(uint64_t ttl_ms);

/** When something stored now with this time to live expires; NEVER for 0 and beyond the clock. */
mono_us digest_expiry(mono_us now, uint64_t ttl_ms);

/** A set of tags as sorted target hashes without duplicates. */
struct tagset {
    uint64_t hashes[CACHE_TAGS_MAX];
    uint8_t n;
};

/** Derive the tag set of an item within limits, in namespace ns. */
struct tagset digest_tags(const struct hkey *hkey, struct slice ns, const struct cache_item *item);

/** Digest of the parts of an entry. */
struct hash128 digest_of(const struct hkey *hkey, struct slice value, uint8_t life,
                         const struct tagset *tags);

/** Digest of an entry in a shard; under its lock. */
struct hash128 digest_of_entry(const struct shard *s, struct item *it);
