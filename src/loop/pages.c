#include "loop/pages.h"

#include <time.h>

#include <sys/mman.h>

#include "loop/clock.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* of Linux 6.1; younger than some C libraries */
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* of Linux 5.14 */
#endif

#define HUGE      ((uintptr_t)2 << 20)
#define SMALL     ((uintptr_t)4 << 10)
#define HUGE_FROM ((uint64_t)64 << 20) /* bytes of cache: smaller ones have little to gain */
#define TOUCH_MAX ((uintptr_t)1 << 20) /* of one shard at once */
#define BUSY_MS   5                    /* from one look to the next while something was found */
#define IDLE_MS   100
#define REST      9 /* times as long as it took to put a page together, before the next */

/* ---- what is about to be filled ---- */

/** Small pages from one address to another, as far as these hold whole ones. The system has to find and
 *  clear them; whoever stored the next item would wait for that, one by one. */
static void touch(uintptr_t from, uintptr_t to)
{
    void *at = (void *)from; /* NOLINT(performance-no-int-to-ptr): an aligned part of our map */
    (void)madvise(at, to - from, MADV_POPULATE_WRITE);
}

bool pages_touch(struct pages *p)
{
    bool any = false;
    for (uint32_t i = 0; i < cache_config(p->cache)->shards; i++) {
        const struct slice reach = cache_reach(p->cache, i);
        const uintptr_t begin = (uintptr_t)reach.at;
        const uintptr_t end = (begin + reach.len) / SMALL * SMALL;
        uintptr_t from = ((p->there[i] > begin ? p->there[i] : begin) + SMALL - 1) / SMALL * SMALL;
        if (from >= end)
            continue;
        from =
            end - from > TOUCH_MAX ? end - TOUCH_MAX : from; /* what is older is in use already */
        touch(from, end);
        p->touched += end - from;
        p->there[i] = end;
        any = true;
    }
    return any;
}

/* ---- one page ---- */

/** The first huge page that begins in the reach of a shard, is filled, perhaps with the help of the next
 *  shard, and has not been dealt with; 0 when there is none. */
static uintptr_t find(struct cache *c, uint32_t shard_i, uintptr_t done)
{
    const struct slice reach = cache_reach(c, shard_i);
    const uintptr_t begin = (uintptr_t)reach.at;
    const uintptr_t page = ((done > begin ? done : begin) + HUGE - 1) / HUGE * HUGE;
    uintptr_t end = begin + reach.len;
    if (page < end && page + HUGE > end && shard_i + 1 < cache_config(c)->shards) {
        const struct slice next = cache_reach(c, shard_i + 1);
        end += (uintptr_t)next.at == end ? next.len : 0;
    }
    return page + HUGE <= end ? page : 0;
}

/**
 * Use one huge page and give it back: the system has it at hand then. The copy is made under a lock of the
 * system for which whoever touches new memory waits; in a virtual machine the memory behind a page may
 * have to be found first, which takes ten times as long as the copy, and is done here without it.
 */
static void warm_one(void)
{
    uint8_t *at = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return;
    uint8_t *page = at + (HUGE - (uintptr_t)at % HUGE) % HUGE;
    if (madvise(page, HUGE, MADV_HUGEPAGE) == 0)
        *(volatile uint8_t *)page = 1;
    (void)munmap(at, 2 * HUGE);
}

static void join(uintptr_t page)
{
    void *at = (void *)page; /* NOLINT(performance-no-int-to-ptr): an aligned part of our map */
    if (madvise(at, HUGE, MADV_COLLAPSE) != 0)
        (void)madvise(at, HUGE, MADV_HUGEPAGE);
}

bool pages_join(struct pages *p)
{
    const uint32_t shards = cache_config(p->cache)->shards;
    for (uint32_t i = 0; i < shards; i++) {
        const uint32_t shard_i = p->shard_i;
        const uintptr_t page = find(p->cache, shard_i, p->done[shard_i]);
        p->shard_i = (shard_i + 1) % shards;
        if (page == 0)
            continue;
        warm_one();
        join(page);
        p->done[shard_i] = page + HUGE;
        p->huge++;
        return true;
    }
    return false;
}

/* ---- the thread ---- */

/** Put a page together, if it is time; so that all copies take a small part of a core. */
static bool join_in_time(struct pages *p)
{
    const mono_us begun = clock_now();
    if (begun < p->next)
        return true;
    if (!pages_join(p))
        return false;
    p->next = begun + (REST + 1) * (clock_now() - begun);
    return true;
}

/** Everything that is to be done now; false when there was nothing. */
static bool take_steps(struct pages *p)
{
    const bool touched = pages_touch(p);
    return join_in_time(p) || touched;
}

static struct timespec in_ms(long ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/** Sleep, or until the end. */
static bool goes_on(struct pages *p, long ms)
{
    const struct timespec until = in_ms(ms);
    int timed_out = 0;
    pthread_mutex_lock(&p->mutex);
    while (!p->stops && timed_out == 0)
        timed_out = pthread_cond_timedwait(&p->woken, &p->mutex, &until);
    const bool stops = p->stops;
    pthread_mutex_unlock(&p->mutex);
    return !stops;
}

static void *work(void *ctx)
{
    struct pages *p = ctx;
    while (goes_on(p, take_steps(p) ? BUSY_MS : IDLE_MS))
        continue;
    return NULL;
}

static void init_wake(struct pages *p)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->woken, &attr);
    pthread_condattr_destroy(&attr);
}

static void fini_wake(struct pages *p)
{
    pthread_cond_destroy(&p->woken);
    pthread_mutex_destroy(&p->mutex);
}

bool pages_start(struct pages *p, struct cache *c)
{
    if (cache_config(c)->budget_bytes < HUGE_FROM)
        return false;
    p->cache = c;
    p->stops = false;
    init_wake(p);
    p->started = pthread_create(&p->thread, NULL, work, p) == 0;
    if (!p->started)
        fini_wake(p);
    return p->started;
}

void pages_stop(struct pages *p)
{
    if (!p->started)
        return;
    pthread_mutex_lock(&p->mutex);
    p->stops = true;
    pthread_cond_signal(&p->woken);
    pthread_mutex_unlock(&p->mutex);
    pthread_join(p->thread, NULL);
    fini_wake(p);
    p->started = false;
}
