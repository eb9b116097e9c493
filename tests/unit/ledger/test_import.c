/** What may be taken over from another node: each rule with a case in which it alone refuses. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/rng.h"
#include "ledger/import.h"

#include "fixture.h"

#define O1   101ULL
#define O2   202ULL
#define SOME (5ULL << 52)
#define ELSE (6ULL << 52)

/** A receiver, and the comparison under test. */
struct site {
    struct ledger *l;
    struct ledger_import *im;
    void *memory;
};

static struct site t;

static void setup_with(const struct ledger_cfg *cfg)
{
    struct arena arena;
    t.l = make(cfg);
    t.memory = calloc(1, 65536);
    arena_init(&arena, t.memory, 65536);
    t.im = ledger_import_new(&arena, t.l);
    cr_assert_not_null(t.im);
}

static void setup(void)
{
    const struct ledger_cfg cfg = small_cfg();
    setup_with(&cfg);
}

static void teardown(void)
{
    drop(t.l);
    free(t.memory);
}

TestSuite(import, .init = setup, .fini = teardown);

/* First hearings are noted only so far apart. */
static void arrive_at(uint64_t epoch, uint64_t seq, uint8_t kind, uint64_t hash)
{
    for (int i = 0; i < 4; i++)
        (void)ledger_advance(t.l);
    const struct dot d = {.epoch = epoch, .seq = seq, .kind = kind, .hash = hash};
    cr_assert_eq(arrive_dot(t.l, &d).verdict, LEDGER_FRESH);
}

static void covers(uint64_t epoch, uint64_t applied, uint64_t mask)
{
    ledger_import_cover(t.im, t.l, &(struct cover){epoch, applied, mask});
}

/** Compare with a donor that knows O1 only. */
static bool compare(uint64_t applied, uint64_t mask)
{
    ledger_import_begin(t.im, t.l);
    covers(O1, applied, mask);
    return ledger_import_end(t.im, t.l, 0);
}

static bool takes(uint64_t hash)
{
    return ledger_import_takes(t.im, t.l, hash, false);
}

static bool takes_tagged(uint64_t hash)
{
    return ledger_import_takes(t.im, t.l, hash, true);
}

Test(import, what_the_donor_has_covered_too_refuses_nothing)
{
    arrive_at(O1, 1, DOT_KEY, SOME);
    cr_assert(compare(1, 0));
    cr_assert(takes(SOME) && takes_tagged(ELSE));
    cr_assert_eq(ledger_import_stamp(t.im), ledger_l(t.l));
}

Test(import, a_key_that_the_donor_lacks_refuses_its_bucket)
{
    arrive_at(O1, 1, DOT_KEY, ELSE);
    arrive_at(O1, 2, DOT_KEY, SOME);
    cr_assert(compare(1, 0));
    cr_assert_not(takes(SOME));
    cr_assert(takes(ELSE));
}

Test(import, a_tag_that_the_donor_lacks_refuses_what_has_tags)
{
    arrive_at(O1, 1, DOT_TAG, SOME);
    cr_assert(compare(0, 0));
    cr_assert(takes(SOME));
    cr_assert_not(takes_tagged(ELSE));
}

Test(import, a_set_of_tags_counts_as_a_tag)
{
    const struct dot d = dot_of(O1, 1, DOT_TAGS_ALL);
    arrive_dot(t.l, &d);
    cr_assert(compare(0, 0));
    cr_assert_not(takes_tagged(ELSE));
}

Test(import, whatever_is_wider_refuses_everything)
{
    static const uint8_t kinds[] = {DOT_PREFIX, DOT_NAMESPACE, DOT_ALL, 77};
    for (uint64_t i = 0; i < ARRAY_LEN(kinds); i++) {
        arrive_at(O1, 1 + i, kinds[i], SOME);
        cr_assert_not(compare(i, 0), "kind %u", kinds[i]);
        cr_assert_not(takes(ELSE));
        cr_assert(compare(1 + i, 0));
        cr_assert(takes(SOME));
    }
}

Test(import, what_the_donor_never_named_it_has_not_covered)
{
    arrive_at(O1, 1, DOT_KEY, ELSE);
    arrive_at(O2, 1, DOT_KEY, SOME);
    cr_assert(compare(1, 0));
    cr_assert_not(takes(SOME));
}

