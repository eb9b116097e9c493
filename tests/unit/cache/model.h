/**
 * tests/unit/cache/model.h - a cache, its judge, and one random life of both.
 *
 * model.c reads and stores; model_dots.c invalidates. Every step says to both the same, and compares.
 */
#pragma once

#include "base/rng.h"

#include "reference.h"
#include "world.h"

#define MODEL_PENDING 48

/** A token in somebody's hands. */
struct pending {
    bool there;
    size_t key_i;
    uint64_t stamp;
    uint8_t token[TOKEN_LEN];
};

struct model {
    struct world *w;
    struct reference *ref;
    struct rng rng;
    uint64_t seed;
    bool exact;        /* tables are never full: the cache must do what its judge does */
    bool sweeps;       /* as it should; else rarely */
    size_t prefix_max; /* longest prefix dot */
    struct pending pending[MODEL_PENDING];
    uint64_t hits, stored;
};

struct model *model_new(const struct world_cfg *cfg, uint64_t seed, bool exact);
void model_free(struct model *m);

uint64_t model_below(struct model *m, uint64_t n);
const char *model_ns(uint8_t ns);
struct cache_key model_key(struct model *m, size_t key_i);
uint16_t model_tag(struct model *m);                            /* often one of few */
void model_add_tag(uint16_t tags[4], uint8_t *n, uint16_t tag); /* keeps them a sorted set */

struct content model_content(struct model *m, uint64_t *ttl_ms, uint64_t *fresh_ms);
/** The item of a content; its bytes live until the next call. */
struct cache_item model_item(const struct content *c, uint64_t ttl_ms, uint64_t fresh_ms);

/** A value was offered, and the cache said reason. */
void model_offered(struct model *m, size_t key_i, const struct ref_entry *entry,
                   enum cache_reason reason);

/** Reads and stores. */
void model_get(struct model *m);
void model_fill(struct model *m);
void model_import(struct model *m);
void model_touch(struct model *m);

/** Invalidations; a put also stores. */
void model_key_dot(struct model *m);
void model_quarantine(struct model *m);
uint64_t model_end(struct model *m, size_t key_i); /* by a commit; its index */
void model_put(struct model *m);
void model_tag_dot(struct model *m);
void model_tags_all_dot(struct model *m);
void model_prefix_dot(struct model *m);
void model_buckets_dot(struct model *m);
void model_wider_dot(struct model *m);
