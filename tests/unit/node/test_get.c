/** What a get may answer: hit, miss, stale, wait, unproven; and reads after a stamp, between nodes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"

#define SECOND US_PER_SEC

static const struct client_ack LOCAL = {.level = ACK_LOCAL};

static struct net *one(void)
{
    return net_joined(&(struct net_cfg){.n = 1, .expect = 1});
}

static void soften(struct net *t, size_t i, const char *key)
{
    struct node_target target = net_target(t, DOT_KEY, key);
    target.soft = true;
    net_command(t, i, (struct node_command){.targets = &target, .targets_n = 1});
}

static struct net_got get(struct net *t, const char *key)
{
    return net_get(t, 0, (struct net_get){.key = key});
}

/* ---- leases ---- */

Test(get, who_misses_first_loads_and_others_are_told_to_wait)
{
    struct net *t = one();
    const struct net_got first = net_get(t, 0, (struct net_get){.key = "k", .caller = 1});
    cr_assert_eq(first.status, STATUS_MISS);
    cr_assert_gt(first.token_len, 0);
    const struct net_got second = net_get(t, 0, (struct net_get){.key = "k", .caller = 2});
    cr_assert_eq(second.status, STATUS_WAIT);
    cr_assert_eq(second.token_len, 0);
    const struct net_got again = net_get(t, 0, (struct net_get){.key = "k", .caller = 1});
    cr_assert_eq(again.status, STATUS_MISS, "nobody is turned away by itself");
    cr_assert_gt(again.token_len, 0);
    net_free(t);
}

Test(get, who_is_willing_waits_until_the_time_is_over)
{
    struct net *t = one();
    get(t, "k");
    struct net_get ask = {.key = "k", .caller = 2, .wait_ms = 100};
    cr_assert(net_get(t, 0, ask).waits);
    ask.waited = true;
    cr_assert_eq(net_get(t, 0, ask).status, STATUS_WAIT);
    net_free(t);
}

Test(get, who_waited_is_served_what_was_filled_meanwhile)
{
    struct net *t = one();
    const struct net_got first = get(t, "k");
    const struct net_get ask = {.key = "k", .caller = 2, .wait_ms = 100};
    cr_assert(net_get(t, 0, ask).waits);
    cr_assert_null(net_fill(t, 0, "k", "v", &first));
    cr_assert_str_eq(net_get(t, 0, ask).value, "v");
    net_free(t);
}

Test(get, who_loads_for_too_long_is_succeeded)
{
    struct net *t = one();
    get(t, "k");
    net_run(t, COMMAND_LEASE_US + 1);
    cr_assert_gt(get(t, "k").token_len, 0);
    net_free(t);
}

Test(get, an_invalidation_ends_a_load_that_would_be_refused)
{
    struct net *t = one();
    get(t, "k");
    net_invalidate(t, 0, "k", LOCAL, SECOND);
    cr_assert_gt(get(t, "k").token_len, 0, "somebody else may begin at once");
    net_free(t);
}

Test(get, a_closed_gate_gives_no_tokens_and_lets_nobody_wait)
{
    struct net *t = one();
    cache_gate_set(t->at[0].cache, CACHE_CLOSED);
    for (uint64_t caller = 1; caller < 3; caller++) {
        const struct net_got got =
            net_get(t, 0, (struct net_get){.key = "k", .caller = caller, .wait_ms = 100});
        cr_assert_not(got.waits);
        cr_assert_eq(got.status, STATUS_MISS);
        cr_assert_eq(got.token_len, 0);
    }
    net_free(t);
}

Test(get, a_muted_node_serves_nothing)
{
    struct net *t = one();
    net_store(t, 0, "k", "v");
    cache_gate_set(t->at[0].cache, CACHE_MUTED);
    cr_assert_eq(get(t, "k").status, STATUS_MISS);
    net_free(t);
}

/* ---- stale ---- */

Test(get, what_was_softly_invalidated_is_stale_for_who_asks_and_a_miss_for_others)
{
    struct net *t = one();
    net_store(t, 0, "k", "v");
    soften(t, 0, "k");
    const struct net_got stale =
        net_get(t, 0, (struct net_get){.key = "k", .caller = 1, .stale = true});
    cr_assert_eq(stale.status, STATUS_STALE);
    cr_assert_str_eq(stale.value, "v");
    cr_assert_gt(stale.token_len, 0, "the first is told to load");
    const struct net_got second =
        net_get(t, 0, (struct net_get){.key = "k", .caller = 2, .stale = true, .wait_ms = 50});
    cr_assert_eq(second.status, STATUS_STALE);
    cr_assert_eq(second.token_len, 0, "somebody else does");
    const struct net_got plain = net_get(t, 0, (struct net_get){.key = "k", .caller = 1});
    cr_assert_eq(plain.status, STATUS_MISS);
    cr_assert_str_eq(plain.value, "");
    cr_assert_null(net_fill(t, 0, "k", "new", &stale));
    cr_assert(net_holds(t, 0, "k", "new"));
    net_free(t);
}

