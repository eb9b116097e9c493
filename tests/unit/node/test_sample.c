/** Two nodes that covered the same and hold something else: who notices, and when. */
#include <criterion/criterion.h>

#include "node/sample.h"

#include "rig.h"

#define THEM 7 /* the other node's id */

static struct rig a, b;
static struct sample *from, *to;
static struct peer_samples shown;

static void begin(void)
{
    rig_init(&a, &(struct rig_cfg){.name = "a", .run = 1, .host = 1});
    rig_init(&b, &(struct rig_cfg){.name = "b", .run = 2, .host = 2});
    from = sample_new(&a.arena, 0, 1);
    to = sample_new(&b.arena, 0, 2);
    cr_assert(from != NULL && to != NULL);
}

static void end(void)
{
    rig_fini(&a);
    rig_fini(&b);
}

TestSuite(sample, .init = begin, .fini = end);

static void store(struct rig *r, mono_us now, const char *name, const char *value)
{
    struct cache_key key;
    uint8_t bytes[TOKEN_LEN];
    const struct cache_item item = {.value = slice_text(value)};
    cr_assert_eq(cache_key(r->cache, slice_text("x"), slice_text(name), &key), OK);
    cr_assert_eq(cache_token(r->cache, now, &key, bytes), OK);
    cr_assert_eq(cache_fill(r->cache, now, &key, &item, slice_of(bytes, sizeof bytes)),
                 CACHE_STORED);
}

/* What `from` shows to the one peer that it has at its next moment, seen by `to`. */
static size_t show(mono_us *now)
{
    static const uint64_t ids[] = {THEM};
    const struct sample_peers peers = {ids, 1};
    *now = sample_deadline(from);
    if (sample_poll(from, *now, a.cache, &peers, &shown) == 0)
        return 0;
    return sample_recv(to, *now, b.cache, 1, &shown);
}

Test(sample, a_difference_that_stands_at_the_second_look_is_drift)
{
    mono_us now = 0;
    store(&a, 1, "k", "old");
    store(&b, 1, "k", "new");
    cr_assert_eq(show(&now), 0, "an invalidation may be on its way");
    cr_assert_eq(sample_counters(to).differed, 1);
    cr_assert_eq(show(&now), 1);
    cr_assert_eq(sample_counters(to).drifted, 1);
    cr_assert_eq(sample_counters(from).shown, 2);
}

Test(sample, equal_values_are_compared_and_nothing_else)
{
    mono_us now = 0;
    store(&a, 1, "k", "v");
    store(&b, 1, "k", "v");
    store(&a, 1, "only here", "v");
    cr_assert_eq(show(&now) + show(&now), 0);
    cr_assert_eq(sample_counters(from).shown, 4);
    cr_assert_eq(sample_counters(to).compared, 2);
    cr_assert_eq(sample_counters(to).differed, 0);
}

Test(sample, a_difference_that_changed_meanwhile_is_a_new_one)
{
    mono_us now = 0;
    store(&a, 1, "k", "old");
    store(&b, 1, "k", "new");
    cr_assert_eq(show(&now), 0);
    store(&b, now, "k", "newer");
    cr_assert_eq(show(&now), 0);
    cr_assert_eq(sample_counters(to).differed, 2);
}

Test(sample, a_difference_that_went_meanwhile_is_forgotten)
{
    mono_us now = 0;
    store(&a, 1, "k", "old");
    store(&b, 1, "k", "new");
    cr_assert_eq(show(&now), 0);
    store(&a, now, "k", "new");
    cr_assert_eq(show(&now), 0);
    store(&a, now, "k", "old");
    cr_assert_eq(show(&now), 0, "it is seen for the first time again");
}

Test(sample, the_same_packet_twice_is_one_look)
{
    mono_us now = 0;
    store(&a, 1, "k", "old");
    store(&b, 1, "k", "new");
    cr_assert_eq(show(&now), 0);
    cr_assert_eq(sample_recv(to, now + 1, b.cache, 1, &shown), 0);
}

Test(sample, without_peers_or_entries_nothing_is_shown_and_the_next_moment_comes)
{
    mono_us now = 0;
    static const uint64_t ids[] = {THEM};
    const struct sample_peers peers = {ids, 1};
    const struct sample_peers nobody = {NULL, 0};
    cr_assert_eq(show(&now), 0, "there is no entry");
    cr_assert_eq(sample_deadline(from), now + SAMPLE_EVERY_US);
    store(&a, 1, "k", "v");
    now = sample_deadline(from);
    cr_assert_eq(sample_poll(from, now, a.cache, &nobody, &shown), 0);
    cr_assert_eq(sample_deadline(from), now + SAMPLE_EVERY_US);
    cr_assert_eq(sample_poll(from, now, a.cache, &peers, &shown), 0, "it is not due");
}

Test(sample, who_is_gone_is_not_shown_the_second_look)
{
    mono_us now = 0;
    static const uint64_t others[] = {THEM + 1};
    const struct sample_peers peers = {others, 1};
    store(&a, 1, "k", "v");
    (void)show(&now);
    cr_assert_eq(sample_counters(from).shown, 1);
    now = sample_deadline(from);
    cr_assert_eq(sample_poll(from, now, a.cache, &peers, &shown), 0);
}

Test(sample, one_doubt_too_many_takes_the_place_of_the_oldest)
{
    mono_us now = SAMPLE_AGAIN_US;
    struct peer_samples in = {.n = 1};
    store(&b, 1, "k", "new");
    struct cache_key key;
    cr_assert_eq(cache_key(b.cache, slice_text("x"), slice_text("k"), &key), OK);
    in.at[0] = (struct peer_sample){.key_hash = key.hash, .value_hash = 1};
    for (uint64_t peer = 1; peer <= SAMPLE_DOUBTS_MAX + 1; peer++)
        cr_assert_eq(sample_recv(to, now, b.cache, peer, &in), 0);
    now += SAMPLE_AGAIN_US;
    cr_assert_eq(sample_recv(to, now, b.cache, 2, &in), 1, "the second is remembered");
    cr_assert_eq(sample_recv(to, now, b.cache, 1, &in), 0, "the first is not");
}