Test(import, our_own_dots_count_as_those_of_others)
{
    struct dot d = {.kind = DOT_KEY, .hash = SOME};
    (void)ledger_issue(t.l, 0, &d);
    ledger_cover(t.l, &d);
    cr_assert(compare(0, 0));
    cr_assert_not(takes(SOME));
    ledger_import_begin(t.im, t.l);
    covers(SELF, 1, 0);
    cr_assert(ledger_import_end(t.im, t.l, 0));
    cr_assert(takes(SOME));
}

/** The hearing counts, not the covering: a dot that came out of order touched before its turn. */
Test(import, a_dot_out_of_order_counts_from_when_it_was_heard)
{
    arrive_at(O1, 2, DOT_KEY, SOME); /* 1 is missing */
    arrive_at(O2, 1, DOT_KEY, ELSE);
    arrive_at(O1, 1, DOT_KEY, ELSE);
    ledger_import_begin(t.im, t.l);
    covers(O1, 1, 0);
    covers(O2, 1, 0);
    cr_assert(ledger_import_end(t.im, t.l, 0));
    cr_assert_not(takes(SOME));
}

Test(import, what_the_mask_says_is_covered)
{
    arrive_at(O1, 1, DOT_KEY, ELSE);
    arrive_at(O1, 3, DOT_KEY, SOME);
    cr_assert(compare(1, 0));
    cr_assert_not(takes(SOME));
    cr_assert(compare(1, 1)); /* 3 */
    cr_assert(takes(SOME));
}

Test(import, what_no_mask_can_say_is_lacking)
{
    for (uint64_t seq = 1; seq <= 80; seq++)
        arrive_at(O1, seq, DOT_KEY, seq == 67 ? SOME : ELSE);
    cr_assert(compare(1, UINT64_MAX)); /* 1 and 3 to 66: the first that is lacking is 2 */
    cr_assert_not(takes(ELSE));
    cr_assert(compare(67, 0));
    cr_assert(takes(SOME));
    cr_assert_not(takes(ELSE));
}

Test(import, a_dot_far_past_the_mask_is_found)
{
    arrive_at(O1, 1, DOT_KEY, ELSE);
    arrive_at(O1, 200, DOT_KEY, SOME); /* 2 to 199 are missing here, too */
    cr_assert(compare(1, 0));
    cr_assert_not(takes(SOME));
    cr_assert(takes(ELSE));
}

Test(import, what_is_covered_here_afterwards_refuses_as_well)
{
    cr_assert(compare(0, 0));
    cr_assert(takes(SOME));
    arrive_at(O1, 1, DOT_KEY, SOME);
    cr_assert_not(takes(SOME));
    cr_assert(takes(ELSE));
    arrive_at(O1, 2, DOT_TAG, SOME);
    cr_assert_not(takes_tagged(ELSE));
    arrive_at(O1, 3, DOT_ALL, 0);
    cr_assert_not(takes(ELSE));
}

/* ---- covered without content ---- */

Test(import, what_was_adopted_must_be_covered_there)
{
    cr_assert_eq(ledger_adopt(t.l, O1, 10), OK);
    cr_assert_not(compare(9, 0));
    cr_assert(compare(10, 0));
    cr_assert(takes(SOME));
}

Test(import, what_was_closed_must_be_covered_there)
{
    hear(t.l, 0, O1, 3);
    (void)ledger_close(t.l, O1, 1, 3, NULL);
    cr_assert_not(compare(2, 0));
    cr_assert(compare(3, 0));
}

/** A closing takes no new index: here it is the barrier that refuses, and kills what came before. */
Test(import, a_closing_meanwhile_has_its_barrier_above_the_stamp)
{
    hear(t.l, 0, O1, 3);
    cr_assert(compare(0, 0));
    cr_assert_gt(ledger_close(t.l, O1, 1, 3, NULL), ledger_import_stamp(t.im));
}

/* ---- the stamp ---- */

