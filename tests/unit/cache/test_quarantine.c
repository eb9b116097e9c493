/** Keys that nobody may store for a while, and the table of them at its limit. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "cache/quarantine.h"

#include "world.h"

static struct world *w;

static void setup(void)
{
    w = world_new(&(struct world_cfg){.shards = 1});
}

static void teardown(void)
{
    world_free(w);
}

TestSuite(quarantine, .init = setup, .fini = teardown);

#define V(text) ((struct entry){.value = (text)})

static uint64_t begin(uint8_t kind, const char *key, uint32_t ms)
{
    struct dot d = dot_of(w, kind, "", key);
    d.ms = ms;
    return issue(w, d);
}

static uint64_t finish(uint8_t kind, const char *key, uint64_t seq)
{
    struct dot d = dot_of(w, kind, "", key);
    d.subject_epoch = 1;
    d.subject_seq = seq;
    return issue(w, d);
}

/** It kills like a key dot, refuses every way to store, and ends by time. */
static void holds(uint8_t kind, enum cache_reason reason)
{
    uint8_t token[TOKEN_LEN];
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    begin(kind, "k", 50);
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(stats(w).quarantines, 1);
    const struct slice t = take_token(w, "", "k", token);
    w->now += 50 * US_PER_MS - 1;
    cr_assert_eq(fill(w, "", "k", V("v"), t), reason);
    cr_assert_eq(import(w, "k", V("v"), w->index), reason);
    const uint64_t a = dot_put(w, "k", V("v"));
    cr_assert_eq(put(w, "k", V("v"), a), reason);
    cr_assert_eq(put_token(w, "k", V("v"), t, a), reason);
    cr_assert_eq(fill_now(w, "j", V("v")), CACHE_STORED, "another key");
    cr_assert_eq(stats(w).refused[reason], 4);
    w->now += 1;
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
}

Test(quarantine, nostore_holds_until_its_time)
{
    holds(DOT_NOSTORE, CACHE_NOSTORE);
}

Test(quarantine, begin_holds_until_its_time)
{
    holds(DOT_BEGIN, CACHE_INTENT);
}

Test(quarantine, is_a_dot_of_its_key_for_fills_in_flight)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    begin(DOT_BEGIN, "k", 10);
    w->now += 10 * US_PER_MS;
    cr_assert_eq(fill(w, "", "k", V("v"), t), CACHE_INVALIDATED);
}

Test(quarantine, commit_kills_and_releases)
{
    uint8_t token[TOKEN_LEN];
    const uint64_t seq = begin(DOT_BEGIN, "k", 1000);
    const struct slice t = take_token(w, "", "k", token);
    finish(DOT_COMMIT, "k", seq);
    cr_assert_eq(stats(w).quarantines, 0);
    cr_assert_eq(fill(w, "", "k", V("old"), t), CACHE_INVALIDATED, "read before the commit");
    cr_assert_eq(fill_now(w, "k", V("new")), CACHE_STORED);
    finish(DOT_COMMIT, "k", 99);
    cr_assert_not(get(w, "", "k"), "of whatever dot, it is a key dot");
}

Test(quarantine, abort_releases_and_kills_nothing)
{
    uint8_t token[TOKEN_LEN];
    const uint64_t seq = begin(DOT_BEGIN, "k", 1000);
    const struct slice t = take_token(w, "", "k", token);
    finish(DOT_ABORT, "k", seq);
    cr_assert_eq(fill(w, "", "k", V("v"), t), CACHE_STORED, "no record was left");
    finish(DOT_ABORT, "k", seq);
    cr_assert(shows(w, "k", "v"));
}

Test(quarantine, ends_by_the_name_of_its_own_begin_only)
{
    const uint64_t one = begin(DOT_BEGIN, "k", 1000);
    const uint64_t two = begin(DOT_BEGIN, "k", 1000);
    begin(DOT_NOSTORE, "k", 1000);
    cr_assert_eq(stats(w).quarantines, 3);
    finish(DOT_ABORT, "k", one);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_INTENT);
    finish(DOT_ABORT, "k", two + 50);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_INTENT);
    finish(DOT_ABORT, "k", two);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_NOSTORE);
    struct dot d = dot_of(w, DOT_ABORT, "", "k"); /* names nothing: no dot has epoch 0 */
    issue(w, d);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_NOSTORE);
}

/** The end overtakes the beginning: nothing is remembered of it, and the beginning ends by time. */
Test(quarantine, an_end_that_comes_first_costs_a_timeout_only)
{
    const uint64_t seq = w->index + 2;
    finish(DOT_COMMIT, "k", seq);
    cr_assert_eq(begin(DOT_BEGIN, "k", 20), seq);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_INTENT);
    w->now += 20 * US_PER_MS;
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
}

