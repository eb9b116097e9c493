#include "base/histogram.h"

#include <assert.h>

#define STEPS 128U /* linear steps per power of two */
#define SHIFT 7U   /* log2 STEPS */

static size_t bucket_of(uint64_t value)
{
    if (value < STEPS)
        return (size_t)value;
    const unsigned top = 63U - (unsigned)__builtin_clzll(value);
    const size_t i = (top - SHIFT + 1) * STEPS + (size_t)(value >> (top - SHIFT) & (STEPS - 1));
    return i < HISTOGRAM_BUCKETS ? i : HISTOGRAM_BUCKETS - 1;
}

static uint64_t bucket_top(size_t i)
{
    if (i < STEPS)
        return i;
    const unsigned power = (unsigned)(i / STEPS) - 1;
    return ((STEPS + i % STEPS + 1) << power) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->buckets[bucket_of(value)]++;
    h->count++;
    h->sum += value;
    if (value > h->max)
        h->max = value;
}

uint64_t histogram_quantile(const struct histogram *h, uint32_t permyriad)
{
    assert(permyriad <= 10000);
    const uint64_t rank = (h->count * permyriad + 9999) / 10000;
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
        seen += h->buckets[i];
        if (seen >= rank && seen > 0)
            return bucket_top(i) < h->max ? bucket_top(i) : h->max;
    }
    return h->max;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->buckets[i] += from->buckets[i];
    into->count += from->count;
    into->sum += from->sum;
    if (from->max > into->max)
        into->max = from->max;
}
