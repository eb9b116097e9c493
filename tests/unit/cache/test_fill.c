#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

TestSuite(fill, .init = setup, .fini = teardown);

#define V(text)           ((struct entry){.value = (text)})
#define TAGGED(text, ...) ((struct entry){.value = (text), .tags = {__VA_ARGS__}})

Test(fill, a_filled_value_is_returned)
{
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(fill_now(w, "k", V("one")), CACHE_STORED);
    cr_assert(shows(w, "k", "one"));
    cr_assert_not(get(w, "other", "k"), "of this namespace only");
    const struct cache_stats s = stats(w);
    cr_assert_eq(s.items, 1);
    cr_assert_eq(s.fills, 1);
    cr_assert_eq(s.hits, 1);
    cr_assert_eq(s.misses, 2);
}

Test(fill, an_empty_value_is_a_value)
{
    cr_assert_eq(fill_now(w, "k", V("")), CACHE_STORED);
    cr_assert(shows(w, "k", ""));
}

/** Each kind of dot, between token and fill, refuses the fill and says why. */
static void refused_after(uint8_t kind, const char *target, enum cache_reason reason)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "ab", token);
    apply_at(w, kind, "", target, event(w));
    cr_assert_eq(fill(w, "", "ab", TAGGED("old", "t"), t), reason, "kind %u", kind);
    cr_assert_not(get(w, "", "ab"));
    cr_assert_eq(stats(w).refused[reason], 1);
    cr_assert_eq(fill_now(w, "ab", TAGGED("new", "t")), CACHE_STORED, "kind %u", kind);
    cr_assert(shows(w, "ab", "new"));
}

Test(fill, after_a_key_dot_is_refused)
{
    refused_after(DOT_KEY, "ab", CACHE_INVALIDATED);
}

Test(fill, after_a_put_of_another_value_is_refused)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_put(w, "k", V("two"));
    cr_assert_eq(fill(w, "", "k", V("one"), t), CACHE_INVALIDATED);
}

Test(fill, after_a_tag_dot_is_refused)
{
    refused_after(DOT_TAG, "t", CACHE_TAG);
}

Test(fill, after_a_prefix_dot_is_refused)
{
    refused_after(DOT_PREFIX, "a", CACHE_PREFIX);
}

Test(fill, after_a_prefix_dot_of_the_whole_key_is_refused)
{
    refused_after(DOT_PREFIX, "ab", CACHE_PREFIX);
}

Test(fill, after_a_namespace_dot_is_refused)
{
    refused_after(DOT_NAMESPACE, "", CACHE_NAMESPACE);
}

Test(fill, after_an_all_dot_is_refused)
{
    refused_after(DOT_ALL, "", CACHE_ALL);
}

Test(fill, after_a_dot_of_a_kind_from_the_future_is_refused)
{
    refused_after(200, "", CACHE_ALL);
}

Test(fill, is_not_refused_by_dots_of_others)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "ab", token);
    dot_key(w, "", "abc");
    dot_key(w, "other", "ab");
    dot_tag(w, "", "u");
    dot_tag(w, "other", "t");
    dot_prefix(w, "", "abc");
    dot_prefix(w, "", "b");
    dot_prefix(w, "other", "a");
    dot_namespace(w, "other");
    cr_assert_eq(fill(w, "", "ab", TAGGED("v", "t"), t), CACHE_STORED);
    cr_assert(shows(w, "ab", "v"));
}

Test(fill, with_the_stamp_of_the_dot_itself_is_accepted)
{
    uint8_t token[TOKEN_LEN];
    const uint64_t e = event(w);
    const struct slice t = take_token(w, "", "ab", token);
    apply_at(w, DOT_KEY, "", "ab", e);
    apply_at(w, DOT_TAG, "", "t", e);
    apply_at(w, DOT_PREFIX, "", "a", e);
    apply_at(w, DOT_NAMESPACE, "", "", e);
    apply_at(w, DOT_ALL, "", "", e);
    cr_assert_eq(fill(w, "", "ab", TAGGED("v", "t"), t), CACHE_STORED);
    cr_assert(shows(w, "ab", "v"));
    apply_at(w, DOT_KEY, "", "ab", e);
    apply_at(w, DOT_TAG, "", "t", e);
    apply_at(w, DOT_PREFIX, "", "ab", e);
    cr_assert(shows(w, "ab", "v"), "an entry with stamp e lives as well");
}

