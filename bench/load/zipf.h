/**
 * load/zipf.h - ranks drawn by Zipf's law: rank k comes up in proportion to 1 / (k + 1)^theta.
 *
 * Takes no tables, so a billion ranks cost what ten do, and theta may be 1 or above. Never says which
 * key a rank is: that is load/keys.h.
 * Source: rejection inversion, Hoermann and Derflinger, "Rejection-inversion to generate variates from
 * monotone discrete distributions" (1996).
 */
#pragma once

#include <stdint.h>

#include "base/rng.h"

#define ZIPF_THETA_MAX 10.0

struct zipf {
    double theta;
    double n;
    double low, high; /* the integral at the ends of the ranks */
    double near;      /* so close to a rank, no further look is needed */
};

/** Begin: n ranks, at least 1; theta above 0, at most ZIPF_THETA_MAX (asserted). */
void zipf_init(struct zipf *z, uint64_t n, double theta);

/** The next rank, 0 the most frequent, below n. */
uint64_t zipf_next(const struct zipf *z, struct rng *r);
