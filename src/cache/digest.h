/**
 * cache/digest.h - when are two entries the same entry: everything that decides the life of one.
 *
 * digest = SipHash-2-4-128(hkey, value_len u64 | SipHash-2-4-128(hkey, value) | life u8 | fresh u8 |
 * has_version u8 | version u64, 0 without | tags u8 | sorted target hashes of the tags, u64 each),
 * integers big-endian; zero, which equals nothing, when the value is longer than CACHE_DIGEST_MAX.
 * life is 0 without a time to live, else 1 + floor(log2(ttl in ms)); fresh likewise, of the time until
 * it is stale. Tags belong in it: a copy kept with other tags would escape a tag dot.
 * Never covers the key: digests are compared among entries of one key.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"
#include "cache/cache.h"
#include "cache/shard.h"

/** The class of a time to live, or to be fresh. */
uint8_t digest_life(uint64_t ms);

/** When something stored now with such a time reaches its end; NEVER for 0 and beyond the clock. */
mono_us digest_expiry(mono_us now, uint64_t ms);

/** A set of tags as sorted target hashes without duplicates. */
struct tagset {
    uint64_t hashes[CACHE_TAGS_MAX];
    uint8_t n;
};

/** Derive the tag set of an item within limits, in namespace ns. */
struct tagset digest_tags(const struct hkey *hkey, struct slice ns, const struct cache_item *item);

/** The tag set of an entry in a shard, under its lock. */
struct tagset digest_tags_of_entry(const struct shard *s, const struct item *it);

/** Digest of an item whose tag set is tags. */
struct hash128 digest_of(const struct hkey *hkey, const struct cache_item *item,
                         const struct tagset *tags);

/** Digest of an entry in a shard; under its lock. */
struct hash128 digest_of_entry(const struct shard *s, const struct item *it);
