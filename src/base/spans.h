/**
 * base/spans.h - how long things took, counted in a few buckets: small enough for one per worker and op.
 *
 * The bounds are 1, 2 and 5 times a power of ten, from 1 us to 10 s: round numbers for people, fixed, so that
 * the spans of several workers and nodes can be added. For quantiles of a percent there is base/histogram.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SPANS_BUCKETS 23 /* the last one has no bound */

struct spans {
    uint64_t n[SPANS_BUCKETS];
    uint64_t sum_us;
};

/** The bucket that us microseconds fall into: the first whose bound is not less. */
size_t spans_bucket(uint64_t us);

/** The bound of bucket i, in microseconds; UINT64_MAX of the last one. Asserts that there is one. */
uint64_t spans_bound_us(size_t i);

/** Count one. */
void spans_add(struct spans *s, uint64_t us);

/** How many were counted. */
uint64_t spans_count(const struct spans *s);

/** The bound of the bucket that holds the percent-th hundredth of them, in microseconds; UINT64_MAX: they took
 *  longer than all bounds; 0 when nothing was counted. percent is at most 100 (asserted). */
uint64_t spans_quantile(const struct spans *s, unsigned percent);
