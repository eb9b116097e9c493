/** What a reader may ask for, copies from peers, and the horizon. */
#include <criterion/criterion.h>

#include "world.h"

static struct world *w;

static void setup(void)
{
    w = world_new(&(struct world_cfg){.recent_max = 16});
}

static void teardown(void)
{
    world_free(w);
}

TestSuite(read, .init = setup, .fini = teardown);

#define V(text)           ((struct entry){.value = (text)})
#define TAGGED(text, ...) ((struct entry){.value = (text), .tags = {__VA_ARGS__}})

static const struct cache_ask plain = {.stale_ok = false};

Test(read, proven_only_passes_over_what_a_bare_put_stored)
{
    const struct cache_ask proven = {.proven_only = true};
    cr_assert_eq(put(w, "k", V("v"), dot_put(w, "k", V("v"))), CACHE_STORED);
    cr_assert_eq(look(w, "k", proven), CACHE_ABSENT);
    cr_assert_eq(look(w, "k", plain), CACHE_HIT, "it is still there");
    cr_assert(w->hit.unproven);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    cr_assert_eq(look(w, "k", proven), CACHE_HIT);
}

Test(read, min_stamp_passes_over_what_is_older)
{
    event(w);
    const uint64_t stamp = w->index;
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    event(w);
    cr_assert_eq(look(w, "k", (struct cache_ask){.min_stamp = stamp}), CACHE_HIT);
    cr_assert_eq(look(w, "k", (struct cache_ask){.min_stamp = stamp + 1}), CACHE_ABSENT);
    cr_assert_eq(look(w, "k", plain), CACHE_HIT);
}

Test(read, stale_ok_does_not_lift_the_other_conditions)
{
    const struct cache_ask strict = {.stale_ok = true, .proven_only = true};
    const struct cache_ask newer = {.stale_ok = true, .min_stamp = UINT64_MAX};
    cr_assert_eq(put(w, "k", V("v"), dot_put(w, "k", V("v"))), CACHE_STORED);
    dot_soft(w, DOT_KEY, "k");
    cr_assert_eq(look(w, "k", strict), CACHE_ABSENT);
    cr_assert_eq(look(w, "k", newer), CACHE_ABSENT);
    cr_assert_eq(look(w, "k", (struct cache_ask){.stale_ok = true}), CACHE_STALE);
}

Test(read, every_look_is_a_hit_a_stale_hit_or_a_miss)
{
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    (void)look(w, "k", plain);
    dot_soft(w, DOT_KEY, "k");
    (void)look(w, "k", plain);
    (void)look(w, "k", (struct cache_ask){.stale_ok = true});
    (void)look(w, "none", plain);
    const struct cache_stats s = stats(w);
    cr_assert_eq(s.hits, 1);
    cr_assert_eq(s.stale_hits, 1);
    cr_assert_eq(s.misses, 2);
    cr_assert_eq(s.dead_lookups, 0);
}

/* ---- copies from peers ---- */

Test(read, an_import_is_stored_proven_with_its_stamp)
{
    event(w);
    const uint64_t stamp = w->index;
    const uint64_t g = event(w);
    cr_assert_eq(import(w, "k", (struct entry){.value = "v", .version = 3, .tags = {"t"}}, stamp),
                 CACHE_STORED);
    cr_assert_eq(look(w, "k", (struct cache_ask){.proven_only = true}), CACHE_HIT);
    cr_assert_eq(w->hit.version, 3);
    cr_assert_eq(stats(w).imports, 1);
    cr_assert_eq(stats(w).fills + stats(w).puts, 0);
    cache_bar(w->c, stamp);
    cr_assert(get(w, "", "k"));
    cache_bar(w->c, g);
    cr_assert_not(get(w, "", "k"));
}

/** Whatever is newer than its stamp refuses an import as it refuses a fill. */
Test(read, an_import_meets_the_whole_check)
{
    static const uint8_t kinds[] = {DOT_KEY, DOT_TAG, DOT_PREFIX, DOT_NAMESPACE, DOT_ALL};
    static const char *const targets[] = {"k", "t", "k", "", ""};

    static const enum cache_reason reasons[] = {CACHE_INVALIDATED, CACHE_TAG, CACHE_PREFIX,
                                                CACHE_NAMESPACE, CACHE_ALL};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const uint64_t stamp = w->index;
        issue(w, dot_of(w, kinds[i], "", targets[i]));
        cr_assert_eq(import(w, "k", TAGGED("v", "t"), stamp), reasons[i], "kind %u", kinds[i]);
        cr_assert_eq(import(w, "k", TAGGED("v", "t"), w->index), CACHE_STORED);
    }
    cr_assert_eq(import(w, "k", TAGGED("v", "t"), w->index - 1), CACHE_ALL);
    event(w);
    cr_assert_eq(fill_now(w, "k", V("own")), CACHE_STORED);
    cr_assert_eq(import(w, "k", V("v"), w->index - 1), CACHE_NEWER);
    event(w);
    cr_assert_eq(import(w, "k", V("v"), w->index), CACHE_NEWER); /* readers have seen this one */
    cache_adopt(w->c, event(w));
    cr_assert_eq(import(w, "j", V("v"), w->index - 1), CACHE_ALL);
}

Test(read, an_import_needs_an_open_gate)
{
    static const enum cache_gate shut[] = {CACHE_CLOSED, CACHE_MUTED};

    for (size_t i = 0; i < ARRAY_LEN(shut); i++) {
        cache_gate_set(w->c, shut[i]);
        cr_assert_eq(import(w, "k", V("v"), w->index), CACHE_NOT_READY);
    }
    cache_gate_set(w->c, CACHE_DRAINING);
    cr_assert_eq(import(w, "k", V("v"), w->index), CACHE_STORED);
}

/* ---- the horizon ---- */

Test(read, the_horizon_is_published_and_read)
{
    cr_assert_eq(cache_horizon(w->c), 0);
    cache_horizon_publish(w->c, 500);
    cr_assert_eq(cache_horizon(w->c), 500);
    cache_horizon_publish(w->c, 400);
    cr_assert_eq(cache_horizon(w->c), 400, "it may be taken back");
}
