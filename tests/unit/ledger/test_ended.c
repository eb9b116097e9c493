#include <criterion/criterion.h>

#include "base/hash.h"
#include "base/rng.h"

#include "fixture.h"

#define O1 101ULL
#define O2 202ULL
#define O3 303ULL

static void arrive_run(struct ledger *l, uint64_t epoch, uint64_t lo, uint64_t hi)
{
    for (uint64_t seq = lo; seq <= hi; seq++)
        cr_assert_eq(arrive(l, epoch, seq, DOT_KEY).verdict, LEDGER_FRESH);
}

static void retire(struct ledger *l, uint64_t epoch)
{
    uint64_t barrier = 1;
    cr_assert_eq(ledger_retire(l, epoch, &barrier), OK);
    cr_assert_eq(barrier, 0);
}

/** Is there an entry of this number in the ring? */
static bool retired_at(const struct ledger *l, uint32_t number, struct retired *out)
{
    uint32_t found = number - 1;
    return number > 0 && ledger_retired_past(l, &found, out) && found == number;
}

/** The entry of this number must be there. */
static struct retired entry(const struct ledger *l, uint32_t number)
{
    struct retired r;
    cr_assert(retired_at(l, number, &r));
    return r;
}

static struct ledger_cfg tight_cfg(void)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.origins_max = 3; /* our own and two */
    cfg.windows_max = 3;
    return cfg;
}

Test(ended, a_retired_origin_stays_covered_and_in_the_vector_hash)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    arrive_run(l, O1, 1, 5);
    arrive_run(l, O2, 1, 3);
    const uint64_t hash = ledger_vector_hash(l);
    const uint64_t index = ledger_l(l);
    retire(l, O1);
    cr_assert_eq(ledger_origins(l), 2);
    cr_assert_eq(ledger_origin_at(l, 1).epoch, O2);
    cr_assert_eq(ledger_vector_hash(l), hash);
    cr_assert_eq(ledger_vector_term(l, O1), hash_pair(&cfg.hkey, O1, 5));
    cr_assert(ledger_covered(l, O1, 1) && ledger_covered(l, O1, 5));
    cr_assert_not(ledger_covered(l, O1, 6));
    cr_assert_eq(ledger_hear(l, 0, O1, 5), ERR_DUPLICATE);
    cr_assert_eq(arrive(l, O1, 4, DOT_KEY).verdict, LEDGER_DUPLICATE);
    cr_assert_eq(ledger_adopt(l, O1, 5), OK);
    cr_assert_eq(ledger_l(l), index);
    cr_assert_eq(ledger_origins(l), 2);
    cr_assert(view(l, O1).applied == 5 && view(l, O1).head == 5 && view(l, O1).gone_since == 0);
    cr_assert(entry(l, 1).epoch == O1 && entry(l, 1).last == 5);
    cr_assert_eq(ledger_counters(l).retired, 1);
    cr_assert_eq(ledger_counters(l).reinstated, 0);
    drop(l);
}

Test(ended, neither_our_own_nor_an_unknown_origin_is_retired)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    uint64_t barrier;
    cr_assert_eq(ledger_retire(l, SELF, &barrier), ERR_REFUSED);
    cr_assert_eq(ledger_retire(l, O1, &barrier), ERR_UNKNOWN);
    cr_assert_eq(ledger_retired_n(l), 0);
    arrive_run(l, O1, 1, 1);
    retire(l, O1);
    cr_assert_eq(ledger_retire(l, O1, &barrier), ERR_UNKNOWN);
    cr_assert_eq(ledger_retired_n(l), 1);
    drop(l);
}

Test(ended, what_was_missing_is_closed_and_costs_a_barrier)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    static struct ledger_touched t;
    uint64_t barrier;
    arrive_run(l, O1, 1, 3);
    arrive_run(l, O1, 6, 7); /* holds a window */
    hear(l, 0, O1, 9);
    const uint64_t g = ledger_l(l);
    cr_assert_eq(ledger_retire(l, O1, &barrier), OK);
    cr_assert_eq(barrier, g);
    cr_assert_eq(ledger_gaps(l), 0);
    cr_assert_eq(ledger_gap_oldest(l), NEVER);
    cr_assert_eq(ledger_counters(l).closed, 4);
    cr_assert(ledger_covered(l, O1, 9));
    const struct dot_range range = {O1, 8, 9};
    cr_assert_eq(ledger_touched(l, &range, 1, &t), OK);
    cr_assert(t.everything);
    for (uint64_t epoch = 1; epoch <= 4; epoch++) /* the window went back: all four are there */
        cr_assert_eq(arrive(l, epoch, 2, DOT_KEY).verdict, LEDGER_FRESH);
    drop(l);
}

