/**
 * tests/unit/cache/reference.h - a cache that never forgets and never runs out: the judge.
 *
 * It keeps every dot that matters and says of a value with stamp T whether anything newer than T
 * covers it. It shares no code with src/cache: equality of contents is equality of their parts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/cache.h"

#define REF_KEYS 160
#define REF_NS   3
#define REF_TAGS 240
#define REF_KEY  32 /* longest key */

/** What decides the life of an entry. */
struct content {
    uint8_t value;
    uint8_t ttl_class;
    uint8_t tags_n;
    uint16_t tags[4]; /* sorted, no duplicates */
};

struct put_dot {
    uint64_t index;
    struct content content;
};

struct ref_key {
    char text[REF_KEY + 1];
    uint8_t ns;
    uint64_t key_bar; /* newest plain key dot */
    struct put_dot *puts;
    size_t puts_n, puts_max;
    /* the entry that a cache without limits would hold */
    bool there;
    uint64_t stamp;
    uint64_t own;     /* index of its own put; 0 = none */
    uint64_t touched; /* L when its expiry class changed: puts until then were judged before */
    mono_us expires_us;
    struct content content;
};

struct ref_prefix {
    char text[REF_KEY + 1];
    size_t len;
    uint8_t ns;
    uint64_t bar;
};

struct reference {
    struct ref_key keys[REF_KEYS];
    uint64_t tag_bar[REF_NS][REF_TAGS];
    uint64_t ns_bar[REF_NS];
    uint64_t all_bar;
    struct ref_prefix *prefixes;
    size_t prefixes_n, prefixes_max;
};

void ref_free(struct reference *r);
void ref_put(struct reference *r, size_t key_i, const struct content *content, uint64_t index);
void ref_prefix(struct reference *r, uint8_t ns, const char *key, size_t len, uint64_t index);

/** Why a value of key_i with this stamp must be refused; CACHE_STORED when nothing is newer. */
enum cache_reason ref_judge(const struct reference *r, size_t key_i, const struct content *content,
                            uint64_t stamp, uint64_t own);

/** Must the entry that a cache without limits holds be returned? */
bool ref_lives(const struct reference *r, size_t key_i, mono_us now);

/** An accepted store. */
void ref_store(struct reference *r, size_t key_i, const struct ref_key *entry);