Test(import, the_stamp_is_below_a_gap_that_the_donor_has_too)
{
    arrive_at(O2, 1, DOT_KEY, ELSE);
    hear(t.l, 0, O1, 3);
    const uint64_t g = gap_at(t.l, 0).g;
    arrive_at(O2, 2, DOT_KEY, ELSE);
    ledger_import_begin(t.im, t.l);
    covers(O2, 2, 0);
    cr_assert(ledger_import_end(t.im, t.l, 0));
    cr_assert_eq(ledger_import_stamp(t.im), g - 1);
    ledger_import_begin(t.im, t.l);
    covers(O2, 2, 0);
    covers(O1, 2, 0); /* but not 3 */
    cr_assert(ledger_import_end(t.im, t.l, 0));
    cr_assert_eq(ledger_import_stamp(t.im), g - 1);
}

Test(import, a_gap_inside_what_the_donor_covered_does_not_count)
{
    hear(t.l, 0, O1, 3);
    arrive_at(O2, 1, DOT_KEY, ELSE);
    ledger_import_begin(t.im, t.l);
    covers(O1, 3, 0);
    covers(O2, 1, 0);
    cr_assert(ledger_import_end(t.im, t.l, 0));
    cr_assert_eq(ledger_import_stamp(t.im), ledger_l(t.l));
}

Test(import, the_oldest_of_all_gaps_counts)
{
    hear(t.l, 0, O1, 3);
    hear(t.l, 0, O2, 3);
    const uint64_t g = gap_at(t.l, 0).g < gap_at(t.l, 1).g ? gap_at(t.l, 0).g : gap_at(t.l, 1).g;
    cr_assert(compare(0, 0));
    cr_assert_eq(ledger_import_stamp(t.im), g - 1);
}

Test(import, what_callers_wait_for_counts_as_a_gap)
{
    arrive_at(O1, 1, DOT_KEY, ELSE);
    const uint64_t g = ledger_advance(t.l);
    ledger_import_begin(t.im, t.l);
    covers(O1, 1, 0);
    cr_assert(ledger_import_end(t.im, t.l, g));
    cr_assert_eq(ledger_import_stamp(t.im), g - 1);
}

Test(import, a_stamp_of_nothing_is_no_stamp)
{
    ledger_import_begin(t.im, t.l);
    cr_assert_not(ledger_import_end(t.im, t.l, 1));
}

Test(import, a_gap_that_opens_meanwhile_is_above_the_stamp)
{
    cr_assert(compare(0, 0));
    hear(t.l, 0, O1, 3);
    cr_assert_lt(ledger_import_stamp(t.im), gap_at(t.l, 0).g);
}

/* ---- origins that ended ---- */

static void retire(uint64_t epoch)
{
    uint64_t barrier;
    cr_assert_eq(ledger_retire(t.l, epoch, &barrier), OK);
}

Test(import, a_retired_origin_counts_as_one_that_is_known)
{
    arrive_at(O1, 1, DOT_KEY, SOME);
    retire(O1);
    arrive_at(O2, 1, DOT_KEY, ELSE);
    ledger_import_begin(t.im, t.l);
    covers(O2, 1, 0);
    cr_assert(ledger_import_end(t.im, t.l, 0));
    cr_assert_not(takes(SOME));
    ledger_import_begin(t.im, t.l);
    covers(O2, 1, 0);
    covers(O1, 1, 0);
    cr_assert(ledger_import_end(t.im, t.l, 0));
    cr_assert(takes(SOME));
}

Test(import, a_retired_origin_that_was_adopted_must_be_known_there)
{
    const struct retired r = {.epoch = O2, .last = 7};
    cr_assert_eq(ledger_adopt_retired(t.l, &r), OK);
    cr_assert_not(compare(0, 0));
    ledger_import_begin(t.im, t.l);
    covers(O2, 6, 0);
    cr_assert_not(ledger_import_end(t.im, t.l, 0));
    ledger_import_begin(t.im, t.l);
    covers(O2, 7, 0);
    cr_assert(ledger_import_end(t.im, t.l, 0));
}

/** Nobody can say any more what the donor lacks of it: the counterexample is an entry that the donor kept
 *  while it was cut off, and a dot of an origin that died and was forgotten here meanwhile. */
