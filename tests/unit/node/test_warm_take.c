/** What a node takes over, from a donor that says whatever a test wants. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "node/inside.h"

#include "stand.h"

#define SECOND US_PER_SEC
#define DONOR  0xD0ULL

/** The donor has covered this of the origins that are known here by name: ours, and DONOR. */
static bool compares(struct stand *t, uint64_t ours, uint64_t theirs)
{
    uint8_t bytes[2 * COVER_LEN];
    struct writer w = writer_of(bytes, sizeof bytes);
    uint64_t cursor;
    warm_closed(t->n, t->rig.now);
    cover_write(&w, &(struct cover){.epoch = ledger_epoch(t->n->ledger), .applied = ours});
    cover_write(&w, &(struct cover){.epoch = DONOR, .applied = theirs});
    warm_covers(t->n, writer_slice(&w));
    return warm_compare(t->n, &cursor);
}

/** It gives one entry with this key, with the tag "t" or without. */
static void gives(struct stand *t, const char *key, bool tagged)
{
    uint8_t tag[8];
    struct writer w = writer_of(tag, sizeof tag);
    uint64_t cursor;
    write_u64(&w, hash_target(&t->n->seal.hkey, TARGET_TAG, slice_text(""), slice_text("t")));
    const struct stream_entry e = {
        .key = slice_text(key), .value = slice_text("old"), .tags = slice_of(tag, tagged ? 8 : 0)};
    const struct stream_msg m = {.type = STREAM_ENTRIES, .entries = &e, .entries_n = 1};
    (void)warm_entries(t->n, t->rig.now, &m, &cursor);
    rig_drain(&t->rig);
}

static void look(void *ctx, const struct cache_hit *hit)
{
    (void)ctx;
    (void)hit;
}

static bool holds(struct stand *t, const char *text)
{
    struct cache_key key;
    cr_assert_eq(cache_key(t->rig.cache, slice_text(""), slice_text(text), &key), OK);
    return cache_get(t->rig.cache, t->rig.now, &key, &(struct cache_ask){.proven_only = true}, look,
                     NULL) == CACHE_HIT;
}

/* Who speaks of a known origin: its slot is there. */
static void know_donor(struct stand *t, uint64_t head)
{
    cr_assert_eq(ledger_hear(t->n->ledger, t->rig.now, DONOR, head), OK);
}

Test(warm_take, an_entry_that_reflects_all_dots_is_taken)
{
    struct stand t;
    stand_up(&t);
    rig_issue(&t.rig, DOT_KEY, "k");
    cr_assert(compares(&t, 1, 0));
    gives(&t, "k", true);
    cr_assert(holds(&t, "k"));
    stand_down(&t);
}

Test(warm_take, a_donor_that_is_behind_gives_nothing_that_its_lag_concerns)
{
    static const enum dot_kind kinds[] = {DOT_KEY, DOT_TAG, DOT_ALL};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct stand t;
        stand_up(&t);
        rig_issue(&t.rig, kinds[i], kinds[i] == DOT_TAG ? "t" : "k");
        (void)compares(&t, 0, 0);
        gives(&t, "k", kinds[i] == DOT_TAG);
        cr_assert_not(holds(&t, "k"), "kind %d", kinds[i]);
        stand_down(&t);
    }
}

Test(warm_take, a_dot_between_comparison_and_store_is_not_lost)
{
    static const enum dot_kind kinds[] = {DOT_KEY, DOT_TAG, DOT_ALL};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct stand t;
        stand_up(&t);
        cr_assert(compares(&t, 0, 0));
        gives(&t, "before", true);
        cr_assert(holds(&t, "before"));
        rig_issue(&t.rig, kinds[i], kinds[i] == DOT_TAG ? "t" : "k");
        gives(&t, "k", true);
        cr_assert_not(holds(&t, "k"), "kind %d", kinds[i]);
        stand_down(&t);
    }
}

/** What closes a gap that the donor has not covered kills what came from there, though it came later. */
Test(warm_take, an_open_gap_that_the_donor_has_too_kills_it_when_it_is_closed)
{
    struct stand t;
    stand_up(&t);
    know_donor(&t, 5);
    cr_assert(compares(&t, 0, 4));
    gives(&t, "k", false);
    cr_assert(holds(&t, "k"));
    rig_pass(&t.rig, 3 * SECOND); /* nobody has the dots */
    cr_assert_eq(rig_view(&t.rig).gaps, 0);
    cr_assert_not(holds(&t, "k"));
    stand_down(&t);
}

