#include "load/latency.h"

#include <assert.h>
#include <stddef.h>

#define STEPS 128U /* linear steps per power of two */
#define SHIFT 7U   /* log2 STEPS */

static size_t bucket_of(uint64_t ns)
{
    if (ns < STEPS)
        return (size_t)ns;
    const unsigned top = 63U - (unsigned)__builtin_clzll(ns);
    const size_t i = (top - SHIFT + 1) * STEPS + (size_t)(ns >> (top - SHIFT) & (STEPS - 1));
    return i < LATENCY_BUCKETS ? i : LATENCY_BUCKETS - 1;
}

static uint64_t bucket_top(size_t i)
{
    if (i < STEPS)
        return i;
    const unsigned power = (unsigned)(i / STEPS) - 1;
    return ((STEPS + i % STEPS + 1) << power) - 1;
}

void latency_add(struct latency *l, uint64_t ns)
{
    l->buckets[bucket_of(ns)]++;
    l->count++;
    l->sum += ns;
    if (ns > l->max)
        l->max = ns;
}

uint64_t latency_quantile(const struct latency *l, uint32_t permyriad)
{
    assert(permyriad <= 10000);
    const uint64_t rank = (l->count * permyriad + 9999) / 10000;
    uint64_t seen = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS - 1; i++) {
        seen += l->buckets[i];
        if (seen >= rank && seen > 0)
            return bucket_top(i) < l->max ? bucket_top(i) : l->max;
    }
    return l->max;
}

void latency_merge(struct latency *into, const struct latency *from)
{
    for (size_t i = 0; i < LATENCY_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
    into->count += from->count;
    into->sum += from->sum;
    if (from->max > into->max)
        into->max = from->max;
}
