#include <criterion/criterion.h>

#include "policy/budget.h"
#include "policy/policy.h"

#define N 1000

/** Hits of the engine, made for N objects, when n distinct ones are asked for twice, in turn. */
static struct policy_result play_twice(uint32_t n)
{
    static struct record records[4 * N];
    struct policy_result result;
    struct fault fault;
    struct trace t;
    for (uint32_t i = 0; i < 2 * n; i++)
        records[i] = (struct record){.id = i % n, .size = 1};
    cr_assert(trace_link(records, 2 * n, &t));
    const struct replay replay = {.trace = &t, .capacity = N, .value_len = 100};
    cr_assert(policy_replay(&POLICY_ENGINE, &replay, &result, &fault), "%s", fault.text);
    trace_free(&t);
    return result;
}

Test(engine, the_budget_found_is_the_least_that_holds_so_many)
{
    for (uint64_t n = 1; n <= 5000; n = n * 3 + 1) {
        uint64_t budget;
        cr_assert(budget_for(n, 100, &budget));
        cr_assert_geq(budget_holds(budget, 100, 2 * n), n);
        cr_assert_lt(budget_holds(budget - 64, 100, 2 * n), n);
    }
}

Test(engine, what_the_budget_holds_are_all_hits)
{
    const struct policy_result result = play_twice(N);
    cr_assert_eq(result.requests, 2 * N);
    cr_assert_eq(result.hits, N);
}

Test(engine, what_is_more_than_it_holds_are_not)
{
    const struct policy_result result = play_twice(2 * N);
    cr_assert_lt(result.facts.fits_n, 2 * N);
    cr_assert_leq(result.hits, result.facts.fits_n);
}

Test(engine, it_says_how_much_memory_it_was_given)
{
    const struct policy_result result = play_twice(N);
    cr_assert_geq(result.facts.fits_n, N);
    cr_assert_gt(result.facts.budget_bytes, N * (BUDGET_KEY_LEN + 100));
}
