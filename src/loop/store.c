#include "loop/store.h"

#include <assert.h>

#include <sys/mman.h>

static bool map_memory(struct store_map *map, size_t len)
{
    void *at =
        mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return false;
    *map = (struct store_map){.at = at, .len = len};
    return true;
}

void *store_build(struct store_map *map, const struct store_plan *plan)
{
    *map = (struct store_map){.at = NULL};
    for (size_t len = plan->len; len <= plan->len_max; len *= 2) {
        struct arena arena;
        if (!map_memory(map, len))
            return NULL;
        arena_init(&arena, map->at, map->len);
        void *made = plan->make(plan->ctx, &arena);
        map->used = arena.used;
        if (made != NULL)
            return made;
        store_unmap(map);
    }
    return NULL;
}

void store_unmap(struct store_map *map)
{
    if (map->at != NULL)
        munmap(map->at, map->len);
    *map = (struct store_map){.at = NULL};
}

static void init_lock(struct store_lock *lock)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(&lock->mutex, &attr);
    pthread_mutexattr_destroy(&attr);
}

void store_locks_init(struct store_locks *locks)
{
    for (size_t i = 0; i < CACHE_SHARDS_MAX; i++)
        init_lock(&locks->shards[i]);
    init_lock(&locks->ns);
}

void store_locks_fini(struct store_locks *locks)
{
    for (size_t i = 0; i < CACHE_SHARDS_MAX; i++)
        pthread_mutex_destroy(&locks->shards[i].mutex);
    pthread_mutex_destroy(&locks->ns.mutex);
}

static void lock_shard(void *ctx, uint32_t shard_i)
{
    struct store_locks *locks = ctx;
    assert(shard_i < CACHE_SHARDS_MAX);
    pthread_mutex_lock(&locks->shards[shard_i].mutex);
}

static void unlock_shard(void *ctx, uint32_t shard_i)
{
    struct store_locks *locks = ctx;
    pthread_mutex_unlock(&locks->shards[shard_i].mutex);
}

static void lock_ns(void *ctx)
{
    struct store_locks *locks = ctx;
    pthread_mutex_lock(&locks->ns.mutex);
}

static void unlock_ns(void *ctx)
{
    struct store_locks *locks = ctx;
    pthread_mutex_unlock(&locks->ns.mutex);
}

void store_locks_hook(struct store_locks *locks, struct cache_cfg *cfg)
{
    cfg->lock_ctx = locks;
    cfg->lock = lock_shard;
    cfg->unlock = unlock_shard;
    cfg->ns_lock = lock_ns;
    cfg->ns_unlock = unlock_ns;
}
