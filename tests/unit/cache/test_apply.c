#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

static struct world *w;

static void setup(void)
{
    w = world_new(&(struct world_cfg){.shards = 8, .budget_bytes = 2 << 20});
}

static void teardown(void)
{
    world_free(w);
}

TestSuite(apply, .init = setup, .fini = teardown);

#define V(text) ((struct entry){.value = (text)})

static uint64_t locks_of(uint8_t kind)
{
    const uint64_t index = event(w);
    const uint64_t before = w->locks;
    apply_at(w, kind, "", "k", index);
    return w->locks - before;
}

Test(apply, a_key_dot_visits_one_shard_and_wider_ones_visit_all)
{
    cr_assert_eq(locks_of(DOT_KEY), 1);
    cr_assert_eq(locks_of(DOT_PUT), 1);
    cr_assert_eq(locks_of(DOT_TAG), 8);
    cr_assert_eq(locks_of(DOT_PREFIX), 8);
    cr_assert_eq(locks_of(DOT_ALL), 8);
    cr_assert_eq(locks_of(99), 8);
}

Test(apply, a_key_dot_kills_the_entry_and_no_other)
{
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "j", V("v")), CACHE_STORED);
    dot_key(w, "", "k");
    cr_assert_not(get(w, "", "k"));
    cr_assert(get(w, "", "j"));
    cr_assert_eq(stats(w).killed, 1);
    cr_assert_eq(stats(w).items, 1);
}

Test(apply, a_key_dot_spares_an_entry_as_new_as_itself)
{
    const uint64_t g = event(w);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    apply_at(w, DOT_KEY, "", "k", g);
    cr_assert(get(w, "", "k"));
    apply_at(w, DOT_KEY, "", "k", event(w));
    cr_assert_not(get(w, "", "k"));
}

Test(apply, the_same_dot_twice_changes_nothing)
{
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    const uint64_t e = dot_key(w, "", "k");
    cr_assert_eq(fill_now(w, "k", V("new")), CACHE_STORED);
    apply_at(w, DOT_KEY, "", "k", e);
    cr_assert(shows(w, "k", "new"));
}

static void kills_everywhere(uint8_t kind)
{
    char key[16];
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(fill_now(w, key, (struct entry){.value = "v", .tags = {"k"}}), CACHE_STORED);
    }
    apply_at(w, kind, "", kind == DOT_NAMESPACE ? "" : "k", event(w));
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_not(get(w, "", key), "kind %u, %s", kind, key);
    }
}

Test(apply, wide_dots_kill_in_every_shard)
{
    kills_everywhere(DOT_TAG);
    kills_everywhere(DOT_PREFIX);
    kills_everywhere(DOT_NAMESPACE);
    kills_everywhere(DOT_ALL);
    kills_everywhere(44);
}

Test(apply, an_older_barrier_never_lowers_a_newer_one)
{
    const uint64_t old = event(w);
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v", .tags = {"t"}}), CACHE_STORED);
    static const uint8_t kinds[] = {DOT_TAG, DOT_PREFIX, DOT_NAMESPACE, DOT_ALL};
    static const char *const targets[] = {"t", "k", "", ""};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v", .tags = {"t"}}), CACHE_STORED);
        apply_at(w, kinds[i], "", targets[i], event(w));
        apply_at(w, kinds[i], "", targets[i], old);
        cr_assert_not(get(w, "", "k"), "kind %u", kinds[i]);
    }
}

Test(apply, bar_kills_what_is_older_and_spares_the_rest)
{
    cr_assert_eq(fill_now(w, "old", V("v")), CACHE_STORED);
    const uint64_t g = event(w);
    cr_assert_eq(fill_now(w, "new", V("v")), CACHE_STORED);
    cache_bar(w->c, g);
    cr_assert_not(get(w, "", "old"));
    cr_assert(get(w, "", "new"));
}

Test(apply, the_index_is_published_and_read)
{
    cr_assert_eq(cache_index(w->c), 1);
    cache_publish(w->c, 900);
    cr_assert_eq(cache_index(w->c), 900);
    w->index = 900;
}

/** Hooks are optional: without them nothing is called. */
Test(apply, a_cache_without_hooks_works)
{
    static uint8_t mem[1 << 20];
    const struct cache_cfg cfg = {.budget_bytes = 512 << 10, .shards = 1, .value_max = 100};
    struct arena arena;
    uint8_t ns_i;
    arena_init(&arena, mem, sizeof mem);
    struct cache *c = cache_new(&arena, &cfg);
    cr_assert_not_null(c);
    cr_assert_eq(cache_namespace(c, slice_text("n"), &ns_i), OK);
    cr_assert_not(cache_step(c, 1));
}
