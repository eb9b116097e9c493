#include <criterion/criterion.h>

#include "swim/rumor.h"
#include "swim/suspicion.h"

#define T 500000ULL

Test(suspicion, of_two_claims_the_later_version_wins_then_the_worse_state)
{
    /* held by state, told by state, at a told version below, equal, above: 1 = the told one wins */
    static const char WINS[4][4][4] = {
        {"001", "011", "011", "011"},  /* held ALIVE */
        {"001", "001", "011", "011"},  /* held SUSPECT */
        {"001", "001", "001", "011"},  /* held DEAD */
        {"000", "000", "000", "000"}}; /* held LEFT: only another generation ends it */
    for (int held = 0; held < 4; held++) {
        for (int told = 0; told < 4; told++) {
            for (int order = 0; order < 3; order++) {
                const struct claim a = {.ver = 5, .state = (enum swim_state)(held + 1)};
                const struct claim b = {.ver = (uint32_t)(4 + order),
                                        .state = (enum swim_state)(told + 1)};
                cr_assert_eq(claim_wins(a, b), WINS[held][told][order] == '1', "%d %d %d", held,
                             told, order);
            }
        }
    }
}

Test(suspicion, logarithms_are_right_to_a_thousandth)
{
    static const struct {
        uint64_t n;
        uint32_t log;
    } known[] = {{1, 0},       {2, 301},     {3, 477},     {5, 698},        {7, 845},
                 {10, 1000},   {11, 1041},   {20, 1301},   {50, 1698},      {99, 1995},
                 {100, 2000},  {128, 2107},  {500, 2698},  {999, 2999},     {1000, 3000},
                 {1024, 3010}, {4096, 3612}, {9999, 3999}, {1000000, 6000}, {4294967295u, 9632}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const uint32_t log = suspicion_log10(known[i].n);
        cr_assert(log + 1 >= known[i].log && log <= known[i].log + 1, "n %lu: %u",
                  (unsigned long)known[i].n, log);
    }
    for (uint64_t n = 1; n < 100000; n++)
        cr_assert_leq(suspicion_log10(n), suspicion_log10(n + 1));
}

Test(suspicion, bounds_are_those_of_the_formula)
{
    static const struct {
        uint64_t n, min_ms, max_ms;
    } known[] = {{1, 2000, 2000},  {2, 2000, 2000},   {3, 2000, 5333},    {4, 2000, 8666},
                 {5, 2000, 12000}, {10, 2000, 12000}, {100, 4000, 24000}, {1000, 6000, 36000}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const uint64_t min = suspicion_min(known[i].n, T) / 1000;
        const uint64_t max = suspicion_max(known[i].n, T) / 1000;
        cr_assert(min + 4 >= known[i].min_ms && min <= known[i].min_ms + 4, "%lu", min);
        cr_assert(max + 24 >= known[i].max_ms && max <= known[i].max_ms + 24, "%lu", max);
    }
}

Test(suspicion, confirmations_shorten_it_logarithmically)
{
    /* n, C, milliseconds by the formula with real logarithms */
    static const struct {
        uint64_t n;
        uint32_t confirmed;
        uint64_t ms;
    } known[] = {{2, 0, 2000},    {3, 0, 5333},    {3, 1, 2000},   {3, 9, 2000},
                 {4, 0, 8667},    {4, 1, 4460},    {4, 2, 2000},   {5, 0, 12000},
                 {5, 1, 7000},    {5, 2, 4075},    {5, 3, 2000},   {9, 4, 2000},
                 {100, 0, 24000}, {100, 1, 14000}, {100, 2, 8150}, {100, 3, 4000}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const uint64_t ms = suspicion_timeout(known[i].n, known[i].confirmed, T) / 1000;
        cr_assert(ms + 10 >= known[i].ms && ms <= known[i].ms + 10, "n %lu C %u: %lu",
                  (unsigned long)known[i].n, known[i].confirmed, (unsigned long)ms);
    }
}

Test(rumor, the_transmit_limit_is_three_logarithms_and_at_least_eight)
{
    static const struct {
        uint64_t n;
        uint32_t limit;
    } known[] = {{1, 8},   {2, 8},   {3, 8},   {4, 9},    {7, 9},     {8, 12},
                 {10, 12}, {15, 12}, {16, 15}, {100, 21}, {1000, 30}, {65536, 51}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        cr_assert_eq(rumor_limit(known[i].n), known[i].limit, "n %lu", (unsigned long)known[i].n);
}
