#include "load/zipf.h"

#include <assert.h>
#include <math.h>

#define TWO_TO_MINUS_53 0x1p-53

/** Density at x, without its constant. */
static double density(const struct zipf *z, double x)
{
    return exp(-z->theta * log(x));
}

/** Integral of the density from 1 to x. expm1 keeps it exact where theta is close to 1. */
static double integral(const struct zipf *z, double x)
{
    const double t = (1 - z->theta) * log(x);
    return fabs(t) > 1e-12 ? log(x) * expm1(t) / t : log(x);
}

/** The x at which the integral is a. */
static double inverse(const struct zipf *z, double a)
{
    const double t = a * (1 - z->theta);
    if (fabs(t) <= 1e-12)
        return exp(a);
    return exp(a * log1p(t > -1 ? t : -1) / t);
}

void zipf_init(struct zipf *z, uint64_t n, double theta)
{
    assert(n > 0 && theta > 0 && theta <= ZIPF_THETA_MAX);
    *z = (struct zipf){.theta = theta, .n = (double)n};
    z->low = integral(z, 1.5) - 1;
    z->high = integral(z, z->n + 0.5);
    z->near = 2 - inverse(z, integral(z, 2.5) - density(z, 2));
}

uint64_t zipf_next(const struct zipf *z, struct rng *r)
{
    for (;;) {
        const double u = (double)(rng_next(r) >> 11) * TWO_TO_MINUS_53;
        const double a = z->high + u * (z->low - z->high);
        const double x = inverse(z, a);
        double k = floor(x + 0.5);
        k = k < 1 ? 1 : k;
        k = k > z->n ? z->n : k;
        if (k - x <= z->near || a >= integral(z, k + 0.5) - density(z, k))
            return (uint64_t)k - 1;
    }
}
