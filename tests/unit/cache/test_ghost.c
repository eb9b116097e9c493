/** The memory of who left: how far back it goes, and what it never says. */
#include <criterion/criterion.h>
#include <inttypes.h>

#include "base/rng.h"
#include "cache/ghost.h"

#include "seed.h"

#define LINES 64
#define ROOM  ((uint64_t)LINES * GHOST_LINE)

static uint16_t at[LINES * GHOST_LINE];
static struct ghost g;

static void begin_with(uint32_t lines, uint64_t reach)
{
    ghost_init(&g, at, lines, 99);
    ghost_reach(&g, reach);
}

static void begin(void)
{
    begin_with(LINES, ROOM);
}

TestSuite(ghost, .init = begin);

/** Of hashes from..to - 1, how many left within reach? */
static uint64_t take_all(uint64_t from, uint64_t to)
{
    uint64_t found = 0;
    for (uint64_t hash = from; hash < to; hash++)
        found += ghost_take(&g, hash) != GHOST_NONE;
    return found;
}

static void add_all(uint64_t from, uint64_t to)
{
    for (uint64_t hash = from; hash < to; hash++)
        ghost_add(&g, hash, false);
}

Test(ghost, nobody_left_at_first)
{
    cr_assert_eq(take_all(0, 10 * ROOM), 0);
}

Test(ghost, before_a_reach_is_set_nobody_left)
{
    ghost_init(&g, at, LINES, 99);
    cr_assert_eq(take_all(0, 10 * ROOM), 0);
}

Test(ghost, who_left_is_told_once)
{
    ghost_add(&g, 7, false);
    cr_assert(ghost_take(&g, 7));
    cr_assert_not(ghost_take(&g, 7));
}

Test(ghost, it_is_told_whether_who_left_had_been_used)
{
    for (uint64_t hash = 0; hash < GHOST_LINE; hash++)
        ghost_add(&g, hash, hash % 2 == 0);
    for (uint64_t hash = 0; hash < GHOST_LINE; hash++)
        cr_assert_eq(ghost_take(&g, hash), hash % 2 == 0 ? GHOST_ONCE : GHOST_UNUSED);
}

Test(ghost, out_of_reach_it_is_forgotten_all_the_same)
{
    ghost_reach(&g, 0);
    ghost_add(&g, 7, false);
    cr_assert_not(ghost_take(&g, 7));
    ghost_reach(&g, ROOM);
    cr_assert_not(ghost_take(&g, 7));
}

Test(ghost, half_of_the_room_is_remembered_nearly_whole)
{
    add_all(0, ROOM / 2);
    cr_assert_geq(take_all(0, ROOM / 2), ROOM / 2 * 99 / 100);
}

Test(ghost, when_a_line_is_full_its_oldest_falls_out)
{
    begin_with(1, UINT64_MAX);
    add_all(0, GHOST_LINE);
    ghost_add(&g, GHOST_LINE, false);
    cr_assert_not(ghost_take(&g, 0));
    cr_assert_eq(take_all(1, GHOST_LINE + 1), GHOST_LINE);
}

Test(ghost, what_was_taken_leaves_its_room_to_an_older_one)
{
    begin_with(1, UINT64_MAX);
    add_all(0, GHOST_LINE);
    cr_assert(ghost_take(&g, GHOST_LINE / 2));
    ghost_add(&g, GHOST_LINE, false);
    cr_assert(ghost_take(&g, 0), "nothing had to fall out");
    cr_assert_eq(take_all(1, GHOST_LINE + 1), GHOST_LINE - 1);
}

Test(ghost, in_one_line_reach_is_exact)
{
    for (uint64_t reach = 1; reach <= GHOST_LINE; reach++) {
        begin_with(1, reach);
        add_all(0, GHOST_LINE);
        cr_assert_eq(take_all(0, GHOST_LINE - reach), 0);
        cr_assert_eq(take_all(GHOST_LINE - reach, GHOST_LINE), reach);
    }
}

/** Whatever part of the room the reach is, though in less than a whole line ages are not told well. */
Test(ghost, memory_goes_back_as_far_as_asked)
{
    for (uint64_t reach = ROOM / 2; reach >= GHOST_LINE; reach /= 2) {
        ghost_reach(&g, reach);
        add_all(0, 100 * ROOM);
        const uint64_t young = take_all(100 * ROOM - reach / 2, 100 * ROOM);
        cr_assert_geq(young * 100, reach / 2 * 90, "%" PRIu64 " of %" PRIu64, young, reach / 2);
        const uint64_t old = take_all(100 * ROOM - 8 * reach, 100 * ROOM - 2 * reach);
        cr_assert_leq(old, reach * 6 / 20, "%" PRIu64 " of %" PRIu64, old, 6 * reach);
    }
}

/** What a cache holds changes slowly, and then it is not forgotten what left. */
Test(ghost, a_reach_that_is_near_to_the_last_forgets_nobody)
{
    begin_with(LINES, ROOM / 2);
    add_all(0, ROOM / 4);
    ghost_reach(&g, ROOM / 2 * 12 / 10);
    cr_assert_geq(take_all(0, ROOM / 8), ROOM / 8 * 99 / 100);
    ghost_reach(&g, ROOM / 2 * 6 / 10);
    cr_assert_geq(take_all(ROOM / 8, ROOM / 4), ROOM / 8 * 95 / 100);
}

Test(ghost, strangers_are_taken_for_who_left_hardly_ever)
{
    ghost_reach(&g, UINT64_MAX);
    add_all(0, ROOM);
    const uint64_t strangers = 100 * ROOM;
    const uint64_t found = take_all(ROOM, ROOM + strangers);
    cr_assert_leq(found, strangers / 1000, "%" PRIu64 " of %" PRIu64, found, strangers);
}

Test(ghost, bits_of_zero_are_no_empty_place)
{
    /* With seed 0 the hash 0 has a mix of 0. */
    ghost_init(&g, at, 1, 0);
    ghost_reach(&g, UINT64_MAX);
    cr_assert_not(ghost_take(&g, 0));
    ghost_add(&g, 0, false);
    cr_assert_eq(ghost_take(&g, 0), GHOST_UNUSED);
    ghost_add(&g, 0, true);
    cr_assert_eq(ghost_take(&g, 0), GHOST_ONCE);
}

/** A naive line: newest first. */
Test(ghost, a_line_does_what_a_list_does)
{
    const uint64_t seed = seed_of(5);
    uint64_t list[GHOST_LINE] = {0}; /* hash + 1; 0 = none */
    struct rng rng;
    rng_init(&rng, seed);
    begin_with(1, 0);
    for (int i = 0; i < 100000; i++) {
        const uint64_t hash = rng_below(&rng, 100);
        const uint64_t reach = rng_below(&rng, GHOST_LINE + 2);
        size_t there = 0;
        ghost_reach(&g, reach);
        while (there < GHOST_LINE && list[there] != hash + 1)
            there++;
        cr_assert_eq(ghost_take(&g, hash) != GHOST_NONE, there < GHOST_LINE && there < reach,
                     "seed %" PRIu64 " i %d", seed, i);
        for (size_t j = there; j < GHOST_LINE; j++)
            list[j] = j + 1 < GHOST_LINE ? list[j + 1] : 0;
        if (rng_chance(&rng, 500))
            continue;
        ghost_add(&g, hash, false);
        for (size_t j = GHOST_LINE - 1; j > 0; j--)
            list[j] = list[j - 1];
        list[0] = hash + 1;
    }
}
