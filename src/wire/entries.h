/**
 * wire/entries.h - cache entries that one node gives to another, in a frame of a stream.
 *
 * Private to `wire` but for the struct, which is part of wire/stream.h. What is packed asserts its
 * limits, what is read checks every type and length and is sticky, as wire/object.h. Says nothing
 * about whether an entry may be believed. The layout is in proto/peer.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define ENTRIES_MAX     512  /* of one frame */
#define ENTRY_NS_MAX    64   /* bytes */
#define ENTRY_KEY_MAX   1024 /* bytes, at least 1 */
#define ENTRY_TAGS_MAX  16
#define ENTRY_ROOM(len) ((len) + 56) /* bytes of an entry whose slices have len bytes in all */

struct packer;
struct object_reader;

/** One entry: [namespace, key, value, tags, ttl_ms, fresh_ms, version or nil, age_ms]; the last one
 *  may be missing: 0. */
struct stream_entry {
    struct slice ns;
    struct slice key;
    struct slice value;
    struct slice tags; /* target hashes, u64 each, each higher than the one before */
    uint64_t ttl_ms;   /* left; 0 = none */
    uint64_t fresh_ms; /* left until it is stale; 0 = never of itself */
    uint64_t age_ms;   /* since the value was stored first */
    bool has_version;
    uint64_t version; /* when has_version */
};

/** Pack an array of n entries. Asserts their limits. */
void entries_pack(struct packer *p, const struct stream_entry *entries, size_t n);

/** Read an array of at most ENTRIES_MAX entries (ERR_LIMIT) into out. Lends. Returns: their number. */
size_t entries_read(struct object_reader *r, struct stream_entry *out);