Test(ended, an_origin_that_is_heard_from_again_goes_on_where_it_was)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    struct retired r;
    arrive_run(l, O1, 1, 5);
    const uint64_t hash = ledger_vector_hash(l);
    retire(l, O1);
    hear(l, 0, O1, 8);
    cr_assert_eq(ledger_vector_hash(l), hash);
    cr_assert(view(l, O1).applied == 5 && view(l, O1).head == 8);
    cr_assert_eq(view(l, O1).gone_since, NEVER);
    cr_assert_eq(gap_at(l, 0).lo, 6);
    cr_assert_not(retired_at(l, 1, &r));
    cr_assert_eq(ledger_forgotten_n(l), 0);
    arrive_run(l, O1, 6, 8);
    retire(l, O1);
    cr_assert(entry(l, 2).epoch == O1 && entry(l, 2).last == 8);
    cr_assert_eq(ledger_vector_hash(l), hash_pair(&cfg.hkey, O1, 8));
    cr_assert_eq(arrive(l, O1, 9, DOT_KEY).verdict, LEDGER_FRESH);
    cr_assert_eq(ledger_adopt(l, O1, 20), OK);
    cr_assert_eq(view(l, O1).applied, 20);
    cr_assert_eq(ledger_counters(l).reinstated, 2);
    drop(l);
}

Test(ended, the_highest_epochs_of_a_full_ring_count_and_as_many_others_are_known)
{
    const struct ledger_cfg cfg = small_cfg(); /* four count */
    struct ledger *l = make(&cfg);
    struct retired r;
    uint64_t hash = 0;
    for (uint64_t epoch = 1; epoch <= 9; epoch++) {
        arrive_run(l, epoch, 1, epoch);
        hash += hash_pair(&cfg.hkey, epoch, epoch);
        cr_assert_eq(ledger_vector_hash(l), hash);
        cr_assert(ledger_would_count(l, epoch));
        retire(l, epoch);
        if (epoch > 4)
            hash -= hash_pair(&cfg.hkey, epoch - 4, epoch - 4);
        cr_assert_eq(ledger_vector_hash(l), hash);
    }
    cr_assert(ledger_retired_n(l) == 9 && ledger_uncounted_n(l) == 5 && ledger_forgotten_n(l) == 1);
    cr_assert_eq(ledger_counters(l).forgotten, 1);
    for (uint32_t number = 0; number <= 10; number++)
        cr_assert_eq(retired_at(l, number, &r), number >= 2 && number <= 9);
    cr_assert_eq(entry(l, 6).epoch, 6);
    cr_assert(ledger_covered(l, 5, 1));
    cr_assert_not(ledger_covered(l, 1, 1));
    cr_assert_not(ledger_would_count(l, 5));
    hear(l, 0, 1, 2); /* rule U */
    cr_assert_eq(gap_at(l, 0).lo, 1);
    drop(l);
}

Test(ended, what_counts_does_not_depend_on_the_order_of_retirement)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.origins_max = 9;
    struct ledger *l = make(&cfg);
    uint64_t hash = 0;
    for (uint64_t epoch = 1; epoch <= 8; epoch++)
        arrive_run(l, epoch, 1, 1);
    for (uint64_t epoch = 8; epoch >= 1; epoch--) {
        retire(l, epoch);
        hash += epoch > 4 ? hash_pair(&cfg.hkey, epoch, 1) : 0;
    }
    cr_assert_eq(ledger_vector_hash(l), hash);
    cr_assert_eq(ledger_uncounted_n(l), 8);
    cr_assert_eq(ledger_forgotten_n(l), 0);
    drop(l);
}

