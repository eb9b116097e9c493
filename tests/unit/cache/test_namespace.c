#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

static struct world *w;

static void setup(void)
{
    w = world_new(&(struct world_cfg){.shards = 4});
}

static void teardown(void)
{
    world_free(w);
}

TestSuite(namespace, .init = setup, .fini = teardown);

#define V(text) ((struct entry){.value = (text)})

Test(namespace, the_empty_one_is_zero_and_always_there)
{
    uint8_t ns_i = 9;
    cr_assert(cache_namespace_find(w->c, slice_text(""), &ns_i));
    cr_assert_eq(ns_i, 0);
    cr_assert_eq(cache_namespaces(w->c), 1);
    cr_assert_eq(cache_namespace_name(w->c, 0).len, 0);
}

Test(namespace, two_hundred_and_fifty_six_fit)
{
    char name[16];
    uint8_t ns_i = 0;
    for (unsigned i = 1; i < CACHE_NAMESPACES_MAX; i++) {
        snprintf(name, sizeof name, "n%u", i);
        cr_assert_eq(cache_namespace(w->c, slice_text(name), &ns_i), OK);
        cr_assert_eq(ns_i, i);
        cr_assert_eq(cache_namespace(w->c, slice_text(name), &ns_i), OK, "again");
        cr_assert_eq(ns_i, i);
        cr_assert(slice_eq(cache_namespace_name(w->c, ns_i), slice_text(name)));
    }
    cr_assert_eq(cache_namespaces(w->c), CACHE_NAMESPACES_MAX);
    ns_i = 7;
    cr_assert_eq(cache_namespace(w->c, slice_text("more"), &ns_i), ERR_FULL);
    cr_assert_eq(ns_i, 7, "nothing is written");
    cr_assert_not(cache_namespace_find(w->c, slice_text("more"), &ns_i));
    cr_assert_eq(stats(w).namespaces, CACHE_NAMESPACES_MAX);

    uint8_t token[TOKEN_LEN];
    struct cache_key k = key_of(w, "more", "k");
    const struct cache_item item = {.value = slice_text("v")};
    cr_assert_not(k.ns_known);
    cr_assert_eq(cache_token(w->c, w->now, &k, token), ERR_FULL);
    cr_assert_eq(cache_put(w->c, w->now, &k, &item, w->index), CACHE_MEMORY);
    cr_assert_not(get(w, "more", "k"));
    take_token(w, "n255", "k", token);
    cr_assert_eq(fill(w, "n255", "k", V("last"), slice_of(token, TOKEN_LEN)), CACHE_STORED);
    cr_assert(get(w, "n255", "k"));
    dot_namespace(w, "n255");
    cr_assert_not(get(w, "n255", "k"));
}

Test(namespace, a_name_has_its_limit)
{
    static const uint8_t name[CACHE_NS_MAX + 1] = {'n'};
    uint8_t ns_i;
    cr_assert_eq(cache_namespace(w->c, slice_of(name, CACHE_NS_MAX - 1), &ns_i), OK);
    cr_assert_eq(cache_namespace(w->c, slice_of(name, CACHE_NS_MAX), &ns_i), OK);
    cr_assert_eq(cache_namespace(w->c, slice_of(name, CACHE_NS_MAX + 1), &ns_i), ERR_LIMIT);
}

Test(namespace, its_dot_kills_in_every_shard)
{
    char key[16];
    uint8_t token[TOKEN_LEN];
    for (int i = 0; i < 64; i++) {
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(fill(w, "a", key, V("v"), take_token(w, "a", key, token)), CACHE_STORED);
        cr_assert_eq(fill(w, "b", key, V("v"), take_token(w, "b", key, token)), CACHE_STORED);
    }
    dot_namespace(w, "a");
    for (int i = 0; i < 64; i++) {
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_not(get(w, "a", key));
        cr_assert(get(w, "b", key));
    }
}

Test(namespace, a_dot_for_an_unknown_one_does_nothing_and_needs_nothing)
{
    uint8_t token[TOKEN_LEN];
    dot_namespace(w, "later");
    cr_assert_eq(cache_namespaces(w->c), 1);
    const struct slice t = take_token(w, "later", "k", token);
    cr_assert_eq(fill(w, "later", "k", V("v"), t), CACHE_STORED);
    cr_assert(get(w, "later", "k"));
}

Test(namespace, a_put_older_than_its_namespace_is_refused)
{
    struct cache_key k = key_of(w, "late", "k");
    const struct cache_item item = {.value = slice_text("v")};
    const uint64_t a = event(w);
    apply_at(w, DOT_PUT, "late", "k", a);
    dot_namespace(w, "late"); /* not interned: no word remembers this */
    cr_assert_eq(cache_put(w->c, w->now, &k, &item, a), CACHE_NAMESPACE);
    const uint64_t b = event(w);
    apply_at(w, DOT_PUT, "late", "k", b);
    k = key_of(w, "late", "k");
    cr_assert_eq(cache_put(w->c, w->now, &k, &item, b), CACHE_STORED);
}

