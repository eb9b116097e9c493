/** What another node may be given, and how the walk that gives it goes on. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "cache/export.h"
#include "cache/item.h"

#include "world.h"

#define GIVEN_MAX 4096

/** What a walk gave. */
struct given {
    size_t n, room;
    char keys[GIVEN_MAX][16];
    struct cache_export_entry last; /* but for its slices */
    char value[32], ns[32];
    uint64_t tags[CACHE_TAGS_MAX];
    uint32_t steps;
};

static struct world *w;
static struct given given;

static void begin(void)
{
    w = world_new(&(struct world_cfg){.shards = 4});
    memset(&given, 0, sizeof given);
    given.room = GIVEN_MAX;
}

static void end(void)
{
    world_free(w);
}

TestSuite(export, .init = begin, .fini = end);

static void copy(char *to, size_t cap, struct slice from)
{
    cr_assert_lt(from.len, cap);
    memcpy(to, from.at, from.len);
    to[from.len] = '\0';
}

static bool take(void *ctx, const struct cache_export_entry *entry)
{
    struct given *to = ctx;
    if (to->n == to->room)
        return false;
    copy(to->keys[to->n++], sizeof to->keys[0], entry->key);
    copy(to->value, sizeof to->value, slice_of(entry->value.at, entry->value.len % 32));
    copy(to->ns, sizeof to->ns, entry->ns);
    memcpy(to->tags, entry->tags, entry->tags_n * sizeof *entry->tags);
    to->last = *entry;
    return true;
}

static void walk(void)
{
    uint64_t cursor = 0;
    do {
        cr_assert_leq(cache_export(w->c, w->now, &cursor, take, &given), CACHE_STEP);
        cr_assert_lt(given.steps++, 10000);
    } while (cursor != 0);
}

static bool was_given(const char *key)
{
    for (size_t i = 0; i < given.n; i++)
        if (strcmp(given.keys[i], key) == 0)
            return true;
    return false;
}

#define V(text) ((struct entry){.value = (text)})

static void fill_many(size_t n)
{
    char key[32];
    for (size_t i = 0; i < n; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        cr_assert_eq(fill_now(w, key, V("v")), CACHE_STORED);
    }
}

Test(export, every_entry_is_given_with_all_that_it_has)
{
    uint8_t bytes[TOKEN_LEN];
    const struct slice token = take_token(w, "shop", "k", bytes);
    const struct entry e = {
        .value = "hello", .ttl_ms = 5000, .fresh_ms = 3000, .version = 9, .tags = {"red", "blue"}};
    cr_assert_eq(fill(w, "shop", "k", e, token), CACHE_STORED);
    w->now += 1500 * US_PER_MS + 1;
    walk();
    cr_assert_eq(given.n, 1);
    cr_assert_str_eq(given.keys[0], "k");
    cr_assert_str_eq(given.value, "hello");
    cr_assert_str_eq(given.ns, "shop");
    cr_assert_eq(given.last.ttl_ms, 3499); /* rounded down: never longer than here */
    cr_assert_eq(given.last.fresh_ms, 1499);
    cr_assert_eq(given.last.age_ms, 1500);
    cr_assert(given.last.has_version && given.last.version == 9);
    const struct hkey *hkey = &cache_config(w->c)->hkey;
    const uint64_t red = hash_target(hkey, TARGET_TAG, slice_text("shop"), slice_text("red"));
    cr_assert_eq(given.last.tags_n, 2);
    cr_assert(given.tags[0] < given.tags[1]);
    cr_assert(given.tags[0] == red || given.tags[1] == red);
}

Test(export, times_that_never_end_are_none)
{
    fill_now(w, "k", V("v"));
    walk();
    cr_assert_eq(given.last.ttl_ms, 0);
    cr_assert_eq(given.last.fresh_ms, 0);
    cr_assert_not(given.last.has_version);
}

Test(export, what_a_dot_killed_is_not_given)
{
    static const uint8_t kinds[] = {DOT_KEY, DOT_TAG, DOT_PREFIX, DOT_NAMESPACE, DOT_ALL};
    static const char *const targets[] = {"k", "t", "k", "", ""};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        fill_now(w, "k", (struct entry){.value = "v", .tags = {"t"}});
        issue(w, dot_of(w, kinds[i], "", targets[i]));
        walk();
        cr_assert_eq(given.n, 0, "kind %u", kinds[i]);
    }
}

Test(export, what_a_barrier_killed_is_not_given)
{
    fill_now(w, "k", (struct entry){.value = "v", .tags = {"t"}});
    cache_bar_tagged(w->c, event(w));
    walk();
    cr_assert_eq(given.n, 0);
    fill_now(w, "k", V("v"));
    cache_bar(w->c, event(w));
    walk();
    cr_assert_eq(given.n, 0);
    fill_now(w, "k", V("v"));
    static const uint8_t every[1] = {1};
    cache_bar_buckets(w->c, every, 0, event(w));
    walk();
    cr_assert_eq(given.n, 0);
}

