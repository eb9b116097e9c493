/* Large clusters: how they come about, what they make of crashes, and of members that are half there.
 * LONG=1 makes slow nodes, losses and the first of these as long, or as large, as they were meant to be. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define MANY   100
#define MINUTE (60 * US_PER_SEC)
#define LOOK   (100 * US_PER_MS)

static bool is_long(void)
{
    return getenv("LONG") != NULL;
}

static struct world *many_settled(void)
{
    const struct world_cfg cfg = {.seed = world_env_seed(), .nodes = MANY, .events_max = 1U << 20};
    struct world *w = world_new(&cfg);
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC));
    world_run(w, 5 * US_PER_SEC);
    return w;
}

/* ---- beginnings ---- */

/* 200; 500 with LONG=1. */
Test(many, hundreds_from_one_seed_see_each_other_within_30_seconds)
{
    const uint32_t nodes = is_long() ? 500 : 200;
    struct world *w = world_new(&(struct world_cfg){.seed = world_env_seed(), .nodes = nodes});
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 30 * US_PER_SEC));
    cr_expect_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 0);
    world_free(w);
}

/* As a zone would name them: all at once, to everybody, each second. */
Test(many, a_hundred_that_are_told_of_all_see_each_other_within_10_seconds)
{
    const struct world_cfg cfg = {.seed = world_env_seed(), .nodes = MANY, .reseed_us = US_PER_SEC};
    struct world *w = world_new(&cfg);
    for (uint32_t i = 0; i < MANY; i++)
        world_start(w, i);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC));
    world_run(w, 5 * US_PER_SEC);
    cr_expect_eq(world_count(w, WORLD_NODES, SWIM_JOIN, NULL), MANY * (MANY - 1));
    cr_expect_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 0);
    world_free(w);
}

/* ---- crashes ---- */

Test(many, a_crash_of_one_of_a_hundred_is_known_everywhere_within_25_seconds)
{
    struct world *w = many_settled();
    world_crash(w, 7);
    cr_assert(world_run_until(w, world_buried, 7, 25 * US_PER_SEC));
    cr_expect_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), MANY - 1);
    world_free(w);
}

static uint32_t place_of_name(struct slice name)
{
    uint32_t place = 0;
    for (size_t i = 1; i < name.len; i++)
        place = 10 * place + (name.at[i] - '0');
    return place;
}

/* Since when each node has suspected each other without a break, as of the looks; 0 = not at all. */
static mono_us since[MANY][MANY];

/** Look at whom a node suspects. Returns: the longest that it has suspected somebody who runs. */
static uint64_t doubt_of(struct world *w, uint32_t i)
{
    uint64_t longest = 0;
    for (size_t k = 0; k < swim_members(world_at(w, i)); k++) {
        const struct swim_member m = swim_member_at(world_at(w, i), k);
        const uint32_t j = place_of_name(m.name);
        if (m.state != SWIM_SUSPECT || world_at(w, j) == NULL) {
            since[i][j] = 0;
            continue;
        }
        since[i][j] = since[i][j] == 0 ? world_now(w) : since[i][j];
        longest = time_max(longest, world_now(w) - since[i][j]);
    }
    return longest;
}

Test(many,
     ten_of_a_hundred_that_crash_at_once_are_known_within_25_seconds_and_nobody_else_is_doubted)
{
    struct world *w = many_settled();
    uint64_t doubt = 0;
    memset(since, 0, sizeof since);
    for (uint32_t i = 0; i < 10; i++)
        world_crash(w, i * 9);
    for (uint64_t us = 0; us < 25 * US_PER_SEC; us += LOOK) {
        world_run(w, LOOK);
        for (uint32_t i = 0; i < MANY; i++)
            doubt = world_at(w, i) == NULL ? doubt : time_max(doubt, doubt_of(w, i));
    }
    for (uint32_t i = 0; i < 10; i++)
        cr_expect(world_buried(w, i * 9), "n%u", i * 9);
    cr_expect_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 10 * (MANY - 10));
    const uint64_t doubt_ms = doubt / US_PER_MS;
    cr_expect_leq(doubt_ms, 1000, "%" PRIu64, doubt_ms);
    world_free(w);
}

/* ---- half there ---- */

/** FAILs about places from `first` on, told by places from `first` on. */
static uint32_t failed_among(const struct world *w, uint32_t first)
{
    uint32_t n = 0;
    char name[16];
    for (uint32_t j = first; j < MANY; j++) {
        snprintf(name, sizeof name, "n%u", j);
        for (uint32_t i = first; i < MANY; i++)
            n += world_last(w, i, SWIM_FAIL, name) != NULL;
    }
    return n;
}

/* A quota of one part in twenty: each of four runs for 50 ms, then stands still for 950 ms.
 * One minute; five with LONG=1. */
Test(many, four_of_a_hundred_at_a_twentieth_of_a_processor_fail_nobody_else)
{
    struct world *w = many_settled();
    const uint32_t rounds = is_long() ? 300 : 60;
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < 4; i++)
            world_pause(w, i);
        world_run(w, 950 * US_PER_MS);
        for (uint32_t i = 0; i < 4; i++)
            world_resume(w, i);
        world_run(w, 50 * US_PER_MS);
    }
    cr_expect_eq(failed_among(w, 4), 0);
    world_free(w);
}

