#include "loop/pages.h"

#include <sys/mman.h>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* of Linux 6.1; younger than some C libraries */
#endif

#define HUGE      ((uintptr_t)2 << 20)
#define HUGE_FROM ((uint64_t)64 << 20) /* bytes of cache: smaller ones have little to gain */
#define PAUSE_US  20000                /* so that the copies take about a hundredth of a core */

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

/** A failure costs speed alone. */
static void join(uintptr_t page)
{
    void *at = (void *)page; /* NOLINT(performance-no-int-to-ptr): an aligned part of our map */
    if (madvise(at, HUGE, MADV_COLLAPSE) != 0)
        (void)madvise(at, HUGE, MADV_HUGEPAGE);
}

void pages_step(struct pages *p, struct cache *c, mono_us now)
{
    const uint32_t shards = cache_config(c)->shards;
    if (now < p->next || cache_config(c)->budget_bytes < HUGE_FROM)
        return;
    p->next = now + PAUSE_US;
    for (uint32_t i = 0; i < shards; i++) {
        const uint32_t shard_i = p->shard_i;
        const uintptr_t page = find(c, shard_i, p->done[shard_i]);
        p->shard_i = (shard_i + 1) % shards;
        if (page == 0)
            continue;
        join(page);
        p->done[shard_i] = page + HUGE;
        p->huge++;
        return;
    }
}
