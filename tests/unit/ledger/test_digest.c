#include <criterion/criterion.h>

#include "base/hash.h"

#include "fixture.h"

static uint64_t sum_groups(const struct ledger *l)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < LEDGER_GROUPS; i++)
        sum += ledger_vector_groups(l)[i];
    return sum;
}

Test(digest, is_the_sum_of_what_each_origin_has_applied)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    arrive(l, 33, 1, DOT_KEY);
    arrive(l, 33, 2, DOT_KEY);
    arrive(l, 1, 1, DOT_KEY); /* the same group as 33 */
    arrive(l, 5, 1, DOT_KEY);
    const uint64_t a = hash_pair(&cfg.hkey, 33, 2);
    const uint64_t b = hash_pair(&cfg.hkey, 1, 1);
    const uint64_t c = hash_pair(&cfg.hkey, 5, 1);
    cr_assert_eq(ledger_vector_groups(l)[1], a + b);
    cr_assert_eq(ledger_vector_groups(l)[5], c);
    cr_assert_eq(ledger_vector_hash(l), a + b + c);
    cr_assert_eq(ledger_vector_term(l, 33), a);
    cr_assert_eq(ledger_vector_term(l, 34), 0);
    cr_assert_eq(sum_groups(l), ledger_vector_hash(l));
    drop(l);
}

Test(digest, hearing_and_covering_out_of_order_do_not_change_it)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 0, 33, 9);
    arrive(l, 33, 5, DOT_KEY);
    cr_assert_eq(ledger_vector_hash(l), 0);
    ledger_close(l, 33, 1, 4, NULL);
    cr_assert_eq(ledger_vector_hash(l), hash_pair(&cfg.hkey, 33, 5));
    cr_assert_eq(ledger_adopt(l, 33, 7), OK);
    cr_assert_eq(ledger_vector_hash(l), hash_pair(&cfg.hkey, 33, 7));
    drop(l);
}

Test(digest, of_two_nodes_is_equal_when_they_covered_the_same)
{
    struct ledger_cfg cfg = small_cfg();
    struct ledger *a = make(&cfg);
    cfg.epoch = 777;
    struct ledger *b = make(&cfg);
    struct dot own = {.kind = DOT_KEY};
    ledger_issue(a, 0, &own);
    ledger_cover(a, &own);
    arrive(a, 9, 1, DOT_KEY);
    arrive(b, 9, 1, DOT_KEY);
    cr_assert_neq(ledger_vector_hash(a), ledger_vector_hash(b));
    arrive(b, SELF, 1, DOT_KEY);
    cr_assert_eq(ledger_vector_hash(a), ledger_vector_hash(b));
    drop(a);
    drop(b);
}
