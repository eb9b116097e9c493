/**
 * source.h - what the cache stands before: a table of keys with versions, and who changed what when.
 *
 * Commits are numbered. A *state* is what a reader can see of a key: value and tags. A state is *over*
 * at the number of the commit that replaced it last; values may come back (ABA), and then it is not.
 * Knows nothing of nodes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/rng.h"
#include "base/slice.h"

#define SOURCE_NAMESPACES 3U
#define SOURCE_TAGS       8U  /* per namespace */
#define SOURCE_PREFIXES   12U /* per namespace: 3 of one letter, 9 of two and a colon */
#define SOURCE_NOT_OVER   UINT32_MAX
#define SOURCE_VALUE_MAX  4096
#define SOURCE_VALUE_HEAD 16

struct source_key {
    char text[16];
    uint8_t len;
    uint8_t ns;
    uint16_t prefix[2]; /* ids over all namespaces */
    uint32_t state;     /* now */
    uint32_t commit; /* the last one of it; 0 = none yet. Its version, for clients that have them */
};

struct source_state {
    uint32_t key;
    uint32_t value;
    uint32_t tags; /* bit set of the key's namespace */
    uint32_t over; /* commit that replaced it last; SOURCE_NOT_OVER while it is the present one */
};

struct source {
    struct source_key *keys;
    uint32_t keys_n;
    struct source_state *states;
    uint32_t states_n, states_cap;
    uint32_t commits;
    bool aba; /* values come back */
    uint32_t value_max;
    struct rng rng;
};

/** Make a source of keys_n keys, all at their first version. */
void source_init(struct source *src, uint64_t seed, uint32_t keys_n);

/** Give the memory back. */
void source_free(struct source *src);

/** Commit a new version of a key. Returns: its state. */
uint32_t source_commit(struct source *src, uint32_t key);

/** A key, skewed to the low numbers. */
uint32_t source_pick(const struct source *src, struct rng *r);

/** Name of a key, a namespace, a tag, a prefix by id. The slice is lent for the source's life. */
struct slice source_name(const struct source *src, uint32_t key);
struct slice source_ns(uint32_t ns);           /**< as source_name */
struct slice source_tag(uint32_t tag);         /**< as source_name; tag < SOURCE_TAGS */
struct slice source_prefix(uint32_t prefix_i); /**< as source_name; id over all namespaces */

/** Write the value of a state into out, of SOURCE_VALUE_MAX bytes. Returns: its length. */
uint32_t source_value(const struct source *src, uint32_t state, uint8_t *out);

/** Are these the bytes of the value of a state? */
bool source_is_value(const struct source *src, uint32_t state, struct slice bytes);

/** List the tags of a state. Returns: how many. */
uint32_t source_tags(const struct source *src, uint32_t state, struct slice out[SOURCE_TAGS]);