Test(get, a_soft_invalidation_travels)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    net_store(t, 1, "k", "v");
    soften(t, 0, "k");
    net_run(t, SECOND);
    cr_assert_eq(net_get(t, 1, (struct net_get){.key = "k", .stale = true}).status, STATUS_STALE);
    net_invalidate(t, 0, "k", LOCAL, SECOND);
    net_run(t, SECOND);
    cr_assert_eq(net_get(t, 1, (struct net_get){.key = "k", .stale = true}).status, STATUS_MISS,
                 "hard beats soft");
    net_free(t);
}

Test(get, a_bounded_read_takes_nothing_stale)
{
    struct net *t = one();
    net_store(t, 0, "k", "v");
    soften(t, 0, "k");
    const struct net_got got =
        net_get(t, 0, (struct net_get){.key = "k", .stale = true, .within_ms = 1000});
    cr_assert_eq(got.status, STATUS_MISS);
    net_free(t);
}

/* ---- versions ---- */

static void store_version(struct net *t, const char *key, uint64_t version)
{
    struct cache_key k;
    const struct net_got miss = get(t, key);
    const struct cache_item item = {
        .value = slice_text("v"), .has_version = true, .version = version};
    cr_assert_eq(cache_key(t->at[0].cache, slice_text(""), slice_text(key), &k), OK);
    cr_assert_eq(
        cache_fill(t->at[0].cache, t->now, &k, &item, slice_of(miss.token, miss.token_len)),
        CACHE_STORED);
}

Test(get, an_invalidation_with_a_version_spares_what_is_as_new)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    store_version(t, "new", 7);
    store_version(t, "old", 6);
    struct node_target targets[] = {net_target(t, DOT_KEY, "new"), net_target(t, DOT_KEY, "old")};
    for (size_t i = 0; i < 2; i++) {
        targets[i].has_version = true;
        targets[i].version = 7;
    }
    net_command(t, 1, (struct node_command){.targets = targets, .targets_n = 2});
    net_run(t, SECOND);
    cr_assert(net_holds(t, 0, "new", "v"));
    cr_assert_not(net_holds(t, 0, "old", "v"));
    net_free(t);
}

/* ---- several tags together ---- */

static void store_tags(struct net *t, size_t i, const char *key, const char *first,
                       const char *second)
{
    struct cache_key k;
    const struct net_got miss = net_get(t, i, (struct net_get){.key = key});
    struct cache_item item = {.value = slice_text("v"), .tags_n = second == NULL ? 1 : 2};
    struct slice tags[2] = {slice_text(first), slice_text(second == NULL ? "" : second)};
    item.tags = tags;
    cr_assert_eq(cache_key(t->at[i].cache, slice_text(""), slice_text(key), &k), OK);
    cr_assert_eq(
        cache_fill(t->at[i].cache, t->now, &k, &item, slice_of(miss.token, miss.token_len)),
        CACHE_STORED);
}

Test(get, tags_together_drop_what_carries_all_of_them_on_every_node)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    const struct slice tags[] = {slice_text("x"), slice_text("y")};
    store_tags(t, 1, "both", "x", "y");
    store_tags(t, 1, "first", "x", NULL);
    const struct node_target target =
        command_target_tags(&cache_config(t->at[0].cache)->hkey, slice_text(""), tags, 2);
    net_command(t, 0, (struct node_command){.targets = &target, .targets_n = 1});
    net_run(t, SECOND);
    cr_assert_not(net_holds(t, 1, "both", "v"));
    cr_assert(net_holds(t, 1, "first", "v"));
    net_free(t);
}

Test(get, one_tag_named_twice_is_that_tag)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 1});
    const struct slice tags[] = {slice_text("x"), slice_text("x")};
    const struct node_target target =
        command_target_tags(&cache_config(t->at[0].cache)->hkey, slice_text(""), tags, 2);
    cr_assert_eq(target.kind, DOT_TAG);
    store_tags(t, 0, "k", "x", NULL);
    net_command(t, 0, (struct node_command){.targets = &target, .targets_n = 1});
    cr_assert_not(net_holds(t, 0, "k", "v"));
    net_free(t);
}

/* ---- after ---- */