Test(import, after_an_origin_was_forgotten_nothing_is_taken)
{
    for (uint64_t i = 0; i < 9; i++) { /* the ring has 4 that count, and 4 others */
        arrive_at(1000 + i, 1, DOT_KEY, SOME);
        retire(1000 + i);
        cr_assert_eq(ledger_import_possible(t.l), i < 8);
    }
    ledger_import_begin(t.im, t.l);
    for (uint64_t i = 1; i < 9; i++)
        covers(1000 + i, 1, 0);
    cr_assert_not(ledger_import_end(t.im, t.l, 0));
    cr_assert_not(takes(ELSE));
}

/** What an origin without a slot issued took effect and is recorded nowhere. */
Test(import, after_an_origin_had_no_place_nothing_is_taken)
{
    for (uint64_t i = 0; i < 7; i++)
        arrive_at(1000 + i, 1, DOT_KEY, ELSE);
    const struct dot d = {.epoch = 2000, .seq = 1, .kind = DOT_KEY, .hash = SOME};
    cr_assert_eq(arrive_dot(t.l, &d).verdict, LEDGER_BEYOND);
    ledger_import_begin(t.im, t.l);
    for (uint64_t i = 0; i < 7; i++)
        covers(1000 + i, 1, 0);
    cr_assert_not(ledger_import_end(t.im, t.l, 0));
}

Test(import, who_retires_during_the_comparison_begins_anew)
{
    arrive_at(O1, 1, DOT_KEY, SOME);
    ledger_import_begin(t.im, t.l);
    covers(O1, 1, 0);
    retire(O1);
    arrive_at(O2, 1, DOT_KEY, SOME); /* perhaps in the slot that O1 had */
    cr_assert_not(ledger_import_end(t.im, t.l, 0));
}

Test(import, said_twice_the_lesser_counts)
{
    arrive_at(O1, 1, DOT_KEY, SOME);
    ledger_import_begin(t.im, t.l);
    covers(O1, 0, 0);
    covers(O1, 1, 0);
    cr_assert(ledger_import_end(t.im, t.l, 0));
    cr_assert_not(takes(SOME));
}

Test(import, covers_of_any_size_are_borne)
{
    arrive_at(O1, 1, DOT_KEY, SOME);
    cr_assert(compare(UINT64_MAX, UINT64_MAX));
    cr_assert(compare(UINT64_MAX - 1, 1));
    hear(t.l, 0, O2, UINT64_MAX);
    ledger_import_begin(t.im, t.l);
    covers(O2, UINT64_MAX - 3, UINT64_MAX);
    covers(O1, 1, 0);
    covers(0, 5, 5);
    cr_assert(ledger_import_end(t.im, t.l, 0));
}

/* ---- random lives ---- */

#define RUNS    300
#define STEPS   120
#define ORIGINS 3
#define SEQS    40
#define BUCKETS 6

/** What every dot of a run truly is, and which node has covered it. */
struct truth {
    struct dot dots[ORIGINS][SEQS + 1];
    bool here[ORIGINS][SEQS + 1], there[ORIGINS][SEQS + 1];
};

static void draw_dots(struct rng *rng, struct truth *all)
{
    static const uint8_t kinds[] = {DOT_KEY, DOT_KEY, DOT_KEY,   DOT_KEY,
                                    DOT_PUT, DOT_TAG, DOT_PREFIX};
    for (uint64_t o = 0; o < ORIGINS; o++)
        for (uint64_t seq = 1; seq <= SEQS; seq++)
            all->dots[o][seq] =
                (struct dot){.epoch = 100 + o,
                             .seq = seq,
                             .kind = kinds[rng_below(rng, rng_chance(rng, 900) ? 5 : 7)],
                             .hash = rng_below(rng, BUCKETS) << 52};
}

static void look_up(const struct ledger *l, bool has[ORIGINS][SEQS + 1])
{
    for (uint64_t o = 0; o < ORIGINS; o++)
        for (uint64_t seq = 1; seq <= SEQS; seq++)
            has[o][seq] = ledger_covered(l, 100 + o, seq);
}

