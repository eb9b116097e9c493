/** Puts, with and without a token, and what an equal value is spared. */
#include <criterion/criterion.h>
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

TestSuite(put, .init = setup, .fini = teardown);

#define V(text)           ((struct entry){.value = (text)})
#define TAGGED(text, ...) ((struct entry){.value = (text), .tags = {__VA_ARGS__}})

Test(put, stores_what_its_own_dot_announced)
{
    cr_assert_eq(fill_now(w, "k", V("old")), CACHE_STORED);
    const uint64_t a = dot_put(w, "k", V("new"));
    cr_assert_eq(put(w, "k", V("new"), a), CACHE_STORED);
    cr_assert(shows(w, "k", "new"));
    cr_assert(w->hit.unproven);
    cr_assert_eq(stats(w).puts, 1);
}

Test(put, overtaken_by_another_is_not_stored)
{
    const uint64_t a = dot_put(w, "k", V("one"));
    const uint64_t b = dot_put(w, "k", V("two"));
    cr_assert_eq(put(w, "k", V("one"), a), CACHE_INVALIDATED);
    cr_assert_eq(put(w, "k", V("two"), b), CACHE_STORED);
    cr_assert(shows(w, "k", "two"));
}

Test(put, overtaken_by_a_barrier_is_not_stored)
{
    const uint64_t a = dot_put(w, "ab", V("one"));
    dot_prefix(w, "", "a");
    cr_assert_eq(put(w, "ab", V("one"), a), CACHE_PREFIX);
    const uint64_t b = dot_put(w, "ab", V("one"));
    cache_bar(w->c, event(w));
    cr_assert_eq(put(w, "ab", V("one"), b), CACHE_ALL);
}

Test(put, with_a_token_is_proven_and_keeps_the_token_s_stamp)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    const uint64_t before = w->index;
    const uint64_t g = event(w); /* a gap is discovered */
    const uint64_t a = dot_put(w, "k", V("new"));
    cr_assert_eq(put_token(w, "k", V("new"), t, a), CACHE_STORED);
    cr_assert(shows(w, "k", "new"));
    cr_assert_not(w->hit.unproven);
    cache_bar(w->c, before);
    cr_assert(shows(w, "k", "new"));
    cache_bar(w->c, g);
    cr_assert_not(get(w, "", "k"), "the stamp is the token's, not that of the dot");
}

/** W1 commits v1, its put is late; W2 commits v2, and its dot is here already. */
Test(put, a_late_put_with_a_token_does_not_bring_the_old_value_back)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_key(w, "", "k");
    const uint64_t a = dot_put(w, "k", V("v1"));
    cr_assert_eq(put_token(w, "k", V("v1"), t, a), CACHE_INVALIDATED);
    cr_assert_not(get(w, "", "k"));
}

/** Only the record of the put itself is passed over, not one that happens to stand beside it. */
Test(put, with_a_token_passes_over_its_own_record_only)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    const uint64_t a = dot_put(w, "k", V("v1"));
    dot_key(w, "", "k");
    cr_assert_eq(put_token(w, "k", V("v1"), t, a), CACHE_INVALIDATED);
    cr_assert_eq(put_token(w, "k", V("v2"), t, a), CACHE_INVALIDATED);
}

/* ---- puts that end an announced write ---- */

/** A begin, its token, and what a put is issued as that ends it. */
struct begun {
    uint64_t seq;
    uint8_t bytes[TOKEN_LEN];
    struct cache_written put;
};

static struct begun begin(const char *key)
{
    struct begun b;
    struct dot d = dot_of(w, DOT_BEGIN, "", key);
    const struct cache_key k = key_of(w, "", key);
    d.ms = 1000;
    b.seq = issue(w, d);
    cr_assert_eq(cache_token_at(w->c, w->now, &k, b.seq, b.bytes), OK);
    return b;
}

static uint64_t commit(const char *key, uint64_t seq)
{
    struct dot d = dot_of(w, DOT_COMMIT, "", key);
    d.subject_epoch = 1;
    d.subject_seq = seq;
    return issue(w, d);
}

/** What control does with a put of an intent that is open: both dots, nothing in between. */
static struct cache_written end_by_put(struct begun *b, const char *key, struct entry e)
{
    const uint64_t ended = commit(key, b->seq);
    return (struct cache_written){
        .token = slice_of(b->bytes, TOKEN_LEN), .index = dot_put(w, key, e), .ended = ended};
}

Test(put, that_ends_a_begin_is_stored_with_the_stamp_of_the_begin)
{
    struct begun b = begin("k");
    const uint64_t g = event(w); /* a gap is discovered */
    const struct cache_written put = end_by_put(&b, "k", V("new"));
    cr_assert_eq(put_ending(w, "k", V("new"), &put), CACHE_STORED);
    cr_assert(shows(w, "k", "new"));
    cr_assert_not(w->hit.unproven);
    cache_bar(w->c, b.seq);
    cr_assert(shows(w, "k", "new"), "what was heard before the begin it reflects");
    cache_bar(w->c, g);
    cr_assert_not(get(w, "", "k"));
}