Test(warm_take, an_open_gap_that_the_donor_has_covered_spares_it)
{
    struct stand t;
    stand_up(&t);
    know_donor(&t, 5);
    cr_assert(compares(&t, 0, 5));
    gives(&t, "k", false);
    rig_pass(&t.rig, 3 * SECOND);
    cr_assert_eq(rig_view(&t.rig).gaps, 0);
    cr_assert(holds(&t, "k"));
    stand_down(&t);
}

/** A caller showed a stamp that is not covered here: what reads with it may not be answered so. */
Test(warm_take, a_stamp_that_is_waited_for_is_not_answered_with_it)
{
    struct stand t;
    uint64_t min_index = 0;
    stand_up(&t);
    const struct stamp s = {.epoch = 777, .seq = 3, .count = 1};
    cr_assert_not(after_ask(t.n->after, t.n->ledger, &s, &min_index, NULL));
    cr_assert(compares(&t, 0, 0));
    gives(&t, "k", false);
    struct cache_key key;
    cr_assert_eq(cache_key(t.rig.cache, slice_text(""), slice_text("k"), &key), OK);
    const struct cache_ask ask = {.min_stamp = min_index};
    cr_assert(holds(&t, "k"));
    cr_assert_eq(cache_get(t.rig.cache, t.rig.now, &key, &ask, look, NULL), CACHE_ABSENT);
    stand_down(&t);
}

Test(warm_take, what_nobody_may_store_is_not_taken)
{
    struct stand t;
    stand_up(&t);
    struct dot d = {.epoch = DONOR, .seq = 1, .kind = DOT_BEGIN, .ms = 60000};
    struct cache_key key;
    cr_assert_eq(cache_key(t.rig.cache, slice_text(""), slice_text("k"), &key), OK);
    d.hash = key.hash;
    apply_foreign(t.n, t.rig.now, &d);
    cr_assert(compares(&t, 0, 1)); /* the donor covered it, perhaps without content */
    gives(&t, "k", false);
    cr_assert_not(holds(&t, "k"));
    stand_down(&t);
}

Test(warm_take, an_answer_that_is_there_is_kept)
{
    struct stand t;
    struct cache_key key;
    uint8_t token[TOKEN_LEN];
    stand_up(&t);
    cr_assert_eq(cache_key(t.rig.cache, slice_text(""), slice_text("k"), &key), OK);
    cr_assert_eq(cache_token(t.rig.cache, t.rig.now, &key, token), OK);
    const struct cache_item item = {.value = slice_text("new")};
    cr_assert_eq(cache_fill(t.rig.cache, t.rig.now, &key, &item, slice_of(token, TOKEN_LEN)),
                 CACHE_STORED);
    cr_assert(compares(&t, 0, 0));
    const uint64_t refused = rig_view(&t.rig).warm.counters.refused;
    gives(&t, "k", false);
    cr_assert_eq(rig_view(&t.rig).warm.counters.refused, refused + 1);
    stand_down(&t);
}

/** A barrier stands for dots that no cover will ever tell: the donor may lack them, and the barrier. */
Test(warm_take, a_barrier_for_what_nobody_tells_forbids_it)
{
    struct stand t;
    stand_up(&t);
    cr_assert(compares(&t, 0, 0));
    const struct peer_msg m = {.retired_n = 9, .forgotten_n = 5};
    cr_assert_eq(heal_header(t.n->heal, t.rig.now, 5, DONOR, &m), OK);
    cr_assert_not(compares(&t, 0, 0), "the barrier is due");
    rig_pass(&t.rig, SECOND);
    cr_assert_eq(rig_view(&t.rig).heal.broad_forgotten, 1);
    cr_assert_not(compares(&t, 0, 0), "the barrier stood before");
    stand_down(&t);
}

Test(warm_take, what_such_a_barrier_finds_dies)
{
    struct stand t;
    stand_up(&t);
    cr_assert(compares(&t, 0, 0));
    gives(&t, "k", false);
    cr_assert(holds(&t, "k"));
    apply_floor(t.n, 0);
    cr_assert_not(holds(&t, "k"));
    gives(&t, "j", false);
    cr_assert_not(holds(&t, "j"));
    stand_down(&t);
}

Test(warm_take, what_breaks_our_limits_is_counted)
{
    static uint8_t long_value[65537];
    struct stand t;
    uint64_t cursor;
    stand_up(&t);
    cr_assert(compares(&t, 0, 0));
    const struct stream_entry e = {.key = slice_text("k"),
                                   .value = slice_of(long_value, sizeof long_value)};
    const struct stream_msg m = {.type = STREAM_ENTRIES, .entries = &e, .entries_n = 1};
    (void)warm_entries(t.n, t.rig.now, &m, &cursor);
    cr_assert_eq(rig_view(&t.rig).warm.counters.malformed, 1);
    cr_assert_not(holds(&t, "k"));
    stand_down(&t);
}

