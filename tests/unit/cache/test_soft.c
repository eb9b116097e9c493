/** Soft dots, and entries that grow stale by themselves. */
#include <criterion/criterion.h>

#include "world.h"

static struct world *w;

static void setup(void)
{
    w = world_new(&(struct world_cfg){.recent_max = 16, .shards = 2});
}

static void teardown(void)
{
    world_free(w);
}

TestSuite(soft, .init = setup, .fini = teardown);

#define V(text) ((struct entry){.value = (text)})

static const struct cache_ask plain = {.stale_ok = false};
static const struct cache_ask any = {.stale_ok = true};

static bool is_stale(const char *key)
{
    return look(w, key, plain) == CACHE_ABSENT && look(w, key, any) == CACHE_STALE && w->hit.stale;
}

/** Each kind that can be soft marks the entry, refuses older tokens, and yields to a new fill. */
static void marks(uint8_t kind, const char *target, enum cache_reason reason)
{
    uint8_t token[TOKEN_LEN];
    const struct entry e = {.value = "v", .tags = {"t"}};
    cr_assert_eq(fill_now(w, "k", e), CACHE_STORED);
    cr_assert_eq(look(w, "k", any), CACHE_HIT, "fresh, whoever asks");
    const struct slice t = take_token(w, "", "k", token);
    dot_soft(w, kind, target);
    cr_assert(is_stale("k"), "kind %u", kind);
    cr_assert_eq(fill(w, "", "k", e, t), reason, "kind %u", kind);
    cr_assert(is_stale("k"), "a plain look leaves it there");
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "new", .tags = {"t"}}), CACHE_STORED);
    cr_assert(shows(w, "k", "new"));
}

Test(soft, a_key_dot_marks_and_is_remembered)
{
    marks(DOT_KEY, "k", CACHE_INVALIDATED);
    cr_assert_eq(stats(w).marked, 1);
    cr_assert_eq(stats(w).killed, 0);
    cr_assert_eq(stats(w).stale_hits, 2);
}

Test(soft, a_tag_dot_marks_and_is_remembered)
{
    marks(DOT_TAG, "t", CACHE_TAG);
}

Test(soft, a_namespace_dot_marks_and_is_remembered)
{
    marks(DOT_NAMESPACE, "", CACHE_NAMESPACE);
}

Test(soft, an_all_dot_marks_and_is_remembered)
{
    marks(DOT_ALL, "", CACHE_ALL);
}

Test(soft, of_another_kind_is_hard)
{
    static const uint8_t kinds[] = {DOT_PUT,   DOT_PREFIX, DOT_TAGS_ALL, DOT_BUCKETS, DOT_NOSTORE,
                                    DOT_BEGIN, DOT_COMMIT, DOT_POISON,   77};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED, "kind %u", kinds[i]);
        dot_soft(w, kinds[i], "k");
        cr_assert_eq(look(w, "k", any), CACHE_ABSENT, "kind %u", kinds[i]);
    }
}

Test(soft, spares_what_is_as_new_as_itself)
{
    const uint64_t g = event(w);
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v", .tags = {"t"}}), CACHE_STORED);
    static const uint8_t kinds[] = {DOT_KEY, DOT_TAG, DOT_NAMESPACE, DOT_ALL};
    static const char *const targets[] = {"k", "t", "", ""};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct dot d = dot_of(w, kinds[i], "", targets[i]);
        d.soft = true;
        issue_at(w, d, g);
        cr_assert_eq(look(w, "k", plain), CACHE_HIT, "kind %u", kinds[i]);
    }
}

/** Hard beats soft, on stale entries as well. */
Test(soft, a_stale_entry_is_killed_by_every_hard_dot)
{
    static const uint8_t kinds[] = {DOT_KEY, DOT_TAG, DOT_NAMESPACE, DOT_PREFIX, DOT_ALL};
    static const char *const targets[] = {"k", "t", "", "k", ""};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v", .tags = {"t"}}), CACHE_STORED);
        dot_soft(w, kinds[i] == DOT_PREFIX ? DOT_KEY : kinds[i], targets[i]);
        cr_assert(is_stale("k"));
        issue(w, dot_of(w, kinds[i], "", targets[i]));
        cr_assert_eq(look(w, "k", any), CACHE_ABSENT, "kind %u", kinds[i]);
    }
}

