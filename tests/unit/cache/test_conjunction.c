/** Dots of several tags together, and the table of their barriers at its limit. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

static struct world *w;

static void setup(void)
{
    w = world_new(&(struct world_cfg){.recent_max = 16, .budget_bytes = 2 << 20});
}

static void teardown(void)
{
    world_free(w);
}

TestSuite(conjunction, .init = setup, .fini = teardown);

#define TAGGED(text, ...) ((struct entry){.value = (text), .tags = {__VA_ARGS__}})

static struct dot pair(const char *a, const char *b, struct tags_all *room)
{
    return tags_all_of(w, "", (const char *const[]){a, b}, 2, room);
}

static uint64_t dot_pair(const char *a, const char *b)
{
    struct tags_all room;
    return issue(w, pair(a, b, &room));
}

Test(conjunction, kills_what_carries_every_tag_and_nothing_else)
{
    struct tags_all room;
    cr_assert_eq(fill_now(w, "ab", TAGGED("v", "b", "a")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "abc", TAGGED("v", "c", "a", "b")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "ac", TAGGED("v", "a", "c")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "a", TAGGED("v", "a")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "-", TAGGED("v")), CACHE_STORED);
    dot_pair("a", "b");
    cr_assert_not(get(w, "", "ab"));
    cr_assert_not(get(w, "", "abc"));
    cr_assert(get(w, "", "ac"));
    cr_assert(get(w, "", "a"));
    cr_assert(get(w, "", "-"));
    issue(w, tags_all_of(w, "other", (const char *const[]){"a", "c"}, 2, &room));
    cr_assert(get(w, "", "ac"), "of this namespace only");
    cr_assert_eq(stats(w).conjunctions, 2);
}

Test(conjunction, refuses_a_fill_in_flight_that_carries_every_tag)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_pair("a", "b");
    cr_assert_eq(fill(w, "", "k", TAGGED("v", "a", "b", "c"), t), CACHE_TAG);
    cr_assert_eq(fill(w, "", "k", TAGGED("v", "a", "c"), t), CACHE_STORED);
    cr_assert_eq(fill_now(w, "k", TAGGED("v", "a", "b")), CACHE_STORED);
    cr_assert(get(w, "", "k"));
}

Test(conjunction, spares_what_is_as_new_as_itself)
{
    struct tags_all room;
    const uint64_t g = event(w);
    cr_assert_eq(fill_now(w, "k", TAGGED("v", "a", "b")), CACHE_STORED);
    issue_at(w, pair("a", "b", &room), g);
    cr_assert(get(w, "", "k"));
    issue_at(w, pair("a", "b", &room), event(w));
    cr_assert_not(get(w, "", "k"), "raised again");
    cr_assert_eq(stats(w).conjunctions, 1);
    cr_assert_eq(fill_now(w, "k", TAGGED("v", "a", "b")), CACHE_STORED);
    issue_at(w, pair("a", "b", &room), g);
    cr_assert(get(w, "", "k"), "never lowered");
}

Test(conjunction, of_sixteen_tags_is_one)
{
    const char *tags[DOT_TAGS_MAX];
    char names[DOT_TAGS_MAX][4];
    struct tags_all room;
    uint8_t token[TOKEN_LEN];
    struct slice slices[DOT_TAGS_MAX];
    for (size_t i = 0; i < DOT_TAGS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "t%zu", i);
        tags[i] = names[i];
        slices[i] = slice_text(names[i]);
    }
    struct cache_item item = {.value = slice_text("v"), .tags = slices, .tags_n = DOT_TAGS_MAX};
    const struct cache_key k = key_of(w, "", "k");
    const struct slice t = take_token(w, "", "k", token);
    cr_assert_eq(cache_fill(w->c, w->now, &k, &item, t), CACHE_STORED);
    issue(w, tags_all_of(w, "", tags, DOT_TAGS_MAX, &room));
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(cache_fill(w->c, w->now, &k, &item, t), CACHE_TAG);
    item.tags_n--;
    cr_assert_eq(cache_fill(w->c, w->now, &k, &item, t), CACHE_STORED);
}

/** What a dot says must be a set, or it is taken to mean everything. */
Test(conjunction, that_is_no_set_covers_everything)
{
    static const uint8_t none[8 * (DOT_TAGS_MAX + 1)];
    uint8_t falling[16] = {2}, twice[16] = {0};
    falling[8] = 1;
    const struct slice wrong[] = {
        slice_of(NULL, 0),   slice_of(none, 8),     slice_of(none, 15),         slice_of(none, 17),
        slice_of(twice, 16), slice_of(falling, 16), slice_of(none, sizeof none)};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        cr_assert_eq(fill_now(w, "k", TAGGED("v")), CACHE_STORED);
        issue(w, (struct dot){.kind = DOT_TAGS_ALL, .more = wrong[i]});
        cr_assert_not(get(w, "", "k"), "%zu", i);
    }
    cr_assert_eq(stats(w).conjunctions, 0);
}

