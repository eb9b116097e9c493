/** Versions of the source: what they spare, what they refuse, and that they clear nothing. */
#include <criterion/criterion.h>
#include <stdio.h>

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

TestSuite(version, .init = setup, .fini = teardown);

#define V(text)     ((struct entry){.value = (text)})
#define AT(text, v) ((struct entry){.value = (text), .version = (v)})

Test(version, is_shown_with_the_value)
{
    cr_assert_eq(
        fill_now(w, "k",
                 (struct entry){.value = "v", .version = 7, .fresh_ms = 1000, .tags = {"a", "b"}}),
        CACHE_STORED);
    cr_assert(shows(w, "k", "v"));
    cr_assert(w->hit.has_version);
    cr_assert_eq(w->hit.version, 7);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    cr_assert(shows(w, "k", "v"));
    cr_assert_not(w->hit.has_version);
}

static void spares(uint8_t kind)
{
    cr_assert_eq(fill_now(w, "k", AT("v5", 5)), CACHE_STORED);
    dot_version(w, kind, "k", AT("v4", 4));
    dot_version(w, kind, "k", AT("v5", 5));
    cr_assert(shows(w, "k", "v5"), "kind %u", kind);
    dot_version(w, kind, "k", AT("v6", 6));
    cr_assert_not(get(w, "", "k"), "kind %u", kind);
}

Test(version, a_dot_spares_an_entry_as_new_as_it)
{
    spares(DOT_KEY);
    cr_assert_eq(stats(w).spared, 2);
    cr_assert_eq(stats(w).killed, 1);
}

Test(version, a_put_spares_an_entry_as_new_as_it)
{
    spares(DOT_PUT);
}

Test(version, a_dot_kills_an_entry_without_one)
{
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    dot_version(w, DOT_KEY, "k", AT("", 1));
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    dot_version(w, DOT_PUT, "k", AT("v", 1));
    cr_assert_not(get(w, "", "k"), "equal bytes, but the digest covers the version");
}

Test(version, a_dot_without_one_kills_whatever_the_entry_has)
{
    cr_assert_eq(fill_now(w, "k", AT("v", 100)), CACHE_STORED);
    dot_key(w, "", "k");
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(fill_now(w, "k", AT("v", 100)), CACHE_STORED);
    dot_put(w, "k", V("v"));
    cr_assert_not(get(w, "", "k"));
}

/** What is spared keeps its stamp: the barrier of an older gap still kills it. */
Test(version, a_spared_entry_keeps_its_stamp)
{
    cr_assert_eq(fill_now(w, "k", AT("v5", 5)), CACHE_STORED);
    const uint64_t g = event(w);
    dot_version(w, DOT_KEY, "k", AT("", 5));
    cr_assert(shows(w, "k", "v5"));
    cache_bar(w->c, g);
    cr_assert_not(get(w, "", "k"));
}

Test(version, a_fill_passes_over_dots_of_what_it_shows)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_version(w, DOT_KEY, "k", AT("", 5));
    dot_version(w, DOT_PUT, "k", AT("v5", 5)); /* the same again: a duplicate */
    cr_assert_eq(fill(w, "", "k", V("v5"), t), CACHE_INVALIDATED, "without a version");
    cr_assert_eq(fill(w, "", "k", AT("v4", 4), t), CACHE_VERSION);
    cr_assert_eq(fill(w, "", "k", AT("v5", 5), t), CACHE_STORED);
    cr_assert_eq(stats(w).refused[CACHE_VERSION], 1);
}

/** v6's dot is applied before v5's: every record is asked, not the newest alone. */
Test(version, a_fill_is_compared_with_every_record)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_version(w, DOT_KEY, "k", AT("", 6));
    dot_version(w, DOT_KEY, "k", AT("", 5));
    cr_assert_eq(fill(w, "", "k", AT("v5", 5), t), CACHE_VERSION);
    cr_assert_eq(fill(w, "", "k", AT("v6", 6), t), CACHE_STORED);
}

Test(version, a_dot_without_one_refuses_any_fill_that_is_older)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_key(w, "", "k");
    dot_version(w, DOT_KEY, "k", AT("", 5));
    cr_assert_eq(fill(w, "", "k", AT("v9", 9), t), CACHE_INVALIDATED);
}

/** A replica that lags answers after the dot: the token is fresh, the value is not. */
Test(version, a_fill_with_a_fresh_token_but_an_older_version_is_refused)
{
    dot_version(w, DOT_KEY, "k", AT("", 6));
    cr_assert_eq(fill_now(w, "k", AT("v5", 5)), CACHE_VERSION);
    cr_assert_eq(fill_now(w, "k", AT("v6", 6)), CACHE_STORED);
    cr_assert_eq(fill_now(w, "k", AT("v5", 5)), CACHE_VERSION);
    cr_assert(shows(w, "k", "v6"));
}

Test(version, of_an_entry_refuses_older_fills_and_puts)
{
    cr_assert_eq(fill_now(w, "k", AT("v6", 6)), CACHE_STORED);
    cr_assert_eq(fill_now(w, "k", AT("v5", 5)), CACHE_VERSION);
    const uint64_t a = dot_version(w, DOT_PUT, "k", AT("v5", 5));
    cr_assert_eq(put(w, "k", AT("v5", 5), a), CACHE_VERSION, "puts that crossed");
    cr_assert(shows(w, "k", "v6"));
    cr_assert_eq(fill_now(w, "k", AT("v6", 6)), CACHE_STORED, "as new is not older");
}

Test(version, of_a_dead_entry_refuses_nothing)
{
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "v9", .version = 9, .ttl_ms = 10}),
                 CACHE_STORED);
    w->now += 10 * US_PER_MS;
    cr_assert_eq(fill_now(w, "k", AT("v1", 1)), CACHE_STORED, "expired");
    cr_assert_eq(fill_now(w, "j", AT("v9", 9)), CACHE_STORED);
    dot_all(w);
    cr_assert_eq(fill_now(w, "j", AT("v1", 1)), CACHE_STORED, "below a barrier");
}

Test(version, of_a_stale_entry_refuses_older_fills)
{
    cr_assert_eq(fill_now(w, "k", AT("v6", 6)), CACHE_STORED);
    dot_soft(w, DOT_KEY, "k");
    cr_assert_eq(fill_now(w, "k", AT("v5", 5)), CACHE_VERSION);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
}

Test(version, a_spared_stale_entry_stays_stale)
{
    cr_assert_eq(fill_now(w, "k", AT("v6", 6)), CACHE_STORED);
    dot_soft(w, DOT_KEY, "k");
    dot_version(w, DOT_KEY, "k", AT("", 6));
    cr_assert_eq(look(w, "k", (struct cache_ask){.stale_ok = true}), CACHE_STALE);
}

Test(version, of_a_record_may_be_forgotten_and_then_the_floor_refuses)
{
    char other[16];
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_version(w, DOT_KEY, "k", AT("", 6));
    for (int i = 0; i < 16; i++) {
        snprintf(other, sizeof other, "o%d", i);
        dot_key(w, "", other);
    }
    cr_assert_eq(fill(w, "", "k", AT("v6", 6), t), CACHE_FORGOTTEN);
}

/** Only dots of what was written tell a version. */
Test(version, on_other_kinds_means_nothing)
{
    static const uint8_t kinds[] = {DOT_NOSTORE, DOT_BEGIN, DOT_COMMIT};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        cr_assert_eq(fill_now(w, "k", AT("v", 9)), CACHE_STORED);
        dot_version(w, kinds[i], "k", AT("", 1));
        cr_assert_not(get(w, "", "k"), "kind %u", kinds[i]);
    }
}
