#include <criterion/criterion.h>

#include "base/rng.h"

#include "fixture.h"

#define DOTS    200
#define ORIGINS 3
#define ROUNDS  100

/** The i-th of the dots: their sequences are not contiguous, so that gaps remain at the end. */
static struct dot nth_dot(uint32_t i)
{
    const uint64_t seq = i / ORIGINS + 1;
    return dot_of(i % ORIGINS + 1, seq + seq / 20, i % 2 == 0 ? DOT_KEY : DOT_TAG);
}

/** Hand all dots over in a random order, some of them more than once. */
static struct ledger *deliver_shuffled(struct rng *rng)
{
    const struct ledger_cfg cfg = {
        .epoch = SELF, .origins_max = ORIGINS + 1, .windows_max = ORIGINS, .log_max = 256};
    struct ledger *l = make(&cfg);
    uint32_t order[2 * DOTS];
    const size_t n = DOTS + rng_below(rng, DOTS);
    for (uint32_t i = 0; i < n; i++)
        order[i] = i < DOTS ? i : (uint32_t)rng_below(rng, DOTS);
    rng_shuffle(rng, order, n);
    for (size_t i = 0; i < n; i++) {
        const struct dot d = nth_dot(order[i]);
        arrive(l, d.epoch, d.seq, d.kind);
    }
    return l;
}

static void compare_ledgers(const struct ledger *a, const struct ledger *b)
{
    cr_assert_eq(ledger_vector_hash(a), ledger_vector_hash(b));
    cr_assert_eq(ledger_log_n(a), DOTS);
    cr_assert_eq(ledger_log_n(b), DOTS);
    for (uint64_t epoch = 1; epoch <= ORIGINS; epoch++) {
        const struct origin_view va = view(a, epoch);
        const struct origin_view vb = view(b, epoch);
        cr_assert_eq(va.applied, vb.applied);
        cr_assert_eq(va.head, vb.head);
        cr_assert_eq(va.mask, vb.mask);
        for (uint64_t seq = 1; seq <= DOTS; seq++)
            cr_assert_eq(ledger_covered(a, epoch, seq), ledger_covered(b, epoch, seq));
    }
}

Test(permutation, any_order_with_duplicates_ends_in_the_same_state)
{
    const uint64_t seed = test_seed();
    struct rng rng;
    rng_init(&rng, seed);
    struct ledger *first = deliver_shuffled(&rng);
    for (uint32_t i = 0; i < DOTS; i++) {
        const struct dot d = nth_dot(i);
        cr_assert(ledger_covered(first, d.epoch, d.seq));
    }
    for (int round = 0; round < ROUNDS; round++) {
        struct ledger *other = deliver_shuffled(&rng);
        compare_ledgers(first, other);
        cr_assert_eq(ledger_counters(other).beyond, 0);
        drop(other);
    }
    drop(first);
}