Test(ended, when_one_that_counts_comes_back_the_next_one_counts_in_its_place)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    uint64_t hash = 0;
    for (uint64_t epoch = 1; epoch <= 6; epoch++) {
        arrive_run(l, epoch, 1, 1);
        retire(l, epoch);
        hash += epoch > 1 ? hash_pair(&cfg.hkey, epoch, 1) : 0;
    }
    ledger_return(l, 5); /* 2 counts again */
    cr_assert_eq(ledger_vector_hash(l), hash);
    cr_assert_eq(view(l, 5).gone_since, NEVER);
    ledger_return(l, 1); /* it did not count */
    cr_assert_eq(ledger_vector_hash(l), hash + hash_pair(&cfg.hkey, 1, 1));
    cr_assert(view(l, 1).applied == 1 && view(l, 1).head == 1);
    retire(l, 5);
    retire(l, 1);
    cr_assert_eq(ledger_vector_hash(l), hash - hash_pair(&cfg.hkey, 2, 1));
    ledger_return(l, 77);
    cr_assert_eq(ledger_origins(l), 1);
    drop(l);
}

Test(ended, an_origin_that_somebody_retired_is_seen_to_be_ended_when_nothing_of_it_is_missing)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    arrive_run(l, O1, 1, 2);
    cr_assert_not(view(l, O1).ended);
    ledger_ended(l, O1, 1);
    cr_assert_not(view(l, O1).ended, "more of it is known here");
    ledger_ended(l, O1, 3);
    hear(l, 0, O1, 3);
    cr_assert_not(view(l, O1).ended);
    arrive_run(l, O1, 3, 3);
    cr_assert(view(l, O1).ended);
    arrive_run(l, O1, 4, 4);
    cr_assert_not(view(l, O1).ended);
    ledger_ended(l, O2, 1);
    cr_assert_eq(ledger_origins(l), 2);
    drop(l);
}

Test(ended, what_ended_elsewhere_and_lacks_something_here_is_counted)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    uint64_t barrier;
    hear(l, 0, O1, 3);
    hear(l, 0, O2, 1);
    cr_assert_eq(ledger_unended_n(l), 0);
    ledger_ended(l, O1, 2);
    ledger_ended(l, O1, 3);
    ledger_ended(l, O2, 1);
    ledger_ended(l, ledger_epoch(l), 5); /* our own lives */
    cr_assert_eq(ledger_unended_n(l), 2);
    arrive_run(l, O1, 1, 2);
    cr_assert_eq(ledger_unended_n(l), 2);
    arrive_run(l, O1, 3, 3);
    cr_assert_eq(ledger_unended_n(l), 1);
    cr_assert_eq(ledger_retire(l, O2, &barrier), OK);
    cr_assert_gt(barrier, 0);
    cr_assert_eq(ledger_unended_n(l), 0);
    drop(l);
}

Test(ended, a_joiner_is_told_what_counts_and_before_it_what_was_retired_not_long_ago)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    struct ledger *joiner = make(&cfg);
    struct retired r;
    const uint64_t retired[] = {2, 1, 11, 12, 13, 14, 3, 15}; /* numbers 1 to 8 */
    const uint64_t told[] = {3, 12, 13, 14, 15}; /* 1, 2 and 11 are not young, 3 does not count */
    for (size_t i = 0; i < 8; i++) {
        arrive_run(l, retired[i], 1, 1);
        retire(l, retired[i]);
    }
    uint64_t at = 0;
    bool counted = false;
    size_t n = 0;
    for (; ledger_retired_legacy(l, &at, &counted, &r); n++) {
        cr_assert_lt(n, 5);
        cr_assert_eq(r.epoch, told[n]);
        cr_assert_eq(ledger_adopt_retired(joiner, &r), OK);
    }
    cr_assert_eq(n, 5);
    cr_assert_eq(ledger_vector_hash(joiner), ledger_vector_hash(l));
    cr_assert_eq(ledger_retired_n(joiner), 5);
    cr_assert_eq(ledger_uncounted_n(joiner), 1);
    drop(joiner);
    drop(l);
}

