/**
 * base/histogram.h - a fixed-size log-linear histogram: off by less than 1 %, from 1 to 2^40.
 *
 * Source: the bucket layout of HdrHistogram (Tene), with 128 linear steps per power of two.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS (34 * 128)

struct histogram {
    uint64_t count;
    uint64_t sum;
    uint64_t max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/** Record one value; values above 2^40 count in the last bucket. */
void histogram_add(struct histogram *h, uint64_t value);

/** The upper end of the bucket that holds the permyriad-th 10,000th of the values, never above the
 *  largest; 0 when empty. permyriad is at most 10,000 (asserted). */
uint64_t histogram_quantile(const struct histogram *h, uint32_t permyriad);

/** Add all values of `from` to `into`. */
void histogram_merge(struct histogram *into, const struct histogram *from);
