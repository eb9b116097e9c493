#include "stage_guard.h"

#include "cache/inside.h"

static const struct stage *stage;

void stage_guard(const struct stage *s)
{
    stage = s;
}

static bool is_inside(const void *at, const void *block, uint64_t len)
{
    return (uintptr_t)at - (uintptr_t)block < len;
}

/** Of one shard: its share, which begins with struct shard. */
static uint64_t share(const struct cache *c)
{
    return c->cfg.budget_bytes / c->cfg.shards / 64 * 64;
}

static void mind_shard(const void *at)
{
    for (uint32_t i = 0; i < stage->c->cfg.shards; i++)
        if (is_inside(at, stage->c->shards[i], share(stage->c)))
            explorer_require(stage->shards[i].owner == explorer_thread(),
                             "a shard is touched without its lock");
}

static void mind_read(const void *at)
{
    if (stage != NULL && explorer_thread() != 0 && !stage->unlocked)
        mind_shard(at);
}

static void mind_write(const void *at)
{
    if (stage == NULL || explorer_thread() == 0 || stage->unlocked)
        return;
    mind_shard(at);
    explorer_require(!is_inside(at, stage->c, sizeof *stage->c) ||
                         stage->names.owner == explorer_thread(),
                     "the names are written without their lock");
}

/** The words of cache/hinted.h are no steps: whoever reads one without the lock decides nothing by it. */
static void mind_hinted(const void *at, bool writes)
{
    bool inside = false;
    if (stage == NULL || explorer_thread() == 0)
        return;
    for (uint32_t i = 0; i < stage->c->cfg.shards; i++)
        inside = inside || is_inside(at, stage->c->shards[i], share(stage->c));
    explorer_require(inside, "an atomic operation goes unseen");
    if (writes)
        mind_write(at);
}

/* What compilers call under -fsanitize=thread. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
#define READS(name)                                                                                \
    void __tsan_##name(void *at);                                                                  \
    void __tsan_##name(void *at)                                                                   \
    {                                                                                              \
        mind_read(at);                                                                             \
    }
#define WRITES(name)                                                                               \
    void __tsan_##name(void *at);                                                                  \
    void __tsan_##name(void *at)                                                                   \
    {                                                                                              \
        mind_write(at);                                                                            \
    }

READS(read1)
READS(read2)
READS(read4)
READS(read8)
READS(read16)
READS(unaligned_read2)
READS(unaligned_read4)
READS(unaligned_read8)
READS(unaligned_read16)
WRITES(write1)
WRITES(write2)
WRITES(write4)
WRITES(write8)
WRITES(write16)
WRITES(unaligned_write2)
WRITES(unaligned_write4)
WRITES(unaligned_write8)
WRITES(unaligned_write16)

#define HINTED(bits)                                                                               \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order);       \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order)        \
    {                                                                                              \
        (void)order;                                                                               \
        mind_hinted((const void *)at, false);                                                      \
        return *at;                                                                                \
    }                                                                                              \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *at, uint##bits##_t word, int order); \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *at, uint##bits##_t word, int order)  \
    {                                                                                              \
        (void)order;                                                                               \
        mind_hinted((const void *)at, true);                                                       \
        *at = word;                                                                                \
    }

HINTED(32)
HINTED(64)

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read_range(void *at, unsigned long len);
void __tsan_write_range(void *at, unsigned long len);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *at, unsigned long len)
{
    (void)len; /* no object lies in two blocks */
    mind_read(at);
}

void __tsan_write_range(void *at, unsigned long len)
{
    (void)len;
    mind_write(at);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