Test(export, what_soft_dots_marked_is_not_given)
{
    static const uint8_t kinds[] = {DOT_KEY, DOT_TAG, DOT_NAMESPACE, DOT_ALL};
    static const char *const targets[] = {"k", "t", "", ""};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        fill_now(w, "k", (struct entry){.value = "v", .tags = {"t"}});
        dot_soft(w, kinds[i], targets[i]);
        cr_assert_eq(look(w, "k", (struct cache_ask){.stale_ok = true}), CACHE_STALE);
        walk();
        cr_assert_eq(given.n, 0, "kind %u", kinds[i]);
    }
}

Test(export, what_is_past_its_times_is_not_given)
{
    fill_now(w, "k", (struct entry){.value = "v", .ttl_ms = 100});
    fill_now(w, "j", (struct entry){.value = "v", .ttl_ms = 1000, .fresh_ms = 100});
    w->now += 99 * US_PER_MS + 1; /* less than what can be told is left */
    walk();
    cr_assert_eq(given.n, 0);
    w->now += US_PER_MS;
    walk();
    cr_assert_eq(given.n, 0);
}

Test(export, what_is_unproven_is_not_given)
{
    const uint64_t index = event(w);
    cr_assert_eq(put(w, "k", V("v"), index), CACHE_STORED);
    walk();
    cr_assert_eq(given.n, 0);
}

Test(export, what_nobody_may_store_is_not_given)
{
    const struct entry e = {.value = "v", .version = 7};
    fill_now(w, "k", e);
    struct dot d = dot_of(w, DOT_BEGIN, "", "k");
    d.ms = 1000;
    issue(w, d);
    walk();
    cr_assert_eq(given.n, 0);
    cr_assert_eq(fill_now(w, "j", e), CACHE_STORED);
    /* One that lives on under a quarantine, as a version may let it. */
    struct dot nostore = dot_of(w, DOT_NOSTORE, "", "j");
    nostore.ms = 1000;
    issue_at(w, nostore, 1);
    cr_assert(get(w, "", "j"));
    walk();
    cr_assert_eq(given.n, 0);
    w->now += 1001 * US_PER_MS;
    walk();
    cr_assert_eq(given.n, 1);
}

Test(export, a_step_looks_at_few_and_all_are_given)
{
    fill_many(1000);
    walk();
    cr_assert_eq(given.n, 1000);
    cr_assert_geq(given.steps, 1000 / CACHE_STEP);
    cr_assert(was_given("k0") && was_given("k999"));
    cr_assert_eq(stats(w).hits, 0);
}

Test(export, what_is_refused_comes_again)
{
    fill_many(300);
    uint64_t cursor = 0;
    size_t sum = 0;
    do {
        given.n = 0;
        given.room = 7;
        uint32_t looked;
        do
            looked = cache_export(w->c, w->now, &cursor, take, &given);
        while (cursor != 0 && looked <= CACHE_STEP);
        sum += given.n;
    } while (cursor != 0);
    cr_assert_eq(sum, 300);
}

Test(export, any_cursor_is_a_place_or_the_end)
{
    static const uint64_t cursors[] = {1,
                                       2,
                                       12345,
                                       UINT32_MAX,
                                       1ULL << 32,
                                       3ULL << 32,
                                       (4ULL << 32) + 1,
                                       255ULL << 32,
                                       1ULL << 40,
                                       UINT64_MAX,
                                       UINT64_MAX - 1,
                                       1ULL << 63};
    fill_many(100);
    for (size_t i = 0; i < ARRAY_LEN(cursors); i++) {
        uint64_t cursor = cursors[i];
        for (uint32_t steps = 0; cursor != 0; steps++) {
            given.n = 0;
            cr_assert_lt(steps, 10000);
            (void)cache_export(w->c, w->now, &cursor, take, &given);
        }
    }
}

Test(export, entries_that_come_and_go_meanwhile_do_no_harm)
{
    uint64_t cursor = 0;
    char key[32];
    fill_many(1500);
    for (uint32_t step = 0; step == 0 || cursor != 0; step++) {
        given.n = 0;
        (void)cache_export(w->c, w->now, &cursor, take, &given);
        for (uint32_t i = 0; i < 20; i++) {
            snprintf(key, sizeof key, "k%u", (step * 131 + i * 17) % 3000);
            if (i % 2 == 0)
                dot_key(w, "", key);
            else
                (void)fill_len(w, key, 700);
        }
        cr_assert_lt(step, 10000);
    }
}

/* ---- the other end ---- */

Test(export, an_entry_arrives_with_the_hashes_of_its_tags)
{
    const struct hkey *hkey = &cache_config(w->c)->hkey;
    const uint64_t tag = hash_target(hkey, TARGET_TAG, slice_text(""), slice_text("t"));
    const struct cache_item item = {
        .value = slice_text("v"), .tag_hashes = &tag, .tags_n = 1, .ttl_ms = 1000};
    const struct cache_key key = key_of(w, "", "k");
    cr_assert_eq(cache_import(w->c, w->now, &key, &item, w->index), CACHE_STORED);
    cr_assert(get(w, "", "k"));
    dot_tag(w, "", "t");
    cr_assert_not(get(w, "", "k"));
}