/** Somebody else's dot, wherever it lies between the begin and the store. */
Test(put, that_ends_a_begin_passes_over_no_other_dot)
{
    for (int where = 0; where < 4; where++) {
        struct begun b = begin("k");
        if (where == 0)
            dot_key(w, "", "k");
        struct cache_written put = {.token = slice_of(b.bytes, TOKEN_LEN)};
        put.ended = commit("k", b.seq);
        if (where == 1)
            dot_key(w, "", "k");
        put.index = dot_put(w, "k", V("new"));
        if (where == 2)
            dot_key(w, "", "k");
        const enum cache_reason reason = put_ending(w, "k", V("new"), &put);
        cr_assert_eq(reason, where == 3 ? CACHE_STORED : CACHE_INVALIDATED, "%d", where);
    }
}

Test(put, that_ends_a_begin_is_refused_by_a_commit_of_another_one)
{
    struct begun one = begin("k");
    struct begun two = begin("k");
    struct cache_written put = end_by_put(&two, "k", V("two"));
    cr_assert_eq(put_ending(w, "k", V("two"), &put), CACHE_INTENT, "the other is open");
    put = end_by_put(&one, "k", V("one"));
    cr_assert_eq(put_ending(w, "k", V("one"), &put), CACHE_INVALIDATED);
    cr_assert_not(get(w, "", "k"));
}

/** Ended by a commit that did not come with it: by hand, by time, by another node. */
Test(put, that_comes_after_the_commit_is_refused)
{
    struct begun b = begin("k");
    commit("k", b.seq);
    const struct cache_written put = {.token = slice_of(b.bytes, TOKEN_LEN),
                                      .index = dot_put(w, "k", V("new"))};
    cr_assert_eq(put_ending(w, "k", V("new"), &put), CACHE_INVALIDATED);
    cr_assert_eq(fill(w, "", "k", V("old"), put.token), CACHE_INVALIDATED, "nor does a fill pass");
}

/** The second of two equal puts finds its own intent ended, by a commit that is not its own. */
Test(put, that_comes_twice_leaves_what_the_first_has_stored)
{
    struct begun b = begin("k");
    const struct cache_written put = end_by_put(&b, "k", V("new"));
    cr_assert_eq(put_ending(w, "k", V("new"), &put), CACHE_STORED);
    const struct cache_written again = {.token = put.token, .index = dot_put(w, "k", V("new"))};
    cr_assert_eq(put_ending(w, "k", V("new"), &again), CACHE_INVALIDATED);
    cr_assert(shows(w, "k", "new"));
}

/** Dots of a namespace that was not known here may have come between the index and the name. */
Test(put, with_a_token_older_than_its_namespace_is_refused)
{
    uint8_t bytes[TOKEN_LEN];
    const struct cache_key k = key_of(w, "new", "k");
    const uint64_t before = event(w);
    event(w);
    cr_assert_eq(cache_token_at(w->c, w->now, &k, before, bytes), OK);
    cr_assert_eq(fill(w, "new", "k", V("v"), slice_of(bytes, TOKEN_LEN)), CACHE_NAMESPACE);
    const uint64_t after = event(w);
    cr_assert_eq(cache_token_at(w->c, w->now, &k, after, bytes), OK);
    cr_assert_eq(fill(w, "new", "k", V("v"), slice_of(bytes, TOKEN_LEN)), CACHE_STORED);
}

Test(put, gets_no_token_of_before_while_the_gate_is_closed)
{
    uint8_t bytes[TOKEN_LEN];
    const struct cache_key k = key_of(w, "", "k");
    const uint64_t index = event(w);
    cache_gate_set(w->c, CACHE_DRAINING);
    cr_assert_eq(cache_token_at(w->c, w->now, &k, index, bytes), ERR_NOT_READY);
}

Test(put, of_a_long_value_equals_nothing_but_stores)
{
    char *text = malloc(CACHE_DIGEST_MAX + 2);
    memset(text, 'x', CACHE_DIGEST_MAX + 1);
    text[CACHE_DIGEST_MAX + 1] = '\0';
    struct world *big =
        world_new(&(struct world_cfg){.value_max = CACHE_DIGEST_MAX + 1, .budget_bytes = 2 << 20});
    const struct hash128 none = digest(big, "k", V(text));
    cr_assert(hash128_zero(&none));
    const uint64_t a = dot_put(big, "k", V(text));
    cr_assert_eq(put(big, "k", V(text), a), CACHE_STORED);
    dot_put(big, "k", V(text));
    cr_assert_not(get(big, "", "k"), "an equal long value is not seen to be equal");
    text[CACHE_DIGEST_MAX] = '\0';
    const struct hash128 some = digest(big, "k", V(text));
    cr_assert_not(hash128_zero(&some), "at the limit there is a digest");
    world_free(big);
    free(text);
}

