/**
 * loop/store.h - memory for arenas, and the locks of the shards.
 *
 * Memory is mapped without reservation: what nobody touches costs nothing, so a machine's arena may be
 * generous. A lock is a mutex that spins briefly and then sleeps: on few cores a pure spin would burn
 * the quantum of the lock's holder.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "cache/cache.h"

/** Zeroed memory from the system. */
struct store_map {
    void *at; /* NULL = none */
    size_t len;
    size_t used; /* bytes that were taken from it */
};

/** Makes something inside arena; NULL when the arena is too small. */
typedef void *store_make(void *ctx, struct arena *arena);

/** What to make, and in how much memory. */
struct store_plan {
    size_t len;     /* to begin with */
    size_t len_max; /* and at most */
    store_make *make;
    void *ctx;
};

/**
 * Map len bytes and make something in them; while that says NULL, twice as much, up to len_max.
 *
 * Returns: what make returned; NULL when even len_max was too small, or there is no memory, and then
 *          nothing stays mapped.
 */
void *store_build(struct store_map *map, const struct store_plan *plan);

/** Give a map back. */
void store_unmap(struct store_map *map);

/** One cache line a lock, so that neighbours do not slow each other. */
struct store_lock {
    _Alignas(64) pthread_mutex_t mutex;
};

struct store_locks {
    struct store_lock shards[CACHE_SHARDS_MAX];
    struct store_lock ns;
};

/** Make all locks. locks must not move afterwards. */
void store_locks_init(struct store_locks *locks);

/** Release all locks; nobody holds one. */
void store_locks_fini(struct store_locks *locks);

/** Point the hooks of cfg at locks, which are lent for the life of the cache. */
void store_locks_hook(struct store_locks *locks, struct cache_cfg *cfg);