/** Returns: the barrier that was raised; 0 = none. */
static uint64_t step(struct rng *rng, struct ledger *l, const struct truth *all, uint64_t reach)
{
    const uint64_t o = rng_below(rng, ORIGINS);
    const uint64_t seq = 1 + rng_below(rng, reach);
    if (rng_chance(rng, 30))
        (void)!ledger_hear(l, 0, 100 + o, seq);
    else if (rng_chance(rng, 15))
        return ledger_close(l, 100 + o, 1, seq, NULL);
    else
        (void)arrive_dot(l, &all->dots[o][seq]);
    return 0;
}

static void tell_all(const struct ledger *donor)
{
    ledger_import_begin(t.im, t.l);
    for (size_t i = 0; i < ledger_origins(donor); i++) {
        const struct origin_view v = ledger_origin_at(donor, i);
        ledger_import_cover(t.im, t.l, &(struct cover){v.epoch, v.applied, v.mask});
    }
}

/** Does any dot that is covered here and was not there, when it spoke, aim at such an entry? */
static bool is_meant(const struct truth *all, uint64_t bucket, bool tagged)
{
    for (uint64_t o = 0; o < ORIGINS; o++)
        for (uint64_t seq = 1; seq <= SEQS; seq++) {
            const struct dot *d = &all->dots[o][seq];
            const bool aims = d->kind == DOT_PREFIX || (d->kind == DOT_TAG && tagged) ||
                              (dot_names_key(d->kind) && d->hash == bucket << 52);
            if (aims && all->here[o][seq] && !all->there[o][seq])
                return true;
        }
    return false;
}

static uint64_t check_all(struct truth *all, uint64_t seed)
{
    uint64_t taken = 0;
    look_up(t.l, all->here);
    for (uint64_t bucket = 0; bucket < BUCKETS; bucket++)
        for (int tagged = 0; tagged < 2; tagged++) {
            if (!ledger_import_takes(t.im, t.l, bucket << 52, tagged == 1))
                continue;
            taken++;
            cr_assert_not(is_meant(all, bucket, tagged == 1), "SEED=%" PRIu64, seed);
        }
    return taken;
}

/** Every gap of the receiver that the donor lacked, now or when it spoke, is above the stamp. */
static void check_stamp(const struct truth *all, uint64_t seed)
{
    struct gap gaps[ORIGINS * LEDGER_GAPS];
    const size_t n = ledger_gap_list(t.l, gaps, ARRAY_LEN(gaps));
    for (size_t i = 0; i < n; i++)
        for (uint64_t seq = gaps[i].lo; seq <= gaps[i].hi && gaps[i].epoch >= 100; seq++)
            cr_assert(all->there[gaps[i].epoch - 100][seq] ||
                          ledger_covered(t.l, gaps[i].epoch, seq) ||
                          ledger_import_stamp(t.im) < gaps[i].g,
                      "SEED=%" PRIu64, seed);
}

Test(import, no_random_life_takes_what_a_dot_aims_at, .timeout = 60)
{
    static struct truth all;
    const uint64_t seed = test_seed();
    uint64_t taken = 0;
    struct rng rng;
    rng_init(&rng, seed);
    for (int run = 0; run < RUNS; run++) {
        const struct ledger_cfg cfg = small_cfg();
        struct ledger_cfg other = small_cfg();
        teardown();
        setup_with(&cfg);
        other.epoch = 0xD0;
        struct ledger *donor = make(&other);
        draw_dots(&rng, &all);
        const uint64_t lag = rng_below(&rng, 3);
        for (uint64_t i = 0; i < STEPS; i++) {
            const uint64_t reach = 1 + i * (SEQS / 2) / STEPS;
            (void)step(&rng, t.l, &all, reach);
            for (uint64_t j = lag; j < 3; j++)
                (void)step(&rng, donor, &all, reach);
        }
        tell_all(donor);
        look_up(donor, all.there);
        if (ledger_import_end(t.im, t.l, 0)) {
            taken += check_all(&all, seed);
            check_stamp(&all, seed);
            for (uint64_t i = 0; i < STEPS / 4; i++) {
                if (step(&rng, t.l, &all, SEQS) > ledger_import_stamp(t.im))
                    break; /* the cache refuses the rest, and has dropped what came */
                taken += check_all(&all, seed);
                check_stamp(&all, seed);
            }
        }
        drop(donor);
    }
    cr_assert_gt(taken, 200, "%" PRIu64, taken);
}