/** v1 is marked by the soft dot of v2; the dot of the put of v1, which is older, comes late. */
Test(soft, an_equal_put_does_not_clear_the_mark)
{
    cr_assert_eq(fill_now(w, "k", V("v1")), CACHE_STORED);
    dot_soft(w, DOT_KEY, "k");
    dot_put(w, "k", V("v1"));
    cr_assert_eq(stats(w).spared, 1);
    cr_assert(is_stale("k"));
}

Test(soft, an_equal_put_does_not_hide_it_from_a_fill)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_soft(w, DOT_KEY, "k");
    dot_put(w, "k", V("v1"));
    cr_assert_eq(fill(w, "", "k", V("v1"), t), CACHE_INVALIDATED);
}

Test(soft, a_dot_with_a_digest_does_not_spare_by_it)
{
    struct dot d = dot_of(w, DOT_KEY, "", "k");
    cr_assert_eq(fill_now(w, "k", V("v1")), CACHE_STORED);
    d.soft = true;
    d.digest = digest(w, "k", V("v1"));
    issue(w, d);
    cr_assert(is_stale("k"));
}

Test(soft, sweeps_leave_stale_entries)
{
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v", .tags = {"t"}}), CACHE_STORED);
    dot_soft(w, DOT_TAG, "t");
    dot_soft(w, DOT_ALL, "");
    sweep_all(w);
    cr_assert(is_stale("k"));
    cr_assert_eq(stats(w).swept, 0);
}

Test(soft, a_touched_entry_stays_stale)
{
    const struct cache_key k = key_of(w, "", "k");
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    dot_soft(w, DOT_KEY, "k");
    cr_assert(cache_touch(w->c, w->now, &k, 1000));
    cr_assert(is_stale("k"));
}

/* ---- by age ---- */

Test(soft, an_entry_grows_stale_after_its_fresh_time_and_ends_with_its_life)
{
    const struct entry e = {.value = "v", .ttl_ms = 100, .fresh_ms = 40};
    cr_assert_eq(fill_now(w, "k", e), CACHE_STORED);
    w->now += 40 * US_PER_MS - 1;
    cr_assert_eq(look(w, "k", plain), CACHE_HIT);
    w->now += 1;
    cr_assert(is_stale("k"));
    cr_assert_eq(w->hit.ttl_left_ms, 60);
    w->now += 60 * US_PER_MS;
    cr_assert_eq(look(w, "k", any), CACHE_ABSENT);
}

Test(soft, without_a_fresh_time_an_entry_is_fresh_until_its_end)
{
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v", .ttl_ms = 100}), CACHE_STORED);
    w->now += 99 * US_PER_MS;
    cr_assert_eq(look(w, "k", plain), CACHE_HIT);
}

/** The newer stamp protects a fresh entry, not one that has grown stale. */
Test(soft, a_stale_entry_yields_to_an_older_token)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    event(w);
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "a", .fresh_ms = 10}), CACHE_STORED);
    cr_assert_eq(fill(w, "", "k", V("b"), t), CACHE_NEWER);
    w->now += 10 * US_PER_MS;
    cr_assert_eq(fill(w, "", "k", V("b"), t), CACHE_STORED);
    cr_assert(shows(w, "k", "b"));
}

Test(soft, the_class_of_the_fresh_time_belongs_to_equality)
{
    const struct entry e = {.value = "v", .ttl_ms = 9000, .fresh_ms = 5000};
    cr_assert_eq(fill_now(w, "k", e), CACHE_STORED);
    dot_put(w, "k", (struct entry){.value = "v", .ttl_ms = 9000, .fresh_ms = 6000});
    cr_assert(shows(w, "k", "v"));
    dot_put(w, "k", (struct entry){.value = "v", .ttl_ms = 9000, .fresh_ms = 100});
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(fill_now(w, "k", e), CACHE_STORED);
    dot_put(w, "k", (struct entry){.value = "v", .ttl_ms = 9000});
    cr_assert_not(get(w, "", "k"));
}