static void keep_life(void *ctx, const struct cache_hit *hit)
{
    *(uint64_t *)ctx = hit->ttl_left_ms;
}

Test(warm_take, nothing_lives_longer_than_is_configured_here)
{
    static const struct policy policies[] = {{.ttl_max_ms = 5000}};
    struct stand t;
    struct cache_key key;
    uint64_t left = 0;
    rig_init(&t.rig,
             &(struct rig_cfg){
                 .name = "a", .key = 1, .run = 1, .host = 1, .policies = {.at = policies, .n = 1}});
    t.n = t.rig.node;
    rig_drain(&t.rig);
    cr_assert(compares(&t, 0, 0));
    gives(&t, "k", false);
    cr_assert_eq(cache_key(t.rig.cache, slice_text(""), slice_text("k"), &key), OK);
    static const struct cache_ask any;
    cr_assert_eq(cache_get(t.rig.cache, t.rig.now, &key, &any, keep_life, &left), CACHE_HIT);
    cr_assert_eq(left, 5000);
    stand_down(&t);
}

/** Most of a frame is refused because of what came since: the same frame again, after a new comparison. */
Test(warm_take, a_frame_that_came_too_late_is_asked_for_again)
{
    struct stand t;
    uint64_t cursor = 77;
    stand_up(&t);
    cr_assert(compares(&t, 0, 0));
    const struct stream_entry e = {.key = slice_text("k"), .value = slice_text("old")};
    struct stream_msg m = {.type = STREAM_ENTRIES, .cursor = 5, .entries = &e, .entries_n = 1};
    rig_issue(&t.rig, DOT_KEY, "k");
    cr_assert_not(warm_entries(t.n, t.rig.now, &m, &cursor));
    cr_assert_eq(cursor, 77, "not the next one");
    cr_assert_eq(rig_view(&t.rig).warm.counters.touched, 1);
    stand_down(&t);
}

/* Entries of one frame: untagged ones, and one with a tag; more follow. */
static bool gives_mixed(struct stand *t, uint64_t *cursor)
{
    static uint8_t tag[8];
    static const char *const keys[] = {"k1", "k2", "k3", "k4"};
    struct stream_entry entries[ARRAY_LEN(keys)];
    struct writer w = writer_of(tag, sizeof tag);
    write_u64(&w, hash_target(&t->n->seal.hkey, TARGET_TAG, slice_text(""), slice_text("t")));
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        entries[i] = (struct stream_entry){.key = slice_text(keys[i]),
                                           .value = slice_text("old"),
                                           .tags = slice_of(tag, i == 0 ? 8 : 0)};
    const struct stream_msg m = {
        .type = STREAM_ENTRIES, .cursor = 5, .entries = entries, .entries_n = ARRAY_LEN(entries)};
    return warm_entries(t->n, t->rig.now, &m, cursor);
}

/** The dot of a tag that the donor lacks concerns few entries, and they may be lost with a comparison
 *  that is as young as can be; but not all that follow. */
Test(warm_take, what_has_tags_is_not_given_up_for_the_sake_of_the_rest)
{
    struct stand t;
    uint64_t cursor = 0;
    stand_up(&t);
    rig_issue(&t.rig, DOT_TAG, "t");
    cr_assert(compares(&t, 0, 0));
    cr_assert(gives_mixed(&t, &cursor), "the rest of the frame is worth it");
    cr_assert_eq(cursor, 5);
    cr_assert(holds(&t, "k2"));
    cr_assert_not(holds(&t, "k1"));
    cr_assert_not(gives_mixed(&t, &cursor), "compared again");
    cr_assert(compares(&t, 1, 0));
    cr_assert(gives_mixed(&t, &cursor));
    cr_assert(holds(&t, "k1"));
    stand_down(&t);
}

