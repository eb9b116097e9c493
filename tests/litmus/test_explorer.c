/** The explorer itself: on stories whose every order is known. */
#include <criterion/criterion.h>
#include <string.h>

#include "explorer.h"

static struct words {
    _Atomic uint64_t a, b, seen_a, seen_b;
    struct explorer_lock lock, other;
    int fenced;
    uint64_t seen; /* by all loads of a little program */
} w;

static struct explorer_result r;

static void reset(void *ctx)
{
    const int fenced = w.fenced;
    (void)ctx;
    memset(&w, 0, sizeof w);
    w.fenced = fenced;
}

static struct explorer_result *explore(struct explorer_case c, enum explorer_model model)
{
    c.reset = reset;
    c.ctx = &w;
    explorer_run(&c, model, &r);
    return &r;
}

static void put_a(void *ctx)
{
    (void)ctx;
    for (uint64_t i = 1; i <= 4; i++)
        explorer_store64(&w.a, i, memory_order_release, "a");
}

static void put_b(void *ctx)
{
    (void)ctx;
    for (uint64_t i = 1; i <= 3; i++)
        explorer_store64(&w.b, i, memory_order_release, "b");
}

Test(explorer, every_order_of_four_and_three_steps_is_35)
{
    const struct explorer_case c = {
        .name = "35", .threads = {{"a", put_a}, {"b", put_b}}, .every_order = true};
    cr_assert_eq(explore(c, EXPLORER_SC)->runs, 35);
    cr_assert_eq(r.cut, 0);
    cr_assert_eq(r.longest, 7);
}

Test(explorer, steps_of_different_objects_need_one_order)
{
    const struct explorer_case c = {.name = "one", .threads = {{"a", put_a}, {"b", put_b}}};
    cr_assert_eq(explore(c, EXPLORER_SC)->runs, 1);
}

static void also_put_a(void *ctx)
{
    put_a(ctx);
}

Test(explorer, steps_that_conflict_need_every_order)
{
    const struct explorer_case c = {.name = "70", .threads = {{"a", put_a}, {"too", also_put_a}}};
    cr_assert_eq(explore(c, EXPLORER_SC)->runs, 70);
}

/* ---- store buffers: x86-TSO's example ---- */

static void fence(void)
{
    if (w.fenced)
        explorer_fence();
}

static void says_a(void *ctx)
{
    (void)ctx;
    explorer_store64(&w.a, 1, memory_order_release, "a");
    fence();
    w.seen_b = explorer_load64(&w.b, "b") + 1;
}

static void says_b(void *ctx)
{
    (void)ctx;
    explorer_store64(&w.b, 1, memory_order_release, "b");
    fence();
    w.seen_a = explorer_load64(&w.a, "a") + 1;
}

static void one_saw_the_other(void *ctx)
{
    (void)ctx;
    explorer_require(w.seen_a == 2 || w.seen_b == 2, "neither saw the other");
}

static const struct explorer_case BUFFERS = {
    .name = "store buffers", .threads = {{"a", says_a}, {"b", says_b}}, .check = one_saw_the_other};

Test(explorer, store_buffers_hide_stores_under_tso_alone)
{
    cr_assert_not(explore(BUFFERS, EXPLORER_SC)->failed);
    cr_assert(explore(BUFFERS, EXPLORER_TSO)->failed);
    cr_assert_not_null(strstr(r.schedule, "neither saw the other"));
    cr_assert_not_null(strstr(r.schedule, "buffer a = 1"));
}

Test(explorer, fences_empty_store_buffers)
{
    w.fenced = 1;
    cr_assert_not(explore(BUFFERS, EXPLORER_TSO)->failed);
    cr_assert_gt(r.runs, 2);
}

static void swaps_a(void *ctx)
{
    (void)ctx;
    explorer_store64(&w.a, 1, memory_order_seq_cst, "a");
    w.seen_b = explorer_load64(&w.b, "b") + 1;
}

static void swaps_b(void *ctx)
{
    (void)ctx;
    explorer_store64(&w.b, 1, memory_order_seq_cst, "b");
    w.seen_a = explorer_load64(&w.a, "a") + 1;
}

Test(explorer, sequentially_consistent_stores_do_not_wait)
{
    const struct explorer_case c = {.name = "exchanges",
                                    .threads = {{"a", swaps_a}, {"b", swaps_b}},
                                    .check = one_saw_the_other};
    cr_assert_not(explore(c, EXPLORER_TSO)->failed);
}

/* ---- messages: stores of one thread leave its buffer in their order ---- */

static void sends(void *ctx)
{
    (void)ctx;
    explorer_store64(&w.a, 7, memory_order_relaxed, "a");
    explorer_store64(&w.b, 1, memory_order_release, "b");
    explorer_require(explorer_load64(&w.a, "a") == 7, "a thread does not see its own store");
}

static void receives(void *ctx)
{
    (void)ctx;
    if (explorer_load64(&w.b, "b") == 1)
        explorer_require(explorer_load64(&w.a, "a") == 7, "a message came before its content");
    else
        explorer_saw(0);
}

Test(explorer, stores_are_seen_in_their_order)
{
    const struct explorer_case c = {.name = "message",
                                    .threads = {{"sends", sends}, {"receives", receives}}};
    cr_assert_not(explore(c, EXPLORER_SC)->failed);
    cr_assert_not(explore(c, EXPLORER_TSO)->failed);
    cr_assert_eq(r.saw, 1);
}

/* ---- locks ---- */

static void count(bool locked)
{
    if (locked)
        explorer_lock(&w.lock, "lock");
    const uint64_t a = explorer_load64(&w.a, "a");
    explorer_store64(&w.a, a + 1, memory_order_relaxed, "a");
    if (locked)
        explorer_unlock(&w.lock, "lock");
}