Test(ended, a_number_that_was_heard_from_again_is_not_forgotten)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    arrive_run(l, O1, 1, 1);
    retire(l, O1);
    arrive_run(l, O1, 2, 2); /* number 1 is empty now */
    for (uint64_t epoch = 1; epoch <= 8; epoch++) {
        arrive_run(l, epoch, 1, 1);
        retire(l, epoch);
    }
    cr_assert_eq(ledger_retired_n(l), 9);
    cr_assert_eq(ledger_forgotten_n(l), 0);
    retire(l, O1);
    cr_assert_eq(ledger_forgotten_n(l), 2); /* epoch 1 */
    cr_assert_not(ledger_covered(l, 1, 1));
    drop(l);
}

Test(ended, without_a_ring_retiring_is_forgetting)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.retired_max = 0;
    struct ledger *l = make(&cfg);
    struct retired r;
    arrive_run(l, O1, 1, 3);
    retire(l, O1);
    cr_assert_eq(ledger_vector_hash(l), 0);
    cr_assert(ledger_retired_n(l) == 1 && ledger_forgotten_n(l) == 1);
    cr_assert_not(retired_at(l, 1, &r));
    cr_assert_not(ledger_covered(l, O1, 1));
    cr_assert_eq(ledger_adopt_retired(l, &(struct retired){O2, 7}), OK);
    cr_assert_eq(ledger_vector_hash(l), 0);
    drop(l);
}

Test(ended, an_origin_of_which_nothing_was_ever_issued_leaves_nothing)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    cr_assert_eq(ledger_adopt(l, O1, 0), OK);
    cr_assert_eq(ledger_origins(l), 2);
    retire(l, O1);
    cr_assert_eq(ledger_origins(l), 1);
    cr_assert_eq(ledger_retired_n(l), 0);
    drop(l);
}

Test(ended, is_told_since_when_a_member_is_gone)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    arrive_run(l, O1, 1, 1);
    cr_assert_eq(view(l, O1).gone_since, NEVER);
    ledger_gone(l, 10, O1, true);
    ledger_gone(l, 20, O1, true);
    cr_assert_eq(view(l, O1).gone_since, 10);
    ledger_gone(l, 30, O1, false);
    cr_assert_eq(view(l, O1).gone_since, NEVER);
    ledger_gone(l, 40, O1, true);
    cr_assert_eq(view(l, O1).gone_since, 40);
    ledger_gone(l, 50, O2, true);
    ledger_gone(l, 50, SELF, true);
    cr_assert_eq(view(l, SELF).gone_since, NEVER);
    cr_assert_not(ledger_origin(l, O2, &(struct origin_view){0}));
    drop(l);
}

Test(ended, a_full_table_retires_the_origin_that_is_gone_for_longest)
{
    const struct ledger_cfg cfg = tight_cfg();
    struct ledger *l = make(&cfg);
    arrive_run(l, O1, 1, 1);
    arrive_run(l, O2, 1, 2);
    cr_assert_eq(arrive(l, O3, 1, DOT_KEY).verdict, LEDGER_BEYOND); /* both are there */
    ledger_gone(l, 20, O1, true);
    ledger_gone(l, 10, O2, true);
    cr_assert_eq(arrive(l, O3, 1, DOT_KEY).verdict, LEDGER_FRESH);
    cr_assert(entry(l, 1).epoch == O2 && entry(l, 1).last == 2);
    hear(l, 0, 404, 1);
    cr_assert_eq(entry(l, 2).epoch, O1);
    cr_assert_eq(ledger_hear(l, 0, 505, 1), ERR_FULL);
    cr_assert_eq(ledger_hear(l, 0, 505, 1), ERR_DUPLICATE);
    cr_assert_eq(ledger_counters(l).origins_full, 3);
    cr_assert(ledger_covered(l, O1, 1) && ledger_covered(l, O2, 2));
    drop(l);
}

Test(ended, a_full_table_spares_origins_with_gaps)
{
    const struct ledger_cfg cfg = tight_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 0, O1, 1);
    hear(l, 0, O2, 1);
    ledger_gone(l, 10, O1, true);
    ledger_gone(l, 20, O2, true);
    cr_assert_eq(ledger_hear(l, 0, O3, 1), ERR_FULL);
    arrive_run(l, O2, 1, 1);
    cr_assert_eq(ledger_hear(l, 0, O3, 2), OK);
    cr_assert_eq(entry(l, 1).epoch, O2);
    cr_assert_eq(ledger_gaps(l), 2);
    drop(l);
}

