#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "node/intent.h"

#define SELF 1000ULL
#define MS   US_PER_MS

static uint8_t memory[65536];

static struct intents *make(uint32_t open_max, uint64_t seed)
{
    const struct intent_cfg cfg = {.epoch = SELF, .open_max = open_max, .seed = seed};
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    struct intents *t = intents_new(&arena, &cfg);
    cr_assert_not_null(t);
    return t;
}

static enum err begin(struct intents *t, mono_us now, uint64_t epoch, uint64_t seq)
{
    const struct dot d = {
        .kind = DOT_BEGIN, .epoch = epoch, .seq = seq, .hash = 100 * seq, .ms = 200};
    return intent_begin(t, now, &d, 7);
}

Test(intent, an_own_one_runs_out_exactly_at_its_time)
{
    struct intents *t = make(4, 1);
    struct intent_expired out;
    cr_assert_eq(begin(t, 5, SELF, 3), OK);
    cr_assert_eq(intent_deadline(t), 5 + 200 * MS);
    cr_assert_not(intent_poll(t, 4 + 200 * MS, &out));
    cr_assert(intent_poll(t, 5 + 200 * MS, &out));
    cr_assert(out.own);
    cr_assert_eq(out.ticket, 7);
    cr_assert_eq(out.epoch, SELF);
    cr_assert_eq(out.seq, 3);
    cr_assert_eq(out.hash, 300);
    cr_assert_not(intent_poll(t, NEVER - 1, &out), "it is open no longer");
    cr_assert_eq(intent_deadline(t), NEVER);
}

Test(intent, a_foreign_one_runs_out_after_its_time_and_a_jitter)
{
    bool differs = false;
    mono_us first = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct intents *t = make(4, seed);
        struct intent_expired out;
        begin(t, 0, 50, 1);
        const mono_us at = intent_deadline(t);
        cr_assert_geq(at, 200 * MS);
        cr_assert_leq(at, 200 * MS + INTENT_JITTER_US);
        cr_assert(intent_poll(t, at, &out));
        cr_assert_not(out.own);
        differs = differs || (first != 0 && at != first);
        first = at;
    }
    cr_assert(differs, "holders do not all speak at once");
}

Test(intent, commit_and_abort_end_it)
{
    struct intents *t = make(4, 1);
    struct intent_expired out;
    begin(t, 0, SELF, 1);
    begin(t, 0, 50, 1);
    cr_assert(intent_end(t, SELF, 1));
    cr_assert(intent_end(t, 50, 1));
    cr_assert_not(intent_end(t, 50, 1));
    cr_assert_not(intent_poll(t, 10 * US_PER_SEC, &out));
    cr_assert_eq(intent_counters(t).ended, 2);
    cr_assert_eq(intent_counters(t).open, 0);
}

/* Another holder's COMMIT comes between the time and the end of our jitter. */
Test(intent, one_holder_speaks_for_all)
{
    struct intents *t = make(4, 3);
    struct intent_expired out;
    begin(t, 0, 50, 1);
    cr_assert_gt(intent_deadline(t), 200 * MS);
    cr_assert(intent_end(t, 50, 1));
    cr_assert_not(intent_poll(t, 10 * US_PER_SEC, &out));
}

Test(intent, the_end_of_another_begin_of_the_same_key_ends_nothing)
{
    struct intents *t = make(4, 1);
    struct intent_expired out;
    begin(t, 0, 50, 1);
    cr_assert_not(intent_end(t, 50, 2));
    cr_assert_not(intent_end(t, 51, 1));
    cr_assert(intent_poll(t, 10 * US_PER_SEC, &out));
}

Test(intent, a_begin_told_twice_is_one)
{
    struct intents *t = make(4, 1);
    cr_assert_eq(begin(t, 0, 50, 1), OK);
    cr_assert_eq(begin(t, 9, 50, 1), ERR_DUPLICATE);
    cr_assert_eq(intent_counters(t).open, 1);
}

Test(intent, a_full_table_refuses_and_counts)
{
    struct intents *t = make(2, 1);
    begin(t, 0, SELF, 1);
    cr_assert(intents_room(t, 1));
    begin(t, 0, SELF, 2);
    cr_assert_not(intents_room(t, 1));
    cr_assert_eq(begin(t, 0, SELF, 3), ERR_FULL);
    cr_assert_eq(intent_counters(t).full, 1);
    cr_assert(intent_end(t, SELF, 1));
    cr_assert_eq(begin(t, 0, SELF, 3), OK);
}

/* Whatever is begun is ended exactly once: by its end, or by running out, and never early. */
Test(intent, every_begin_ends_once)
{
    const char *given = getenv("SEED");
    const uint64_t seed = given == NULL ? 11 : strtoull(given, NULL, 10);
    struct intents *t = make(64, seed);
    struct rng rng;
    uint64_t begun = 0, over = 0;
    rng_init(&rng, seed);
    for (mono_us now = 0; now < 20 * US_PER_SEC; now += 5 * MS) {
        struct intent_expired out;
        const uint64_t epoch = rng_chance(&rng, 500) ? SELF : 50;
        if (rng_chance(&rng, 300) && begin(t, now, epoch, ++begun) != OK)
            begun--;
        if (begun > 0 && rng_chance(&rng, 100)) {
            const uint64_t seq = 1 + rng_below(&rng, begun);
            over += intent_end(t, SELF, seq) ? 1 : 0;
            over += intent_end(t, 50, seq) ? 1 : 0;
        }
        while (intent_poll(t, now, &out))
            over++;
        cr_assert_gt(intent_deadline(t), now, "seed %llu", (unsigned long long)seed);
        cr_assert_eq(begun, over + intent_counters(t).open, "seed %llu", (unsigned long long)seed);
    }
    cr_assert_gt(over, 100);
}