/** A value too long for a digest: nothing newer may be passed over as equal but its own record. */
Test(put, a_long_value_is_held_against_every_record_but_its_own)
{
    uint8_t token[TOKEN_LEN];
    char *text = calloc(1, CACHE_DIGEST_MAX + 2);
    memset(text, 'x', CACHE_DIGEST_MAX + 1);
    struct world *big =
        world_new(&(struct world_cfg){.value_max = CACHE_DIGEST_MAX + 1, .budget_bytes = 2 << 20});
    struct slice t = take_token(big, "", "k", token);
    const uint64_t a = dot_put(big, "k", V(text));
    cr_assert_eq(fill(big, "", "k", V(text), t), CACHE_INVALIDATED);
    cr_assert_eq(put_token(big, "k", V(text), t, a), CACHE_STORED);
    dot_key(big, "", "k");
    cr_assert_eq(put_token(big, "k", V(text), t, a), CACHE_INVALIDATED);
    t = take_token(big, "", "k", token);
    dot_key(big, "", "k");
    cr_assert_eq(fill(big, "", "k", V(text), t), CACHE_INVALIDATED);
    world_free(big);
    free(text);
}

/* ---- equal values ---- */

Test(put, an_equal_entry_survives_a_put)
{
    cr_assert_eq(fill_now(w, "k", TAGGED("same", "b", "a")), CACHE_STORED);
    dot_put(w, "k", TAGGED("same", "a", "b", "a"));
    cr_assert(shows(w, "k", "same"), "tags are a set");
    cr_assert_eq(stats(w).spared, 1);
    dot_put(w, "k", V("other"));
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(stats(w).killed, 1);
}

/** v1 by W1 (d1), v2 by W2 (d2). The entry v1 is older than the head of d2; d1 must not renew it. */
Test(put, a_spared_entry_keeps_its_stamp)
{
    cr_assert_eq(fill_now(w, "k", V("v1")), CACHE_STORED);
    const uint64_t g = event(w); /* the head of W2's dot is heard, its content is missing */
    dot_put(w, "k", V("v1"));
    cr_assert(shows(w, "k", "v1"));
    cache_bar(w->c, g); /* the gap is closed without content */
    cr_assert_not(get(w, "", "k"));
}

/** Equal bytes under other tags: the object moved from tag A to tag B. */
Test(put, an_entry_with_other_tags_is_not_equal)
{
    cr_assert_eq(fill_now(w, "k", TAGGED("same", "A")), CACHE_STORED);
    dot_put(w, "k", TAGGED("same", "B"));
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(fill_now(w, "k", TAGGED("same", "A")), CACHE_STORED);
    dot_put(w, "k", V("same"));
    cr_assert_not(get(w, "", "k"));
}

Test(put, an_entry_with_another_expiry_class_is_not_equal)
{
    const struct entry seconds = {.value = "same", .ttl_ms = 5000};
    const struct entry nearly = {.value = "same", .ttl_ms = 6000};
    const struct entry hours = {.value = "same", .ttl_ms = 3600000};
    cr_assert_eq(fill_now(w, "k", seconds), CACHE_STORED);
    dot_put(w, "k", nearly);
    cr_assert(shows(w, "k", "same"));
    dot_put(w, "k", hours);
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(fill_now(w, "k", seconds), CACHE_STORED);
    dot_put(w, "k", V("same"));
    cr_assert_not(get(w, "", "k"));
}

Test(put, a_touched_entry_has_the_class_of_its_new_life)
{
    const struct entry hours = {.value = "same", .ttl_ms = 3600000};
    const struct cache_key k = key_of(w, "", "k");
    cr_assert_eq(fill_now(w, "k", V("same")), CACHE_STORED);
    cr_assert(cache_touch(w->c, w->now, &k, 3600000));
    dot_put(w, "k", hours);
    cr_assert(shows(w, "k", "same"));
    dot_put(w, "k", V("same"));
    cr_assert_not(get(w, "", "k"));
}

Test(put, a_fill_passes_over_the_put_of_an_equal_value)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_put(w, "k", TAGGED("v1", "t"));
    dot_put(w, "k", TAGGED("v1", "t"));
    cr_assert_eq(fill(w, "", "k", V("v1"), t), CACHE_INVALIDATED, "without the tag");
    cr_assert_eq(fill(w, "", "k", TAGGED("v1", "t"), t), CACHE_STORED);
}

/** W1: v1 (d1), W2: v2 (d2); d2 is applied before d1. The newest record is equal to a fill of v1. */
Test(put, a_fill_compares_every_newer_record_of_its_key)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_put(w, "k", V("v2"));
    dot_put(w, "k", V("v1"));
    cr_assert_eq(fill(w, "", "k", V("v1"), t), CACHE_INVALIDATED);
    cr_assert_eq(fill(w, "", "k", V("v2"), t), CACHE_INVALIDATED);
}

Test(put, an_equal_put_does_not_hide_a_plain_key_dot)
{
    uint8_t token[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    dot_key(w, "", "k");
    dot_put(w, "k", V("v1"));
    cr_assert_eq(fill(w, "", "k", V("v1"), t), CACHE_INVALIDATED);
}