/* n0 hears nobody for 20 s, then all is well for 20 s, for ten minutes. */
Test(many, one_of_a_hundred_that_is_deaf_every_other_20_seconds_makes_nobody_else_fail)
{
    struct world *w = many_settled();
    const uint32_t times = 15;
    for (uint32_t t = 0; t < 2 * times; t++) {
        for (uint32_t i = 1; i < MANY && t % 2 == 0; i++)
            world_cut(w, i, 0);
        if (t % 2 != 0)
            world_heal(w);
        world_run(w, 20 * US_PER_SEC);
    }
    cr_expect_eq(failed_among(w, 1), 0);
    for (uint32_t i = 1; i < MANY; i++)
        cr_expect_leq(world_count(w, i, SWIM_FAIL, "n0"), times, "each time is told at most once");
    world_free(w);
}

/* An hour of each loss with LONG=1. */
Test(many, fifty_that_lose_up_to_a_fifth_of_their_packets_declare_nobody_dead)
{
    struct world *w = world_new(&(struct world_cfg){.seed = world_env_seed(), .nodes = 50});
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC));
    for (uint32_t permille = 50; permille <= 300; permille += permille == 50 ? 50 : 100) {
        const uint32_t before = world_count(w, WORLD_NODES, SWIM_FAIL, NULL);
        world_lose(w, permille);
        world_run(w, (is_long() ? 60 : 4) * MINUTE);
        const uint32_t fails = world_count(w, WORLD_NODES, SWIM_FAIL, NULL) - before;
        printf("50 nodes, %u permille lost: %u FAILs\n", permille, fails);
        cr_expect(permille == 300 || fails <= (permille == 200), "%u permille", permille);
    }
    world_free(w);
}

/* ---- names ---- */

static bool heard_of_joiner(struct world *w, uint32_t unused)
{
    (void)unused;
    return swim_alive(world_at(w, 0)) == 3 && swim_alive(world_at(w, 1)) == 3;
}

/** Member records of a full sync of node i with somebody who holds nothing. */
static size_t sync_records(struct world *w, uint32_t i)
{
    static struct peer_record records[512];
    uint8_t all[STREAM_BUCKETS / 8];
    struct swim_telling telling = {0};
    size_t n = 0;
    memset(all, 0xFF, sizeof all);
    do
        n += swim_records(world_at(w, i), all, records, 512, &telling);
    while (telling.at != 0);
    return n;
}

/* Two stay; a third joins and leaves under a new name each six seconds: 100,000 names are a week. */
Test(many, names_that_come_and_go_leave_no_more_than_the_limit_of_tombstones)
{
    const char *text = getenv("NAMES");
    const uint32_t names = text == NULL ? 3000 : (uint32_t)strtoul(text, NULL, 10);
    const uint32_t limit = 128;
    struct world *w =
        world_new(&(struct world_cfg){.seed = 1, .nodes = 3, .events_max = 65536 + 12 * names});
    char name[32];
    world_start(w, 0);
    world_start(w, 1);
    world_seed(w, 1, 0);
    for (uint32_t k = 0; k < names; k++) {
        snprintf(name, sizeof name, "guest%u", k);
        world_start_as(w, 2, name, WORLD_WALL_MS + world_now(w) / US_PER_MS);
        world_seed(w, 2, 0);
        cr_assert(world_run_until(w, heard_of_joiner, 0, 5 * US_PER_SEC), "%s", name);
        swim_leave(world_at(w, 2), world_now(w));
        world_run(w, 2 * US_PER_SEC);
        world_crash(w, 2);
        world_run(w, 3 * US_PER_SEC);
        cr_assert_leq(swim_members(world_at(w, 0)), 2 + limit);
        cr_assert_leq(sync_records(w, 0), 2 + limit);
    }
    cr_expect_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 0);
    cr_expect_gt(swim_counters(world_at(w, 0)).tombstones_dropped, 0, "the limit was reached");
    world_free(w);
}

/* A table of 1,000 that nobody else knows, as from a node that slept until all of them had left and
 * were forgotten: handed over in a sync. Nobody answers for any of them. */
Test(many, a_thousand_members_of_a_table_from_long_ago_are_not_resurrected)
{
    const struct world_cfg cfg = {.seed = 1, .nodes = 4, .members_max = 1024};
    struct world *w = world_new(&cfg);
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 10 * US_PER_SEC));
    const uint32_t joins = world_count(w, WORLD_NODES, SWIM_JOIN, NULL);
    for (uint32_t k = 0; k < 1000; k++) {
        char name[32];
        snprintf(name, sizeof name, "old%u", k);
        const struct peer_record r = {
            .name = slice_text(name),
            .gen = WORLD_WALL_MS - 5 * 3600 * 1000,
            .state = PEER_ALIVE,
            .addr = {.ip = {10, 9, (uint8_t)(k >> 8), (uint8_t)k}, .ip_len = 4, .port = 7946},
            .epoch = 1000 + k};
        swim_merge(world_at(w, 0), world_now(w), &r, 1);
    }
    world_run(w, 180 * US_PER_SEC);
    cr_expect_eq(world_count(w, WORLD_NODES, SWIM_JOIN, NULL), joins);
    cr_expect_eq(swim_counters(world_at(w, 0)).members_full, 0);
    for (uint32_t i = 0; i < 4; i++)
        cr_expect_eq(swim_members(world_at(w, i)), 4, "node %u", i);
    world_free(w);
}
