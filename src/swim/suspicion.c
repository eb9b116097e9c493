#include "swim/suspicion.h"

#include <assert.h>

bool claim_wins(struct claim held, struct claim told)
{
    if (held.state == SWIM_LEFT)
        return false;
    if (told.ver != held.ver)
        return told.ver > held.ver;
    return told.state > held.state; /* the states' numbers are their ranks */
}

/* 100,000 x log10(1 + i/16): the part of a logarithm between two powers of two. */
static const uint32_t MANTISSA[17] = {0,     2633,  5115,  7463,  9691,  11810, 13830, 15761, 17609,
                                      19382, 21085, 22724, 24304, 25828, 27300, 28724, 30103};

uint32_t suspicion_log10(uint64_t n)
{
    assert(n >= 1 && n < (1ULL << 32));
    uint32_t power = 0;
    while (n >> (power + 1) != 0)
        power++;
    const uint64_t over = (n << 16 >> power) & 0xFFFF; /* n / 2^power - 1, in 1/65,536 */
    const uint64_t i = over >> 12, part = over & 0xFFF;
    const uint64_t step = MANTISSA[i + 1] - MANTISSA[i];
    const uint64_t sum = power * 30103ULL + MANTISSA[i] + ((step * part) >> 12);
    return (uint32_t)(sum / 100);
}

uint32_t suspicion_expected(uint64_t n)
{
    if (n <= 2)
        return 0;
    return n - 2 < SUSPICION_K_MAX ? (uint32_t)(n - 2) : SUSPICION_K_MAX;
}

uint64_t suspicion_min(uint64_t n, uint64_t period_us)
{
    const uint64_t scale = n <= 10 ? 1000 : suspicion_log10(n);
    return 4 * scale * period_us / 1000;
}

uint64_t suspicion_max(uint64_t n, uint64_t period_us)
{
    return suspicion_min(n, period_us) * (3 + 5ULL * suspicion_expected(n)) / 3;
}

uint64_t suspicion_timeout(uint64_t n, uint32_t confirmed, uint64_t period_us)
{
    /* 1,000 x ln(C + 1) / ln(K + 1), by K and C. */
    static const uint32_t SHARE[SUSPICION_K_MAX + 1][SUSPICION_K_MAX + 1] = {
        {1000, 1000, 1000, 1000}, {0, 1000, 1000, 1000}, {0, 631, 1000, 1000}, {0, 500, 792, 1000}};
    const uint64_t min = suspicion_min(n, period_us), max = suspicion_max(n, period_us);
    const uint32_t known = confirmed < SUSPICION_K_MAX ? confirmed : SUSPICION_K_MAX;
    return max - (max - min) * SHARE[suspicion_expected(n)][known] / 1000;
}