Test(ended, coming_back_into_a_full_table_survives_a_full_ring)
{
    struct ledger_cfg cfg = tight_cfg();
    cfg.retired_max = 1;
    struct ledger *l = make(&cfg);
    arrive_run(l, O1, 1, 5);
    retire(l, O1);
    arrive_run(l, O2, 1, 1);
    arrive_run(l, O3, 1, 1);
    cr_assert_eq(ledger_hear(l, 0, O1, 6), ERR_FULL);
    cr_assert(ledger_covered(l, O1, 5)); /* nothing changed */
    cr_assert_eq(entry(l, 1).epoch, O1);
    ledger_gone(l, 0, O2, true);
    hear(l, 0, O1, 7); /* O2 takes its place in the ring of one */
    cr_assert(view(l, O1).applied == 5 && view(l, O1).head == 7);
    cr_assert_eq(entry(l, 2).epoch, O2);
    cr_assert_eq(ledger_forgotten_n(l), 0);
    drop(l);
}

Test(ended, a_dot_that_was_taken_before_its_origin_was_retired_is_covered_by_that)
{
    for (uint32_t ring = 0; ring <= 1; ring++) {
        struct ledger_cfg cfg = small_cfg();
        cfg.retired_max = ring;
        struct ledger *l = make(&cfg);
        const struct dot d = dot_of(O1, 4, DOT_KEY);
        uint64_t barrier;
        cr_assert_eq(ledger_take(l, 0, &d).verdict, LEDGER_FRESH);
        cr_assert_eq(ledger_retire(l, O1, &barrier), OK);
        cr_assert_neq(barrier, 0);
        ledger_cover(l, &d);
        cr_assert_eq(ledger_covered(l, O1, 4), ring == 1);
        cr_assert_eq(ledger_log_n(l), 0);
        if (ring == 0) { /* forgotten, and heard of anew */
            hear(l, 0, O1, 2);
            ledger_cover(l, &d);
            cr_assert_eq(view(l, O1).head, 2);
        }
        drop(l);
    }
}

Test(ended, a_joiner_takes_retired_origins_over)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    static struct ledger_touched t;
    cr_assert_eq(ledger_adopt_retired(l, &(struct retired){SELF, 3}), ERR_REFUSED);
    cr_assert_eq(ledger_adopt_retired(l, &(struct retired){0, 3}), ERR_REFUSED);
    cr_assert_eq(ledger_adopt_retired(l, &(struct retired){O1, 3}), OK);
    cr_assert_eq(ledger_adopt_retired(l, &(struct retired){O1, 2}), OK);
    cr_assert_eq(ledger_vector_hash(l), hash_pair(&cfg.hkey, O1, 3));
    cr_assert_eq(ledger_adopt_retired(l, &(struct retired){O1, 9}), OK);
    cr_assert_eq(ledger_vector_hash(l), hash_pair(&cfg.hkey, O1, 9));
    cr_assert(ledger_covered(l, O1, 9));
    cr_assert_eq(ledger_origins(l), 1);
    cr_assert_eq(ledger_counters(l).retired, 0);
    const struct dot_range range = {O1, 9, 9};
    cr_assert_eq(ledger_touched(l, &range, 1, &t), OK);
    cr_assert(t.everything);
    arrive_run(l, O2, 1, 1);
    cr_assert_eq(ledger_adopt_retired(l, &(struct retired){O2, 6}), OK); /* known: adopted */
    cr_assert_eq(view(l, O2).applied, 6);
    cr_assert_eq(ledger_origins(l), 2);
    drop(l);
}

/* ---- a random life ---- */

#define EPOCHS 12

struct truth {
    uint64_t applied[EPOCHS + 1]; /* 0 = unknown or forgotten */
    uint64_t number[EPOCHS + 1];  /* of the retired; 0 = not retired */
    uint64_t n;
    uint64_t forgotten;
    uint32_t ring_max;
};

/** Is this retired origin one of the ring_max with the highest epochs? */
static bool counts(const struct truth *t, uint64_t epoch)
{
    uint32_t above = 0;
    for (uint64_t other = epoch + 1; other <= EPOCHS; other++)
        above += t->number[other] != 0;
    return above < t->ring_max;
}