Test(fill, keeps_an_entry_with_a_newer_stamp)
{
    uint8_t older[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", older);
    event(w);
    cr_assert_eq(fill_now(w, "k", V("newer")), CACHE_STORED);
    cr_assert_eq(fill(w, "", "k", V("older"), t), CACHE_NEWER);
    cr_assert(shows(w, "k", "newer"));
}

Test(fill, replaces_a_newer_entry_that_is_dead)
{
    uint8_t older[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", older);
    event(w);
    cr_assert_eq(fill_now(w, "k", (struct entry){.value = "newer", .ttl_ms = 1}), CACHE_STORED);
    w->now += 1000;
    cr_assert_eq(fill(w, "", "k", V("older"), t), CACHE_STORED);
    cr_assert(shows(w, "k", "older"));
    cr_assert_eq(stats(w).items, 1);
}

Test(fill, with_the_same_token_twice_replaces)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    cr_assert_eq(fill(w, "", "k", V("one"), t), CACHE_STORED);
    cr_assert_eq(fill(w, "", "k", V("two"), t), CACHE_STORED);
    cr_assert(shows(w, "k", "two"));
    cr_assert_eq(stats(w).items, 1);
}

Test(fill, is_refused_when_its_record_was_forgotten)
{
    char other[16];
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_key(w, "", "k");
    for (int i = 0; i < 16; i++) {
        snprintf(other, sizeof other, "other%d", i);
        dot_key(w, "", other);
    }
    cr_assert_eq(fill(w, "", "k", V("old"), t), CACHE_FORGOTTEN);
    cr_assert_eq(fill_now(w, "k", V("new")), CACHE_STORED);
}

Test(fill, is_refused_when_the_record_of_its_tag_was_forgotten)
{
    char other[16];
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_tag(w, "", "t");
    for (int i = 0; i < 16; i++) {
        snprintf(other, sizeof other, "other%d", i);
        dot_tag(w, "", other);
    }
    cr_assert_eq(fill(w, "", "k", TAGGED("old", "t"), t), CACHE_FORGOTTEN);
}

Test(fill, is_accepted_while_the_ring_still_remembers)
{
    char other[16];
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    for (int i = 0; i < 16; i++) {
        snprintf(other, sizeof other, "other%d", i);
        dot_key(w, "", other);
    }
    cr_assert_eq(fill(w, "", "k", V("fine"), t), CACHE_STORED);
}

Test(fill, after_adoption_needs_a_newer_token)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    cr_assert_eq(fill_now(w, "j", V("j")), CACHE_STORED);
    cache_adopt(w->c, event(w));
    cr_assert_eq(fill(w, "", "k", V("old"), t), CACHE_ALL);
    cr_assert_not(get(w, "", "j"));
    cr_assert_eq(fill_now(w, "k", V("new")), CACHE_STORED);
}

/* ---- tokens ---- */

Test(fill, with_a_token_of_another_key_is_refused)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "j", token);
    cr_assert_eq(fill(w, "", "k", V("v"), t), CACHE_TOKEN_KEY);
    cr_assert_eq(fill(w, "other", "j", V("v"), t), CACHE_TOKEN_KEY, "nor of another namespace");
}

Test(fill, with_a_malformed_token_is_an_error)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    cr_assert_eq(fill(w, "", "k", V("v"), slice_of(t.at, 23)), CACHE_TOKEN_BAD);
    cr_assert_eq(fill(w, "", "k", V("v"), slice_of(NULL, 0)), CACHE_TOKEN_BAD);
}

Test(fill, with_a_token_of_another_node_is_refused)
{
    const struct token_ctx theirs = {.secret = {"x"}, .epoch_low = 1};
    uint8_t token[TOKEN_LEN];
    token_mint(&theirs, w->now, 100, key_of(w, "", "k").hash, token);
    cr_assert_eq(fill(w, "", "k", V("v"), slice_of(token, TOKEN_LEN)), CACHE_TOKEN_NODE);
    cr_assert_eq(stats(w).refused[CACHE_TOKEN_NODE], 1);
}

Test(fill, with_an_old_token_is_refused)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    w->now += 601 * US_PER_SEC;
    cr_assert_eq(fill(w, "", "k", V("v"), t), CACHE_TOKEN_EXPIRED);
}

/* ---- the gate ---- */

