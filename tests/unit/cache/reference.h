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

#define REF_KEYS   160
#define REF_NS     3
#define REF_TAGS   240
#define REF_KEY    32 /* longest key */
#define REF_BEGINS 8

/** What decides the life of an entry. */
struct content {
    uint8_t value;
    uint8_t ttl_class;
    uint8_t fresh_class;
    uint8_t version; /* 0 = none */
    uint8_t tags_n;
    uint16_t tags[4]; /* sorted, no duplicates */
};

/** A dot of one key. */
struct key_dot {
    uint64_t index;
    bool soft;
    bool is_put;
    uint8_t version;        /* 0 = none */
    struct content content; /* of a put */
};

struct begun {
    uint64_t seq;
    mono_us until_us;
};

/** What a cache without limits would hold. */
struct ref_entry {
    bool there;
    uint64_t stamp;
    uint64_t own, ended; /* indices of its own put, and of the commit with it; 0 = none */
    bool unproven;
    bool peer;   /* offered as a copy of another node */
    bool marked; /* by a soft dot of its key */
    mono_us expires_us;
    mono_us fresh_us;
    struct content content;
};

struct ref_key {
    char text[REF_KEY + 1];
    uint8_t ns;
    uint64_t hash;
    struct key_dot *dots; /* in the order in which they took effect */
    size_t dots_n, dots_max;
    uint64_t bucket_bar;
    mono_us nostore_us;
    struct begun begun[REF_BEGINS];
    struct ref_entry entry;
};

struct ref_prefix {
    char text[REF_KEY + 1];
    size_t len;
    uint8_t ns;
    uint64_t bar;
};

/** Several tags together. */
struct ref_set {
    uint8_t ns;
    uint8_t n;
    uint16_t tags[4]; /* sorted, no duplicates */
    uint64_t bar;
};

/** A barrier, and where entries become stale. */
struct ref_bar {
    uint64_t hard, soft;
};

struct reference {
    struct ref_key keys[REF_KEYS];
    struct ref_bar tags[REF_NS][REF_TAGS];
    struct ref_bar ns[REF_NS];
    struct ref_bar all;
    uint64_t tagged_bar;
    struct ref_prefix *prefixes;
    size_t prefixes_n, prefixes_max;
    struct ref_set *sets;
    size_t sets_n, sets_max;
};

void ref_free(struct reference *r);
void ref_raise(struct ref_bar *bar, uint64_t index, bool soft);
void ref_prefix(struct reference *r, uint8_t ns, const char *key, size_t len, uint64_t index);
void ref_set(struct reference *r, const struct ref_set *set);

/** A dot of one key takes effect on the entry that is there. */
void ref_key_dot(struct reference *r, size_t key_i, const struct key_dot *dot);

/** Why a value of key_i must be refused; CACHE_STORED when nothing is newer than its stamp. exact: also
 *  for what a cache with limits may have forgotten, and for the entry that is there. */
enum cache_reason ref_judge(const struct reference *r, size_t key_i, const struct ref_entry *entry,
                            mono_us now, bool exact);

/** What a cache without limits answers. */
enum cache_found ref_look(const struct reference *r, size_t key_i, mono_us now,
                          const struct cache_ask *ask);

/** Is there an entry that is neither expired nor dead? */
bool ref_lives(const struct reference *r, size_t key_i, mono_us now);