Test(conjunction, is_swept)
{
    cr_assert_eq(fill_now(w, "k", TAGGED("v", "a", "b")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "j", TAGGED("v", "a")), CACHE_STORED);
    dot_pair("a", "b");
    sweep_all(w);
    cr_assert_eq(stats(w).swept, 1);
    cr_assert_eq(stats(w).items, 1);
}

/* ---- full ---- */

/** Fill the table but for the places already used. */
static void fill_table(void)
{
    char tag[16];
    for (int i = 0; stats(w).conjunctions < CACHE_CONJUNCTIONS_MAX; i++) {
        snprintf(tag, sizeof tag, "x%d", i);
        dot_pair("y", tag);
    }
    cr_assert_eq(stats(w).conjunctions_folded, 0);
}

/** Not swept: the entries that it covers must stay dead, so the tag that fewest carry dies instead. */
Test(conjunction, an_unswept_one_folds_into_its_rarest_tag)
{
    cr_assert_eq(fill_now(w, "ab", TAGGED("v", "a", "b")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "b", TAGGED("v", "b")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "a", TAGGED("v", "a")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "a2", TAGGED("v", "a")), CACHE_STORED);
    dot_pair("a", "b");
    fill_table();
    cr_assert(get(w, "", "b"));
    dot_pair("one", "more");
    cr_assert_eq(stats(w).conjunctions, CACHE_CONJUNCTIONS_MAX);
    cr_assert_eq(stats(w).conjunctions_folded, 1);
    cr_assert_not(get(w, "", "ab"));
    cr_assert_not(get(w, "", "b"), "over-invalidated");
    cr_assert(get(w, "", "a"), "the commoner tag is spared");
    cr_assert(get(w, "", "a2"));
}

Test(conjunction, an_unswept_one_refuses_fills_by_the_floor_once_folded)
{
    uint8_t token[TOKEN_LEN], later[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_pair("a", "b");
    const struct slice u = take_token(w, "", "k", later);
    fill_table();
    dot_pair("one", "more"); /* nobody carries a or b: there is no tag to raise */
    cr_assert_eq(stats(w).conjunctions_folded, 1);
    cr_assert_eq(fill(w, "", "k", TAGGED("v", "a", "b"), t), CACHE_FORGOTTEN);
    cr_assert_eq(fill(w, "", "k", TAGGED("v", "a", "b"), u), CACHE_STORED, "no older than needed");
}

/** The tag into which it was folded is freed with its last entry, and comes back without a barrier. */
Test(conjunction, a_folded_one_survives_the_end_of_its_tag)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    cr_assert_eq(fill_now(w, "ab", TAGGED("v", "a", "b")), CACHE_STORED);
    dot_pair("a", "b");
    fill_table();
    dot_pair("one", "more");
    cr_assert_not(get(w, "", "ab"), "and removed, with its tags");
    cr_assert_eq(stats(w).tags, 0);
    cr_assert_eq(fill(w, "", "k", TAGGED("v", "a", "b"), t), CACHE_FORGOTTEN);
}

Test(conjunction, a_swept_one_turns_into_the_floor_alone)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    cr_assert_eq(fill_now(w, "ab", TAGGED("v", "a", "b")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "a", TAGGED("v", "a")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "b", TAGGED("v", "b")), CACHE_STORED);
    dot_pair("a", "b");
    fill_table();
    sweep_all(w);
    dot_pair("one", "more");
    cr_assert_eq(stats(w).conjunctions_folded, 0);
    cr_assert(get(w, "", "a"));
    cr_assert(get(w, "", "b"));
    cr_assert_eq(fill(w, "", "k", TAGGED("v", "a", "b"), t), CACHE_FORGOTTEN);
}

/** Raised again while it waits: it is not the oldest any more, and its sweep begins anew. */
Test(conjunction, the_one_that_rose_last_is_folded_last)
{
    dot_pair("a", "b");
    dot_pair("c", "d");
    sweep_all(w);
    cr_assert_eq(fill_now(w, "ab", TAGGED("v", "a", "b")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "cd", TAGGED("v", "c", "d")), CACHE_STORED);
    dot_pair("a", "b");
    fill_table();
    dot_pair("one", "more");
    cr_assert_eq(stats(w).conjunctions_folded, 0, "c and d had been swept");
    cr_assert(get(w, "", "cd"));
    dot_pair("two", "more");
    cr_assert_eq(stats(w).conjunctions_folded, 1, "a and b had not, since they rose");
    cr_assert_not(get(w, "", "ab"));
}