/** A namespace counts as made when it is first heard of, which is newer than the comparison. */
Test(warm_take, a_namespace_that_is_new_here_comes_with_the_next_comparison)
{
    struct stand t;
    struct cache_key key;
    uint64_t cursor = 0;
    stand_up(&t);
    cr_assert(compares(&t, 0, 0));
    rig_issue(&t.rig, DOT_KEY, "else");
    const struct stream_entry e[] = {
        {.key = slice_text("k1"), .value = slice_text("v")},
        {.key = slice_text("k2"), .value = slice_text("v")},
        {.ns = slice_text("shop"), .key = slice_text("k"), .value = slice_text("v")}};
    const struct stream_msg m = {
        .type = STREAM_ENTRIES, .cursor = 5, .entries = e, .entries_n = ARRAY_LEN(e)};
    cr_assert_not(warm_entries(t.n, t.rig.now, &m, &cursor));
    cr_assert(compares(&t, 1, 0));
    cr_assert(warm_entries(t.n, t.rig.now, &m, &cursor));
    cr_assert_eq(cache_key(t.rig.cache, slice_text("shop"), slice_text("k"), &key), OK);
    static const struct cache_ask any;
    cr_assert_eq(cache_get(t.rig.cache, t.rig.now, &key, &any, look, NULL), CACHE_HIT);
    stand_down(&t);
}

Test(warm_take, a_life_does_not_grow_on_the_way)
{
    struct stand t;
    struct cache_key key;
    uint64_t left = 0, cursor;
    stand_up(&t);
    cr_assert(compares(&t, 0, 0));
    const struct stream_entry e = {
        .key = slice_text("k"), .value = slice_text("old"), .ttl_ms = 5000};
    const struct stream_msg m = {.type = STREAM_ENTRIES, .entries = &e, .entries_n = 1};
    warm_asks(t.n, t.rig.now);
    rig_pass(&t.rig, 20 * SECOND); /* asked for before, and on its way since */
    (void)warm_entries(t.n, t.rig.now, &m, &cursor);
    cr_assert_eq(cache_key(t.rig.cache, slice_text(""), slice_text("k"), &key), OK);
    static const struct cache_ask any;
    cr_assert_eq(cache_get(t.rig.cache, t.rig.now, &key, &any, keep_life, &left), CACHE_ABSENT,
                 "left %llu ms", (unsigned long long)left);
    stand_down(&t);
}

static void keep_age(void *ctx, const struct cache_hit *hit)
{
    *(uint64_t *)ctx = hit->age_ms;
}

Test(warm_take, a_copy_is_as_old_as_its_value)
{
    static const uint64_t ages[] = {0, 7000, 90000000,
                                    UINT64_MAX}; /* the rig's clock begins at 1 s */
    for (size_t i = 0; i < ARRAY_LEN(ages); i++) {
        struct stand t;
        struct cache_key key;
        uint64_t age_ms = 0, cursor;
        stand_up(&t);
        cr_assert(compares(&t, 0, 0));
        const struct stream_entry e = {
            .key = slice_text("k"), .value = slice_text("old"), .age_ms = ages[i]};
        const struct stream_msg m = {.type = STREAM_ENTRIES, .entries = &e, .entries_n = 1};
        warm_asks(t.n, t.rig.now);
        rig_pass(&t.rig, 2 * SECOND); /* on its way */
        (void)warm_entries(t.n, t.rig.now, &m, &cursor);
        rig_pass(&t.rig, 3 * SECOND);
        cr_assert_eq(cache_key(t.rig.cache, slice_text(""), slice_text("k"), &key), OK);
        static const struct cache_ask any;
        cr_assert_eq(cache_get(t.rig.cache, t.rig.now, &key, &any, keep_age, &age_ms), CACHE_HIT);
        if (i < 3)
            cr_assert_eq(age_ms, ages[i] + 5000);
        else
            cr_assert_gt(age_ms, 90000000, "as old as can be told");
        stand_down(&t);
    }
}

/* A read waits with the index of a stamp whose record has made room for others meanwhile. */
Test(warm_take, a_stamp_that_made_room_is_not_answered_with_it_either)
{
    struct stand t;
    uint64_t min_index = 0, other;
    stand_up(&t);
    const struct stamp s = {.epoch = 777, .seq = 3, .count = 1};
    cr_assert_not(after_ask(t.n->after, t.n->ledger, &s, &min_index, NULL));
    for (uint64_t i = 0; i < AFTER_MAX; i++) {
        const struct stamp more = {.epoch = 778 + i, .seq = 1, .count = 1};
        cr_assert_not(after_ask(t.n->after, t.n->ledger, &more, &other, NULL));
    }
    know_donor(&t, 5);
    cr_assert(compares(&t, 0, 5)); /* the donor knows nothing of 777 */
    gives(&t, "k", false);
    struct cache_key key;
    cr_assert_eq(cache_key(t.rig.cache, slice_text(""), slice_text("k"), &key), OK);
    const struct cache_ask ask = {.min_stamp = min_index};
    cr_assert_eq(cache_get(t.rig.cache, t.rig.now, &key, &ask, look, NULL), CACHE_ABSENT,
                 "served to the first reader, %llu", (unsigned long long)min_index);
    stand_down(&t);
}