static uint64_t ask_after(struct net *t, size_t i, const struct stamp *stamp)
{
    const uint64_t ticket = net_about(t, i, NODE_AFTER, stamp);
    cr_assert_eq(t->replies[ticket].err, OK);
    return t->replies[ticket].index;
}

static struct net_got get_after(struct net *t, size_t i, const char *key, const struct stamp *stamp,
                                uint64_t caller)
{
    return net_get(
        t, i,
        (struct net_get){
            .key = key, .has_after = true, .after = ask_after(t, i, stamp), .caller = caller});
}

Test(get, after_a_stamp_that_is_covered_everything_counts)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    net_store(t, 1, "k", "v");
    const uint64_t ticket = net_invalidate(t, 0, "other", LOCAL, SECOND);
    net_run(t, SECOND);
    cr_assert_eq(ask_after(t, 1, &t->replies[ticket].stamp), 0);
    cr_assert_eq(get_after(t, 1, "k", &t->replies[ticket].stamp, 1).status, STATUS_HIT);
    net_free(t);
}

Test(get, behind_a_partition_a_stamp_is_never_answered_with_the_old_value)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 3});
    net_store(t, 1, "k", "old");
    net_isolate(t, 1, true);
    const uint64_t ticket = net_invalidate(t, 0, "k", LOCAL, SECOND);
    const struct stamp *stamp = &t->replies[ticket].stamp;
    cr_assert(net_holds(t, 1, "k", "old"), "without the stamp it cannot know");
    const struct net_got miss = get_after(t, 1, "k", stamp, 1);
    cr_assert_eq(miss.status, STATUS_MISS);
    cr_assert_gt(miss.token_len, 0);
    cr_assert_null(net_fill(t, 1, "k", "new", &miss));
    for (int i = 0; i < 3; i++) {
        const struct net_got hit = get_after(t, 1, "k", stamp, 2);
        cr_assert_eq(hit.status, STATUS_HIT, "the fill was good enough, for ever");
        cr_assert_str_eq(hit.value, "new");
        net_run(t, SECOND);
    }
    cr_assert(net_holds(t, 1, "k", "new"));
    net_isolate(t, 1, false);
    net_run(t, 60 * SECOND);
    const struct net_got healed = get_after(t, 1, "k", stamp, 3);
    cr_assert(healed.status != STATUS_HIT || strcmp(healed.value, "new") == 0);
    net_free(t);
}

Test(get, a_token_of_before_the_stamp_was_shown_is_not_good_enough)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    net_isolate(t, 1, true);
    const struct net_got early = net_get(t, 1, (struct net_get){.key = "k", .caller = 1});
    const uint64_t ticket = net_invalidate(t, 0, "k", LOCAL, SECOND);
    const struct stamp *stamp = &t->replies[ticket].stamp;
    cr_assert_eq(get_after(t, 1, "k", stamp, 1).status, STATUS_MISS);
    cr_assert_null(net_fill(t, 1, "k", "old", &early), "for who knows no stamp it is a fill");
    const struct net_got got = get_after(t, 1, "k", stamp, 1);
    cr_assert_eq(got.status, STATUS_MISS);
    cr_assert_null(net_fill(t, 1, "k", "new", &got));
    cr_assert_str_eq(get_after(t, 1, "k", stamp, 1).value, "new");
    net_free(t);
}

Test(get, a_stamp_of_an_origin_that_nobody_knows_costs_a_miss)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 2});
    const struct stamp stamp = {.epoch = 4711, .seq = 9, .count = 3};
    net_store(t, 1, "k", "v");
    const struct net_got miss = get_after(t, 1, "k", &stamp, 1);
    cr_assert_eq(miss.status, STATUS_MISS);
    cr_assert_null(net_fill(t, 1, "k", "new", &miss));
    cr_assert_str_eq(get_after(t, 1, "k", &stamp, 1).value, "new");
    net_free(t);
}

Test(get, of_several_stamps_the_newest_index_counts)
{
    struct net *t = net_joined(&(struct net_cfg){.n = 1});
    const struct node_command both = {
        .ask = NODE_AFTER,
        .stamps = {{.epoch = 11, .seq = 1, .count = 1}, {.epoch = 12, .seq = 1, .count = 1}},
        .stamps_n = 2};
    const uint64_t index = t->replies[net_command(t, 0, both)].index;
    cr_assert_eq(index, ask_after(t, 0, &both.stamps[1]));
    cr_assert_lt(ask_after(t, 0, &both.stamps[0]), index);
    cr_assert_geq(cache_index(t->at[0].cache), index, "tokens are minted from it");
    net_free(t);
}
