#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

static struct world *w;
static uint64_t room; /* barriers that fit */

static void setup(void)
{
    w = world_new(&(struct world_cfg){.budget_bytes = 4 << 20});
    room = CACHE_PREFIXES_MAX;
}

static void teardown(void)
{
    world_free(w);
}

TestSuite(prefix, .init = setup, .fini = teardown);

#define V(text) ((struct entry){.value = (text)})

/** Apply `n` dots of different prefixes of the same length, which match no key of the tests. */
static void other_prefixes(uint64_t n)
{
    char prefix[16];
    for (uint64_t i = 0; i < n; i++) {
        snprintf(prefix, sizeof prefix, "z%07u", (unsigned)i);
        dot_prefix(w, "", prefix);
    }
}

Test(prefix, kills_what_it_covers_and_no_more)
{
    static const char *const keys[] = {"a", "ab", "abc", "abd", "b"};
    static const bool lives[] = {true, false, false, false, true};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        cr_assert_eq(fill_now(w, keys[i], V("v")), CACHE_STORED);
    dot_prefix(w, "", "ab");
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        cr_assert_eq(get(w, "", keys[i]), lives[i], "%s", keys[i]);
}

Test(prefix, sixteen_lengths_are_told_apart)
{
    char key[64], prefix[64];
    for (int len = 1; len <= CACHE_PREFIX_LENS; len++) {
        memset(key, 'a' + len, (size_t)len + 1);
        key[len + 1] = '\0';
        cr_assert_eq(fill_now(w, key, V("v")), CACHE_STORED);
        memcpy(prefix, key, (size_t)len);
        prefix[len] = '\0';
        dot_prefix(w, "", prefix);
        cr_assert_not(get(w, "", key));
    }
    cr_assert_eq(stats(w).prefixes, CACHE_PREFIX_LENS);
    cr_assert_eq(stats(w).prefixes_folded, 0);
}

Test(prefix, a_seventeenth_length_folds_only_what_was_not_swept)
{
    char prefix[64] = {0};
    cr_assert_eq(fill_now(w, "old", V("v")), CACHE_STORED);
    for (int len = 1; len <= CACHE_PREFIX_LENS; len++) {
        memset(prefix, 'z', (size_t)len);
        dot_prefix(w, "", prefix);
    }
    cr_assert_eq(fill_now(w, "new", V("v")), CACHE_STORED);
    memset(prefix, 'z', CACHE_PREFIX_LENS + 1);
    dot_prefix(w, "", prefix);
    cr_assert_eq(stats(w).prefixes_folded, 1);
    cr_assert_eq(stats(w).prefixes, CACHE_PREFIX_LENS);
    cr_assert_not(get(w, "", "old"), "killed with the shard: the price of folding");
    cr_assert(get(w, "", "new"));

    sweep_all(w);
    memset(prefix, 'z', CACHE_PREFIX_LENS + 2);
    dot_prefix(w, "", prefix);
    cr_assert_eq(stats(w).prefixes_folded, 1, "a swept one makes room for nothing");
    cr_assert(get(w, "", "new"));
}

Test(prefix, a_full_table_before_the_sweep_folds_the_oldest)
{
    cr_assert_eq(fill_now(w, "ab", V("v")), CACHE_STORED);
    dot_prefix(w, "", "a");
    other_prefixes(room - 1);
    cr_assert_eq(stats(w).prefixes, room);
    cr_assert_eq(stats(w).prefixes_folded, 0);
    dot_prefix(w, "", "zz");
    cr_assert_eq(stats(w).prefixes_folded, 1);
    cr_assert_eq(stats(w).prefixes, room);
    cr_assert_not(get(w, "", "ab"), "what it covered stays dead");
}

