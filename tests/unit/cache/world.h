/** tests/unit/cache/world.h - one cache, its clock and its L, and short verbs for telling stories. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cache/cache.h"

#define VALUE_SEEN 256

struct world {
    void *mem;
    struct cache *c;
    uint64_t index; /* L */
    mono_us now;
    uint32_t held;  /* locks held now */
    uint64_t locks; /* taken so far, of shards and of namespaces */
    /* what the last hit showed */
    uint8_t seen[VALUE_SEEN];
    size_t seen_len; /* of the whole value */
    struct cache_hit hit;
};

struct world_cfg {
    uint64_t budget_bytes; /* 0: 1 MiB */
    uint32_t shards;       /* 0: 1 */
    uint32_t recent_max;
    uint32_t value_max; /* 0: 64 KiB */
    uint8_t bucket_bits;
};

struct world *world_new(const struct world_cfg *cfg);
void world_free(struct world *w); /* asserts that the hooks are balanced */

/** A value with up to four tags; the end of tags is a NULL. */
struct entry {
    const char *value;
    uint64_t ttl_ms;
    uint64_t fresh_ms;
    uint64_t version; /* 0 = none */
    const char *tags[5];
};

struct cache_key key_of(struct world *w, const char *ns, const char *key);
struct slice take_token(struct world *w, const char *ns, const char *key, uint8_t out[TOKEN_LEN]);
enum cache_reason fill(struct world *w, const char *ns, const char *key, struct entry e,
                       struct slice token);
/** Take a token and fill with it at once. */
enum cache_reason fill_now(struct world *w, const char *key, struct entry e);
enum cache_reason fill_len(struct world *w, const char *key, size_t value_len);
bool get(struct world *w, const char *ns, const char *key);
enum cache_found look(struct world *w, const char *key, struct cache_ask ask);
enum cache_found look_in(struct world *w, const char *ns, const char *key, struct cache_ask ask);
/** Is there a hit with exactly this value? */
bool shows(struct world *w, const char *key, const char *value);
struct hash128 digest(struct world *w, const char *key, struct entry e);
enum cache_reason put(struct world *w, const char *key, struct entry e, uint64_t index);
enum cache_reason put_token(struct world *w, const char *key, struct entry e, struct slice token,
                            uint64_t index);
enum cache_reason put_ending(struct world *w, const char *key, struct entry e,
                             const struct cache_written *written);

enum cache_reason import(struct world *w, const char *key, struct entry e, uint64_t stamp);

/** ++L, published. */
uint64_t event(struct world *w);

/** Dots: each takes the next index, publishes it and is applied with it, which it returns. */
uint64_t dot_key(struct world *w, const char *ns, const char *key);
uint64_t dot_put(struct world *w, const char *key, struct entry e);
uint64_t dot_tag(struct world *w, const char *ns, const char *tag);
uint64_t dot_prefix(struct world *w, const char *ns, const char *prefix);
uint64_t dot_namespace(struct world *w, const char *ns);
uint64_t dot_all(struct world *w);

/** A dot of kind at a target, and its issue as above; epoch 1 and a sequence that equals the index,
 *  unless d has them. */
struct dot dot_of(struct world *w, uint8_t kind, const char *ns, const char *target);
uint64_t issue(struct world *w, struct dot d);
void issue_at(struct world *w, struct dot d, uint64_t index); /* one that is already published */

/** The same, with the kind, softness and version named. */
uint64_t dot_soft(struct world *w, uint8_t kind, const char *target);
uint64_t dot_version(struct world *w, uint8_t kind, const char *key, struct entry e);

/** A DOT_TAGS_ALL of the n tags. */
struct tags_all {
    uint8_t bytes[8 * DOT_TAGS_MAX];
};

struct dot tags_all_of(struct world *w, const char *ns, const char *const *tags, size_t n,
                       struct tags_all *room);

/** As above with an index that is already published. */
void apply_at(struct world *w, uint8_t kind, const char *ns, const char *target, uint64_t index);
void apply_put_at(struct world *w, const char *key, struct entry e, uint64_t index);

/** Step until nothing waits, then once more round every shard. */
void sweep_all(struct world *w);

struct cache_stats stats(struct world *w);