static void forget_one(struct truth *t)
{
    uint64_t lost = 0;
    for (uint64_t epoch = 1; epoch <= EPOCHS; epoch++)
        if (t->number[epoch] != 0 && !counts(t, epoch) &&
            (lost == 0 || t->number[epoch] < t->number[lost]))
            lost = epoch;
    t->forgotten = t->number[lost] > t->forgotten ? t->number[lost] : t->forgotten;
    t->number[lost] = 0;
    t->applied[lost] = 0;
}

static void retire_truth(struct truth *t, uint64_t epoch)
{
    uint32_t held = 0;
    for (uint64_t other = 1; other <= EPOCHS; other++)
        held += t->number[other] != 0;
    if (held == 2 * t->ring_max)
        forget_one(t);
    t->number[epoch] = ++t->n;
}

static void issue_truth(struct truth *t, uint64_t epoch)
{
    t->number[epoch] = 0;
    t->applied[epoch]++;
}

static void compare_truth(const struct ledger *l, const struct truth *t)
{
    const struct ledger_cfg cfg = small_cfg();
    uint64_t hash = 0;
    size_t known = 1;
    for (uint64_t epoch = 1; epoch <= EPOCHS; epoch++) {
        const uint64_t applied = t->applied[epoch];
        const bool slot = applied > 0 && t->number[epoch] == 0;
        known += slot;
        hash +=
            slot || (applied > 0 && counts(t, epoch)) ? hash_pair(&cfg.hkey, epoch, applied) : 0;
        cr_assert_eq(applied > 0, ledger_covered(l, epoch, applied > 0 ? applied : 1));
        cr_assert_not(ledger_covered(l, epoch, applied + 1));
    }
    cr_assert_eq(ledger_origins(l), known);
    cr_assert_eq(ledger_vector_hash(l), hash);
    cr_assert_eq(ledger_retired_n(l), t->n);
    cr_assert_eq(ledger_forgotten_n(l), t->forgotten);
    uint32_t number = 0;
    size_t told = 0;
    for (struct retired r; ledger_retired_past(l, &number, &r); told++)
        cr_assert(t->number[r.epoch] == number && r.last == t->applied[r.epoch]);
    for (uint64_t epoch = 1; epoch <= EPOCHS; epoch++)
        told -= t->number[epoch] != 0;
    cr_assert_eq(told, 0);
    for (size_t i = 0; i < known; i++) {
        const struct origin_view v = ledger_origin_at(l, i);
        cr_assert(i == 0 ? v.epoch == SELF : v.applied == t->applied[v.epoch]);
    }
}

Test(ended, a_random_life_agrees_with_lists_of_epochs, .timeout = 60)
{
    static struct truth t;
    struct rng rng;
    struct ledger_cfg cfg = small_cfg();
    cfg.origins_max = EPOCHS + 1;
    cfg.thin_max = 32;
    rng_init(&rng, test_seed());
    for (cfg.retired_max = 1; cfg.retired_max <= 8; cfg.retired_max *= 2) {
        struct ledger *l = make(&cfg);
        t = (struct truth){.ring_max = cfg.retired_max};
        for (int i = 0; i < 3000; i++) {
            const uint64_t epoch = rng_below(&rng, EPOCHS) + 1;
            if (rng_below(&rng, 3) > 0 || t.applied[epoch] == 0 || t.number[epoch] != 0) {
                issue_truth(&t, epoch);
                arrive_run(l, epoch, t.applied[epoch], t.applied[epoch]);
            } else {
                retire_truth(&t, epoch);
                retire(l, epoch);
            }
            compare_truth(l, &t);
        }
        cr_assert(ledger_counters(l).retired > 300 && ledger_counters(l).reinstated > 10);
        drop(l);
    }
}

Test(ended, a_view_says_when_its_mask_cannot_say_all)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    arrive(l, O1, 2, DOT_KEY);
    arrive(l, O1, 65, DOT_KEY);
    cr_assert_not(view(l, O1).beyond_mask);
    arrive(l, O1, 66, DOT_KEY); /* applied 0: bit 64 of a mask of 64 */
    cr_assert(view(l, O1).beyond_mask);
    arrive(l, O1, 1, DOT_KEY);
    cr_assert_not(view(l, O1).beyond_mask);
    drop(l);
}