Test(quarantine, a_second_nostore_prolongs_the_first)
{
    begin(DOT_NOSTORE, "k", 100);
    begin(DOT_NOSTORE, "k", 10);
    cr_assert_eq(stats(w).quarantines, 1);
    w->now += 99 * US_PER_MS;
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_NOSTORE);
    begin(DOT_NOSTORE, "k", 100);
    w->now += 99 * US_PER_MS;
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_NOSTORE);
}

Test(quarantine, never_lasts_longer_than_the_limit)
{
    begin(DOT_BEGIN, "k", UINT32_MAX);
    w->now += DOT_MS_MAX * US_PER_MS;
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
}

Test(quarantine, sweeps_clear_what_has_ended)
{
    begin(DOT_NOSTORE, "k", 10);
    begin(DOT_NOSTORE, "j", 50);
    w->now += 10 * US_PER_MS;
    sweep_all(w);
    cr_assert_eq(stats(w).quarantines, 1);
    cr_assert_eq(fill_now(w, "j", V("v")), CACHE_NOSTORE);
}

static void fill_table(uint8_t kind, uint32_t ms)
{
    char key[16];
    for (int i = 0; i < CACHE_QUARANTINE_MAX; i++) {
        snprintf(key, sizeof key, "q%d", i);
        begin(kind, key, ms);
    }
    cr_assert_eq(stats(w).quarantines, CACHE_QUARANTINE_MAX);
    cr_assert_eq(stats(w).quarantine_full, 0);
}

Test(quarantine, a_full_table_lets_a_nostore_go_but_not_its_kill)
{
    fill_table(DOT_BEGIN, 100);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    begin(DOT_NOSTORE, "k", 100);
    cr_assert_eq(stats(w).quarantine_full, 1);
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "q7", V("v")), CACHE_INTENT);
}

Test(quarantine, a_begin_takes_the_place_of_the_nostore_that_ends_first)
{
    for (int i = 0; i < CACHE_QUARANTINE_MAX; i++) {
        char key[16];
        snprintf(key, sizeof key, "q%d", i);
        begin(DOT_NOSTORE, key, i == 7 ? 500 : 1000);
    }
    const uint64_t at = begin(DOT_BEGIN, "k", 100);
    cr_assert_eq(stats(w).quarantine_full, 1);
    cr_assert_eq(stats(w).quarantines, CACHE_QUARANTINE_MAX);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_INTENT);
    cr_assert_eq(fill_now(w, "other", V("v")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "q7", V("v")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "q8", V("v")), CACHE_NOSTORE);
    finish(DOT_COMMIT, "k", at);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
}

static uint64_t bucket(const char *key)
{
    return dot_of(w, DOT_KEY, "", key).hash % QUARANTINE_BUCKETS;
}

/* The number of a key "k<number>", from `from` on, that shares the bucket of "k" (or not). */
static int key_beside(int from, bool shares, char key[16])
{
    for (int i = from;; i++) {
        snprintf(key, 16, "k%d", i);
        if ((bucket(key) == bucket("k")) == shares)
            return i;
    }
}

Test(quarantine, a_full_table_of_begins_keeps_one_more_by_shutting_its_bucket)
{
    char inside[16], second[16], outside[16];
    const int i = key_beside(0, true, inside);
    (void)key_beside(i + 1, true, second);
    (void)key_beside(0, false, outside);
    fill_table(DOT_BEGIN, 1000);
    const uint64_t at = begin(DOT_BEGIN, "k", 100);
    cr_assert_eq(stats(w).quarantine_full, 1);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_INTENT);
    cr_assert_eq(fill_now(w, inside, V("v")), CACHE_INTENT);
    cr_assert_eq(fill_now(w, outside, V("v")), CACHE_STORED, "the shard is not shut");
    begin(DOT_BEGIN, second, 10);
    finish(DOT_COMMIT, "k", at);
    w->now += 99 * US_PER_MS;
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_INTENT, "until the latest of them");
    w->now += 1 * US_PER_MS;
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    cr_assert_eq(fill_now(w, inside, V("v")), CACHE_STORED);
}

Test(quarantine, a_full_table_makes_room_of_what_has_ended)
{
    fill_table(DOT_BEGIN, 100);
    w->now += 100 * US_PER_MS;
    begin(DOT_BEGIN, "k", 100);
    cr_assert_eq(stats(w).quarantine_full, 0);
    cr_assert_eq(stats(w).quarantines, 1);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_INTENT);
    cr_assert_eq(fill_now(w, "q7", V("v")), CACHE_STORED);
}