Test(fill, behind_a_closed_gate_is_not_ready)
{
    static const enum cache_gate shut[] = {CACHE_CLOSED, CACHE_MUTED};

    uint8_t token[TOKEN_LEN], unused[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    const struct cache_key k = key_of(w, "", "k");
    cr_assert_eq(fill_now(w, "j", V("j")), CACHE_STORED);
    for (size_t i = 0; i < ARRAY_LEN(shut); i++) {
        cache_gate_set(w->c, shut[i]);
        cr_assert_eq(cache_gate(w->c), shut[i]);
        cr_assert_eq(fill(w, "", "k", V("v"), t), CACHE_NOT_READY);
        cr_assert_eq(put(w, "k", V("v"), w->index), CACHE_NOT_READY);
        cr_assert_eq(put_token(w, "k", V("v"), t, w->index), CACHE_NOT_READY);
        cr_assert_eq(cache_token(w->c, w->now, &k, unused), ERR_NOT_READY);
        cr_assert_not(get(w, "", "j"), "a miss");
        cr_assert_not(cache_touch(w->c, w->now, &(struct cache_key){.ns_known = true}, 1));
    }
    cache_gate_set(w->c, CACHE_OPEN);
    cr_assert(get(w, "", "j"));
}

Test(fill, while_draining_works_with_tokens_given_before)
{
    uint8_t token[TOKEN_LEN], unused[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    const struct cache_key k = key_of(w, "", "k");
    cache_gate_set(w->c, CACHE_DRAINING);
    cr_assert_eq(cache_token(w->c, w->now, &k, unused), ERR_NOT_READY);
    cr_assert_eq(fill(w, "", "k", V("v"), t), CACHE_STORED);
    cr_assert(shows(w, "k", "v"));
}

/* ---- tags ---- */

/** The last entry of a tag goes when it is replaced by one with the same tag and an older token. */
Test(fill, a_recycled_tag_does_not_lose_its_barrier)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    cr_assert_eq(fill_now(w, "k", TAGGED("one", "t")), CACHE_STORED);
    dot_tag(w, "", "t");
    cr_assert_eq(fill(w, "", "k", TAGGED("two", "t"), t), CACHE_TAG);
    cr_assert_not(get(w, "", "k"), "and the look frees the tag");
    cr_assert_eq(stats(w).tags, 0);
    cr_assert_eq(fill(w, "", "k", TAGGED("two", "t"), t), CACHE_TAG);
    cr_assert_eq(fill(w, "", "k", V("untagged"), t), CACHE_STORED);
}

Test(fill, a_replacing_fill_keeps_the_tag_it_shares)
{
    cr_assert_eq(fill_now(w, "k", TAGGED("one", "t")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "k", TAGGED("two", "t")), CACHE_STORED);
    cr_assert_eq(stats(w).tags, 1);
    dot_tag(w, "", "t");
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(stats(w).dead_lookups, 1);
    cr_assert_eq(stats(w).tags, 0);
}

Test(fill, a_tag_dot_kills_every_entry_with_that_tag_only)
{
    cr_assert_eq(fill_now(w, "a", TAGGED("a", "x", "y")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "b", TAGGED("b", "y")), CACHE_STORED);
    cr_assert_eq(fill_now(w, "c", V("c")), CACHE_STORED);
    dot_tag(w, "", "x");
    cr_assert_not(get(w, "", "a"));
    cr_assert(get(w, "", "b"));
    dot_tag(w, "other", "y");
    cr_assert(get(w, "", "b"));
    dot_tag(w, "", "y");
    cr_assert_not(get(w, "", "b"));
    cr_assert(get(w, "", "c"));
}

Test(fill, with_a_full_tag_table_is_refused_never_stored_untagged)
{
    struct world *small = world_new(&(struct world_cfg){.budget_bytes = 128 << 10});
    char key[16], tag[16];
    enum cache_reason reason = CACHE_STORED;
    int n = 0;
    while (reason == CACHE_STORED && n < 1000) {
        snprintf(key, sizeof key, "k%d", n);
        snprintf(tag, sizeof tag, "t%d", n);
        reason = fill_now(small, key, TAGGED("v", tag));
        n += reason == CACHE_STORED;
    }
    cr_assert_eq(reason, CACHE_TAGS_FULL);
    cr_assert_eq(stats(small).tags, (uint64_t)n);
    cr_assert_geq(n, 64);
    cr_assert_not(get(small, "", key));
    cr_assert_eq(fill_now(small, key, TAGGED("v", "t0")), CACHE_STORED, "a known tag has room");
    cr_assert_eq(fill_now(small, "both", TAGGED("v", "t1", "fresh")), CACHE_TAGS_FULL);
    dot_key(small, "", "k1");
    cr_assert_eq(stats(small).tags, (uint64_t)n - 1, "the refused fill left no reference behind");
    cr_assert_eq(fill_now(small, "both", TAGGED("v", "fresh")), CACHE_STORED);
    world_free(small);
}

/* ---- limits ---- */

Test(fill, keys_have_their_limits)
{
    static const uint8_t bytes[CACHE_KEY_MAX + 1] = {'k'};
    struct cache_key k;
    cr_assert_eq(cache_key(w->c, slice_text(""), slice_of(bytes, 0), &k), ERR_LIMIT);
    cr_assert_eq(cache_key(w->c, slice_text(""), slice_of(bytes, 1), &k), OK);
    cr_assert_eq(cache_key(w->c, slice_text(""), slice_of(bytes, CACHE_KEY_MAX - 1), &k), OK);
    cr_assert_eq(cache_key(w->c, slice_text(""), slice_of(bytes, CACHE_KEY_MAX), &k), OK);
    cr_assert_eq(cache_key(w->c, slice_text(""), slice_of(bytes, CACHE_KEY_MAX + 1), &k),
                 ERR_LIMIT);
    cr_assert_eq(cache_key(w->c, slice_of(bytes, CACHE_NS_MAX), slice_text("k"), &k), OK);
    cr_assert_eq(cache_key(w->c, slice_of(bytes, CACHE_NS_MAX + 1), slice_text("k"), &k),
                 ERR_LIMIT);
}

static bool tags_pass(size_t n, size_t len, struct cache_limit *broken)
{
    static const uint8_t bytes[CACHE_TAG_MAX + 1] = {'t'};
    struct slice tags[CACHE_TAGS_MAX + 1];
    for (size_t i = 0; i < n; i++)
        tags[i] = slice_of(bytes, len);
    const struct cache_item item = {.tags = tags, .tags_n = n};
    return cache_item_check(w->c, &item, broken);
}

Test(fill, tags_have_their_limits)
{
    struct cache_limit broken;
    cr_assert(tags_pass(CACHE_TAGS_MAX - 1, 1, &broken));
    cr_assert(tags_pass(CACHE_TAGS_MAX, 1, &broken));
    cr_assert_null(broken.what);
    cr_assert_not(tags_pass(CACHE_TAGS_MAX + 1, 1, &broken));
    cr_assert_str_eq(broken.what, "tags");
    cr_assert_eq(broken.value, CACHE_TAGS_MAX + 1);
    cr_assert_eq(broken.limit, CACHE_TAGS_MAX);
    cr_assert(tags_pass(1, CACHE_TAG_MAX - 1, &broken));
    cr_assert(tags_pass(1, CACHE_TAG_MAX, &broken));
    cr_assert_not(tags_pass(1, CACHE_TAG_MAX + 1, &broken));
    cr_assert_str_eq(broken.what, "tag");
    cr_assert_not(tags_pass(1, 0, &broken));
    cr_assert_str_eq(broken.what, "tag");
}

Test(fill, values_have_their_limit)
{
    static const uint8_t bytes[65537];
    struct cache_limit broken;
    struct cache_item item = {.value = slice_of(bytes, 65535)};
    cr_assert(cache_item_check(w->c, &item, &broken));
    item.value.len = 65536;
    cr_assert(cache_item_check(w->c, &item, &broken));
    item.value.len = 65537;
    cr_assert_not(cache_item_check(w->c, &item, &broken));
    cr_assert_str_eq(broken.what, "value");
    cr_assert_eq(broken.value, 65537);
    cr_assert_eq(broken.limit, 65536);
    cr_assert_eq(fill_len(w, "k", 65536), CACHE_STORED);
    cr_assert(get(w, "", "k"));
    cr_assert_eq(w->seen_len, 65536);
}

Test(fill, sixteen_tags_are_all_obeyed)
{
    char names[CACHE_TAGS_MAX][8];
    struct slice tags[CACHE_TAGS_MAX];
    const struct cache_key k = key_of(w, "", "k");
    for (size_t i = 0; i < CACHE_TAGS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "t%zu", i);
        tags[i] = slice_text(names[i]);
    }
    const struct cache_item item = {.tags = tags, .tags_n = CACHE_TAGS_MAX};
    for (size_t i = 0; i < CACHE_TAGS_MAX; i++) {
        uint8_t token[TOKEN_LEN];
        const struct slice t = take_token(w, "", "k", token);
        cr_assert_eq(cache_fill(w->c, w->now, &k, &item, t), CACHE_STORED);
        cr_assert(get(w, "", "k"));
        dot_tag(w, "", names[i]);
        cr_assert_not(get(w, "", "k"), "tag %zu", i);
    }
}

Test(fill, every_reason_has_a_word)
{
    for (int i = 0; i < CACHE_REASONS; i++)
        cr_assert_not_null(cache_reason_text((enum cache_reason)i));
    cr_assert_str_eq(cache_reason_text(CACHE_FORGOTTEN), "forgotten");
    cr_assert_str_eq(cache_reason_text(CACHE_TOKEN_EXPIRED), "token_expired");
}