static void counts(void *ctx)
{
    (void)ctx;
    count(true);
}

static void counts_unlocked(void *ctx)
{
    (void)ctx;
    count(false);
}

static void both_counted(void *ctx)
{
    (void)ctx;
    explorer_require(explorer_load64(&w.a, "a") == 3, "a count is lost");
}

Test(explorer, locks_exclude)
{
    const struct explorer_case c = {
        .name = "locks",
        .threads = {{"one", counts}, {"two", counts}, {"three", counts}},
        .check = both_counted};
    cr_assert_not(explore(c, EXPLORER_SC)->failed);
    cr_assert_eq(r.runs, 6, "who comes first, second and last");
    cr_assert_not(explore(c, EXPLORER_TSO)->failed);
}

Test(explorer, a_lost_count_is_found)
{
    const struct explorer_case c = {
        .name = "no locks",
        .threads = {{"one", counts}, {"two", counts_unlocked}, {"three", counts}},
        .check = both_counted};
    cr_assert(explore(c, EXPLORER_SC)->failed);
}

static void locks_in_order(void *ctx)
{
    (void)ctx;
    explorer_lock(&w.lock, "lock");
    explorer_lock(&w.other, "other");
    explorer_unlock(&w.other, "other");
    explorer_unlock(&w.lock, "lock");
}

static void locks_in_turn(void *ctx)
{
    (void)ctx;
    explorer_lock(&w.other, "other");
    explorer_lock(&w.lock, "lock");
    explorer_unlock(&w.lock, "lock");
    explorer_unlock(&w.other, "other");
}

Test(explorer, a_deadlock_is_found)
{
    const struct explorer_case c = {.name = "deadlock",
                                    .threads = {{"one", locks_in_order}, {"two", locks_in_turn}}};
    cr_assert(explore(c, EXPLORER_SC)->failed);
    cr_assert_not_null(strstr(r.schedule, "deadlock"));
}

static void waits(void *ctx)
{
    (void)ctx;
    explorer_await(&w.b, "b");
    explorer_require(explorer_load64(&w.a, "a") == 7, "it did not wait");
}

Test(explorer, whoever_waits_for_a_word_goes_on_when_it_is_set)
{
    const struct explorer_case c = {.name = "await",
                                    .threads = {{"sends", sends}, {"waits", waits}}};
    cr_assert_not(explore(c, EXPLORER_SC)->failed);
    cr_assert_not(explore(c, EXPLORER_TSO)->failed);
    const struct explorer_case alone = {.name = "alone", .threads = {{"waits", waits}}};
    cr_assert(explore(alone, EXPLORER_SC)->failed);
}

static void never_ends(void *ctx)
{
    (void)ctx;
    for (;;)
        explorer_store64(&w.a, 1, memory_order_relaxed, "a");
}

Test(explorer, the_bound_on_steps_is_never_met_in_silence)
{
    const struct explorer_case c = {.name = "endless", .threads = {{"one", never_ends}}};
    cr_assert(explore(c, EXPLORER_SC)->failed);
    cr_assert_not_null(strstr(r.schedule, "too many steps"));
}

/* ---- leaving out what commutes loses nothing ---- */

#define SLOTS 3

/** One of a few little programs: each digit (base 6) is a load or a store of one of three words. */
static unsigned program[EXPLORER_THREADS];
static uint64_t outcomes[2][64]; /* bit sets of final states */

static _Atomic uint64_t *word(unsigned i)
{
    return i == 0 ? &w.a : i == 1 ? &w.b : &w.seen_a;
}

static void interpret(unsigned code, unsigned shift)
{
    for (unsigned i = 0; i < SLOTS; i++, code /= 6) {
        _Atomic uint64_t *at = word(code % 3);
        if (code % 6 < 3) {
            explorer_store64(at, i + 1, memory_order_release, "");
            continue;
        }
        const uint64_t seen = explorer_load64(at, "");
        w.seen |= seen << (shift + 2 * i);
    }
}

static void first(void *ctx)
{
    (void)ctx;
    interpret(program[0], 0);
}

static void second(void *ctx)
{
    (void)ctx;
    interpret(program[1], 6);
}

static unsigned set_i;

static void note_outcome(void *ctx)
{
    (void)ctx;
    const uint64_t final = explorer_load64(&w.a, "") | explorer_load64(&w.b, "") << 2 |
                           explorer_load64(&w.seen_a, "") << 4;
    const uint64_t hash = (w.seen << 6 | final) * 0x9e3779b97f4a7c15U;
    outcomes[set_i][hash >> 58] |= 1ULL << (hash >> 52 & 63);
}

Test(explorer, what_commutes_is_left_out_without_losing_an_outcome)
{
    for (unsigned n = 0; n < 300; n++) {
        uint64_t runs[2];
        program[0] = n * 7919 % 216;
        program[1] = n * 104729 % 215;
        memset(outcomes, 0, sizeof outcomes);
        for (set_i = 0; set_i < 2; set_i++) {
            const struct explorer_case c = {.name = "random",
                                            .threads = {{"first", first}, {"second", second}},
                                            .check = note_outcome,
                                            .every_order = set_i == 0};
            runs[set_i] = explore(c, n % 2 == 0 ? EXPLORER_SC : EXPLORER_TSO)->runs;
        }
        cr_assert_arr_eq(outcomes[0], outcomes[1], sizeof outcomes[0], "programs %u and %u",
                         program[0], program[1]);
        cr_assert_leq(runs[1], runs[0]);
    }
}