/** Removal comes after the sweep and after the floor: neither an entry nor a fill gets through. */
Test(prefix, a_swept_barrier_leaves_a_floor_behind)
{
    uint8_t token[TOKEN_LEN], later[TOKEN_LEN];
    const struct slice t = take_token(w, "", "ab", token);
    cr_assert_eq(fill_now(w, "ac", V("v")), CACHE_STORED);
    dot_prefix(w, "", "a");
    const struct slice t2 = take_token(w, "", "ab", later);
    cr_assert_eq(fill_now(w, "b", V("v")), CACHE_STORED);
    sweep_all(w);
    other_prefixes(room - 1);
    sweep_all(w);
    dot_prefix(w, "", "zz"); /* drops the barrier of "a" */
    cr_assert_eq(stats(w).prefixes_folded, 0);
    cr_assert_eq(fill(w, "", "ab", V("old"), t), CACHE_FORGOTTEN);
    cr_assert_not(get(w, "", "ac"));
    cr_assert(get(w, "", "b"), "the shard's barrier was not needed");
    cr_assert_eq(fill(w, "", "ab", V("new"), t2), CACHE_STORED);
}

Test(prefix, raised_again_it_waits_for_a_new_sweep)
{
    cr_assert_eq(fill_now(w, "ab", V("v")), CACHE_STORED);
    dot_prefix(w, "", "a");
    sweep_all(w);
    cr_assert_eq(fill_now(w, "ab", V("v")), CACHE_STORED);
    dot_prefix(w, "", "a");
    cr_assert_eq(stats(w).prefixes, 1);
    other_prefixes(room - 1);
    dot_prefix(w, "", "zz");
    cr_assert_eq(stats(w).prefixes_folded, 1);
    cr_assert_not(get(w, "", "ab"));
}

/** A pass that was under way when the barrier rose has not seen the entries behind it. */
Test(prefix, a_pass_that_began_before_does_not_count)
{
    char key[16];
    for (int i = 0; i < 3 * CACHE_STEP; i++) {
        snprintf(key, sizeof key, "a%d", i);
        cr_assert_eq(fill_now(w, key, V("v")), CACHE_STORED);
    }
    (void)cache_step(w->c, w->now); /* the first third was looked at and found alive */
    dot_prefix(w, "", "a");
    for (int i = 0; i < 2; i++)
        (void)cache_step(w->c, w->now); /* that pass ends here */
    other_prefixes(room - 1);
    dot_prefix(w, "", "zz");
    for (int i = 0; i < 3 * CACHE_STEP; i++) {
        snprintf(key, sizeof key, "a%d", i);
        cr_assert_not(get(w, "", key), "%s", key);
    }
}

/** Dead entries that were hit often must not be carried past the sweep to the head of the log. */
Test(prefix, a_dead_hot_entry_does_not_escape_the_sweep)
{
    struct world *small = world_new(&(struct world_cfg){.budget_bytes = 128 << 10});
    struct world *keep = w;
    char key[16];
    w = small;
    cr_assert_eq(fill_now(w, "ab", V("v")), CACHE_STORED);
    for (int i = 0; i < 3; i++)
        cr_assert(get(w, "", "ab"));
    dot_prefix(w, "", "a");
    for (int i = 0; stats(w).swept == 0 && i < 100000; i++) {
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(fill_now(w, key, V("v")), CACHE_STORED);
    }
    cr_assert_eq(stats(w).swept, 1, "found dead at the tail");
    cr_assert_eq(stats(w).reinserted, 0);
    sweep_all(w);
    cr_assert_not(get(w, "", "ab"));
    world_free(small);
    w = keep;
}

Test(prefix, longer_than_any_key_covers_nothing)
{
    const struct dot d = {.epoch = 1, .seq = 1, .kind = DOT_PREFIX, .prefix_len = 1025, .hash = 5};
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    cache_apply(w->c, w->now, &d, event(w));
    cr_assert(get(w, "", "k"));
    cr_assert_eq(stats(w).prefixes, 0);
}

Test(prefix, empty_covers_its_whole_namespace)
{
    uint8_t token[TOKEN_LEN];
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    cr_assert_eq(fill(w, "n", "k", V("v"), take_token(w, "n", "k", token)), CACHE_STORED);
    dot_prefix(w, "", "");
    cr_assert_not(get(w, "", "k"));
    cr_assert(get(w, "n", "k"));
}
