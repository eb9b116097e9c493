/**
 * load/latency.h - a histogram of times in nanoseconds, off by less than 1 %, from 1 ns to 18 minutes.
 *
 * Never keeps single values. base/histogram.h has the same layout at 3 % and a quarter of the size.
 * Source: the bucket layout of HdrHistogram (Tene), with 128 linear steps per power of two.
 */
#pragma once

#include <stdint.h>

#define LATENCY_BUCKETS (34 * 128)

struct latency {
    uint64_t count;
    uint64_t sum;
    uint64_t max;
    uint64_t buckets[LATENCY_BUCKETS];
};

/** Record one time; times above 2^40 ns count in the last bucket. */
void latency_add(struct latency *l, uint64_t ns);

/** The upper end of the bucket that holds the permyriad-th 10,000th of the times, never above the
 *  largest; 0 when empty. permyriad is at most 10,000. */
uint64_t latency_quantile(const struct latency *l, uint32_t permyriad);

/** Add all times of `from` to `into`. */
void latency_merge(struct latency *into, const struct latency *from);
