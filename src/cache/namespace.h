/**
 * cache/namespace.h - the namespaces that were ever used here: append-only, read without a lock.
 *
 * Insertions happen under the ns hooks of the cache's cfg; readers see whole entries because they
 * load the count with acquire. Never forgets a namespace.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"
#include "cache/cache.h"

struct names_entry {
    uint64_t hash; /* target hash of the namespace */
    uint64_t born; /* L when it was interned: older stamps are refused */
    uint8_t len;
    uint8_t text[CACHE_NS_MAX];
};

struct names {
    _Atomic uint32_t n;
    struct names_entry all[CACHE_NAMESPACES_MAX];
};

/** Find a namespace by name, or by target hash. false: it is not there. Any thread. */
bool names_find(const struct names *names, struct slice name, uint8_t *out);
bool names_find_hash(const struct names *names, uint64_t hash, uint8_t *out); /**< as names_find */

/** Append one; false when the table is full. The caller holds the ns lock and found it missing. */
bool names_add(struct names *names, const struct hkey *hkey, struct slice name, uint64_t born);

/** One entry; its name as a slice, lent for life. */
const struct names_entry *names_at(const struct names *names, uint8_t ns_i);
struct slice names_text(const struct names *names, uint8_t ns_i); /**< as names_at */