Test(namespace, a_key_derived_before_its_namespace_was_known_still_works)
{
    uint8_t token[TOKEN_LEN];
    const struct cache_key early = key_of(w, "new", "k");
    const struct cache_item item = {.value = slice_text("v")};
    cr_assert_not(early.ns_known);
    cr_assert_eq(cache_token(w->c, w->now, &early, token), OK);
    cr_assert_eq(cache_fill(w->c, w->now, &early, &item, slice_of(token, TOKEN_LEN)), CACHE_STORED);
    cr_assert(get(w, "new", "k"));
    cr_assert(cache_touch(w->c, w->now, &early, 0));
}

/* ---- what is counted for each ---- */

static struct cache_ns_stats all[CACHE_NAMESPACES_MAX];

/** What is counted for a namespace that is in use. */
static const struct cache_ns_stats *counted(const char *name)
{
    uint8_t ns_i;
    cr_assert(cache_namespace_find(w->c, slice_text(name), &ns_i));
    cr_assert_eq(cache_ns_stats(w->c, all), cache_namespaces(w->c));
    return &all[ns_i];
}

/** Fill 64 keys, in all shards, with tags "t". */
static void fill_many(const char *ns, uint64_t ttl_ms)
{
    char key[16];
    uint8_t token[TOKEN_LEN];
    const struct entry e = {.value = "v", .ttl_ms = ttl_ms, .tags = {"t"}};
    for (int i = 0; i < 64; i++) {
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(fill(w, ns, key, e, take_token(w, ns, key, token)), CACHE_STORED);
    }
}

Test(namespace, looks_are_counted_where_they_were_made)
{
    fill_many("a", 0);
    fill_many("b", 0);
    cr_assert(get(w, "a", "k1"));
    cr_assert(get(w, "a", "k2"));
    cr_assert_not(get(w, "a", "none"));
    cr_assert(get(w, "b", "k1"));
    dot_soft(w, DOT_ALL, "");
    cr_assert_eq(look_in(w, "a", "k1", (struct cache_ask){.stale_ok = true}), CACHE_STALE);
    cr_assert_eq(counted("a")->hits, 2);
    cr_assert_eq(counted("a")->misses, 1);
    cr_assert_eq(counted("a")->stale_hits, 1);
    cr_assert_eq(counted("a")->fills, 64);
    cr_assert_eq(counted("b")->hits, 1);
    cr_assert_eq(counted("b")->misses + counted("b")->stale_hits, 0);
    cr_assert_eq(counted("")->hits + counted("")->misses + counted("")->fills, 0);
}

Test(namespace, a_look_into_one_that_is_unknown_is_a_miss_of_the_whole)
{
    cr_assert_not(get(w, "nowhere", "k"));
    cr_assert_eq(cache_namespaces(w->c), 1);
    cr_assert_eq(stats(w).misses, 1);
    cr_assert_eq(counted("")->misses, 0);
}

Test(namespace, the_sums_are_those_of_the_whole)
{
    fill_many("a", 1000);
    fill_many("b", 0);
    cr_assert_eq(put(w, "k", V("v"), dot_put(w, "k", V("v"))), CACHE_STORED);
    (void)get(w, "a", "k1");
    (void)get(w, "b", "none");
    dot_key(w, "b", "k3");
    w->now += 2000 * US_PER_MS;
    sweep_all(w);
    const struct cache_stats s = stats(w);
    const struct cache_ns_stats a = *counted("a"), b = *counted("b"), rest = *counted("");
    cr_assert_eq(s.hits, a.hits + b.hits + rest.hits);
    cr_assert_eq(s.misses, a.misses + b.misses + rest.misses);
    cr_assert_eq(s.fills, a.fills + b.fills + rest.fills);
    cr_assert_eq(s.puts, rest.puts);
    cr_assert_eq(s.expired, a.expired);
    cr_assert_eq(s.items, a.items + b.items + rest.items);
    cr_assert_eq(s.live_bytes, a.bytes + b.bytes + rest.bytes);
    cr_assert_eq(a.expired, 64);
    cr_assert_eq(a.items + a.bytes, 0);
    cr_assert_eq(b.items, 63);
    cr_assert_eq(b.invalidated, 1);
}

Test(namespace, entries_are_invalidated_once_however_they_are_found)
{
    fill_many("a", 0);
    dot_key(w, "a", "k0");            /* ends one at once, */
    dot_tag(w, "a", "t");             /* this the others, */
    cr_assert_not(get(w, "a", "k1")); /* of which a look finds one */
    dot_namespace(w, "a");            /* and a sweep the rest */
    sweep_all(w);
    cr_assert_eq(counted("a")->invalidated, 64);
    cr_assert_eq(counted("a")->items + counted("a")->bytes, 0);
    cr_assert_eq(counted("a")->expired + counted("a")->evicted, 0);
}

Test(namespace, evictions_are_counted_for_whom_they_hit)
{
    char key[16];
    uint8_t token[TOKEN_LEN];
    fill_many("a", 0);
    for (int i = 0; i < 40000; i++) {
        snprintf(key, sizeof key, "new%d", i);
        cr_assert_eq(fill(w, "b", key, V("v"), take_token(w, "b", key, token)), CACHE_STORED);
    }
    cr_assert_eq(counted("a")->evicted, 64);
    cr_assert_eq(counted("a")->items, 0);
    cr_assert_eq(counted("a")->evicted + counted("b")->evicted, stats(w).evicted);
    cr_assert_eq(counted("b")->items, stats(w).items);
}
