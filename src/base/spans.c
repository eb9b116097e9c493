#include "base/spans.h"

#include <assert.h>

static const uint32_t BOUNDS_US[SPANS_BUCKETS - 1] = {
    1,    2,     5,     10,    20,     50,     100,    200,     500,     1000,    2000,
    5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000, 2000000, 5000000, 10000000};

size_t spans_bucket(uint64_t us)
{
    size_t i = 0;
    while (i < SPANS_BUCKETS - 1 && us > BOUNDS_US[i])
        i++;
    return i;
}

uint64_t spans_bound_us(size_t i)
{
    assert(i < SPANS_BUCKETS);
    return i < SPANS_BUCKETS - 1 ? BOUNDS_US[i] : UINT64_MAX;
}

void spans_add(struct spans *s, uint64_t us)
{
    s->n[spans_bucket(us)]++;
    s->sum_us += us;
}

uint64_t spans_count(const struct spans *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < SPANS_BUCKETS; i++)
        n += s->n[i];
    return n;
}

uint64_t spans_quantile(const struct spans *s, unsigned percent)
{
    assert(percent <= 100);
    const uint64_t all = spans_count(s);
    uint64_t seen = 0;
    for (size_t i = 0; i < SPANS_BUCKETS - 1; i++) {
        seen += s->n[i];
        if (seen > 0 && seen >= (all * percent + 99) / 100)
            return BOUNDS_US[i];
    }
    return all == 0 ? 0 : UINT64_MAX;
}
