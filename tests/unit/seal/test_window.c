#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "seal/window.h"

#define ROUNDS       100000
#define ORACLE_MAX   ROUNDS
#define JUMP_LARGEST 3000

static struct window fresh(void)
{
    struct window w;
    window_init(&w);
    return w;
}

/** A window that has accepted exactly one counter. */
static struct window window_at(uint64_t counter)
{
    struct window w = fresh();
    cr_assert(window_accept(&w, counter));
    return w;
}

static void refuse_unchanged(struct window *w, uint64_t counter)
{
    const struct window before = *w;
    cr_assert_not(window_accept(w, counter), "counter %" PRIu64 " was accepted", counter);
    cr_assert(memcmp(&before, w, sizeof before) == 0, "the refused %" PRIu64 " left a trace",
              counter);
}

Test(window, a_replayed_counter_is_refused)
{
    struct window w = fresh();
    cr_assert(window_accept(&w, 1));
    refuse_unchanged(&w, 1);
    cr_assert(window_accept(&w, 2));
    refuse_unchanged(&w, 2);
    refuse_unchanged(&w, 1);
}

Test(window, counter_zero_is_never_accepted)
{
    struct window w = fresh();
    refuse_unchanged(&w, 0);
    cr_assert(window_accept(&w, 7));
    refuse_unchanged(&w, 0);
}

Test(window, a_late_counter_is_accepted_once)
{
    struct window w = window_at(100);
    cr_assert(window_accept(&w, 40));
    refuse_unchanged(&w, 40);
    cr_assert(window_accept(&w, 41));
    refuse_unchanged(&w, 100);
}

Test(window, a_counter_1023_behind_is_the_oldest_in_it)
{
    const uint64_t newest = 5000;
    struct window w = window_at(newest);
    refuse_unchanged(&w, newest - 1025);
    refuse_unchanged(&w, newest - 1024);
    cr_assert(window_accept(&w, newest - 1023));
    refuse_unchanged(&w, newest - 1023);
    refuse_unchanged(&w, newest);
}

Test(window, a_step_of_1023_keeps_the_old_newest_and_1024_drops_it)
{
    for (uint64_t step = 1020; step <= 1028; step++) {
        struct window w = window_at(777);
        cr_assert(window_accept(&w, 777 + step));
        refuse_unchanged(&w, 777);
        cr_assert(window_accept(&w, 777 + step - 1023) == (step != 1023), "step %" PRIu64, step);
    }
}

Test(window, every_counter_in_a_full_window_is_accepted_backwards)
{
    struct window w = window_at(10000);
    for (uint64_t behind = 1; behind < WINDOW_BITS; behind++)
        cr_assert(window_accept(&w, 10000 - behind));
    for (uint64_t behind = 0; behind < WINDOW_BITS + 5; behind++)
        refuse_unchanged(&w, 10000 - behind);
    cr_assert(window_accept(&w, 10001), "a full window moves on");
    refuse_unchanged(&w, 10001 - 1023);
}

Test(window, a_jump_of_2_to_the_63_forgets_everything_behind)
{
    const uint64_t far = UINT64_C(1) << 63;
    struct window w = window_at(3);
    cr_assert(window_accept(&w, 3 + far));
    refuse_unchanged(&w, 3);
    refuse_unchanged(&w, 4);
    cr_assert(window_accept(&w, 3 + far - 1023));
    refuse_unchanged(&w, 3 + far - 1024);
}

Test(window, the_largest_counter_ends_the_row_without_wrapping)
{
    struct window w = window_at(UINT64_MAX - 70);
    cr_assert(window_accept(&w, UINT64_MAX));
    refuse_unchanged(&w, UINT64_MAX);
    refuse_unchanged(&w, UINT64_MAX - 70);
    refuse_unchanged(&w, 0);
    refuse_unchanged(&w, 1);
    cr_assert(window_accept(&w, UINT64_MAX - 1));
    cr_assert(window_accept(&w, UINT64_MAX - 1023));
    refuse_unchanged(&w, UINT64_MAX - 1024);
}

/** The rule said slowly: every accepted counter is remembered, nothing is cleared. */
struct oracle {
    uint64_t newest;
    uint64_t n;
    uint64_t seen[ORACLE_MAX];
};

/** While a counter is in the window, at most 2,047 others are accepted after it: the last 2,048 do. */
static bool oracle_saw(const struct oracle *o, uint64_t counter)
{
    for (uint64_t i = o->n; i > 0 && o->n - i < 2 * WINDOW_BITS; i--) {
        if (o->seen[i - 1] == counter)
            return true;
    }
    return false;
}

static bool oracle_accept(struct oracle *o, uint64_t counter)
{
    if (counter == 0 || (o->newest >= WINDOW_BITS && counter <= o->newest - WINDOW_BITS))
        return false;
    if (oracle_saw(o, counter))
        return false;
    if (counter > o->newest)
        o->newest = counter;
    o->seen[o->n++] = counter;
    return true;
}

/** Mostly near the newest on both sides, sometimes a jump, at times exactly an edge. */
static uint64_t draw_counter(struct rng *r, uint64_t newest)
{
    const uint64_t kind = rng_below(r, 1000);
    uint64_t back = rng_below(r, WINDOW_BITS + 100);
    if (kind < 150)
        return newest + 1 + rng_below(r, 3);
    if (kind < 151)
        return newest + rng_below(r, JUMP_LARGEST);
    if (kind < 250)
        back = WINDOW_BITS - 2 + rng_below(r, 4);
    else if (kind < 600)
        back = rng_below(r, 100);
    return back > newest ? 0 : newest - back;
}

static uint64_t seed_of_run(void)
{
    const char *text = getenv("SEED");
    return text == NULL ? 20240607 : strtoull(text, NULL, 0);
}

/** Compare both over n counters; returns how many were accepted. */
static uint64_t race_oracle(uint64_t seed, uint64_t first, uint32_t n)
{
    struct oracle *o = calloc(1, sizeof *o);
    struct window w = fresh();
    struct rng r;
    cr_assert(o != NULL);
    rng_init(&r, seed);
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t counter = i == 0 ? first : draw_counter(&r, o->newest);
        const bool expected = oracle_accept(o, counter);
        cr_assert(window_accept(&w, counter) == expected,
                  "seed %" PRIu64 ", round %" PRIu32 ": counter %" PRIu64 ", newest %" PRIu64, seed,
                  i, counter, o->newest);
        cr_assert(w.newest == o->newest);
    }
    const uint64_t accepted = o->n;
    free(o);
    return accepted;
}

Test(window, agrees_with_an_oracle_that_remembers_everything)
{
    const uint64_t accepted = race_oracle(seed_of_run(), 1, ROUNDS);
    cr_assert(accepted > ROUNDS / 4, "too few accepted to say anything: %" PRIu64, accepted);
    cr_assert(accepted < ROUNDS * 3 / 4, "too few refused to say anything: %" PRIu64, accepted);
}

Test(window, agrees_with_the_oracle_from_many_beginnings)
{
    const uint64_t seed = seed_of_run();
    for (uint64_t i = 0; i < 20; i++)
        race_oracle(seed + i, (UINT64_C(1) << 3 * i) - (i & 1), 2000);
}
