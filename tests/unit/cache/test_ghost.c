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

static void begin(void)
{
    ghost_init(&g, at, LINES, 99);
}

TestSuite(ghost, .init = begin);

/** Of hashes from..to - 1, how many left within so many leavings? */
static uint64_t take_all(uint64_t from, uint64_t to, uint64_t within)
{
    uint64_t found = 0;
    for (uint64_t hash = from; hash < to; hash++)
        found += ghost_take(&g, hash, within) != GHOST_NONE;
    return found;
}

static void add_all(uint64_t from, uint64_t to)
{
    for (uint64_t hash = from; hash < to; hash++)
        ghost_add(&g, hash, false);
}

Test(ghost, nobody_left_at_first)
{
    cr_assert_eq(take_all(0, 10 * ROOM, UINT64_MAX), 0);
}

Test(ghost, who_left_is_told_once)
{
    ghost_add(&g, 7, false);
    cr_assert(ghost_take(&g, 7, 1));
    cr_assert_not(ghost_take(&g, 7, UINT64_MAX));
}

Test(ghost, it_is_told_whether_who_left_had_been_used)
{
    for (uint64_t hash = 0; hash < GHOST_LINE; hash++)
        ghost_add(&g, hash, hash % 2 == 0);
    for (uint64_t hash = 0; hash < GHOST_LINE; hash++)
        cr_assert_eq(ghost_take(&g, hash, ROOM), hash % 2 == 0 ? GHOST_ONCE : GHOST_UNUSED);
}

Test(ghost, within_none_nobody_left_and_is_forgotten_all_the_same)
{
    ghost_add(&g, 7, false);
    cr_assert_not(ghost_take(&g, 7, 0));
    cr_assert_not(ghost_take(&g, 7, UINT64_MAX));
}

Test(ghost, half_of_the_room_is_remembered_nearly_whole)
{
    add_all(0, ROOM / 2);
    cr_assert_geq(take_all(0, ROOM / 2, ROOM), ROOM / 2 * 99 / 100);
}

Test(ghost, when_a_line_is_full_its_oldest_falls_out)
{
    ghost_init(&g, at, 1, 99);
    add_all(0, GHOST_LINE);
    ghost_add(&g, GHOST_LINE, false);
    cr_assert_not(ghost_take(&g, 0, UINT64_MAX));
    cr_assert_eq(take_all(1, GHOST_LINE + 1, UINT64_MAX), GHOST_LINE);
}

Test(ghost, what_was_taken_leaves_its_room_to_an_older_one)
{
    ghost_init(&g, at, 1, 99);
    add_all(0, GHOST_LINE);
    cr_assert(ghost_take(&g, GHOST_LINE / 2, UINT64_MAX));
    ghost_add(&g, GHOST_LINE, false);
    cr_assert(ghost_take(&g, 0, UINT64_MAX), "nothing had to fall out");
    cr_assert_eq(take_all(1, GHOST_LINE + 1, UINT64_MAX), GHOST_LINE - 1);
}

Test(ghost, in_one_line_within_is_exact)
{
    ghost_init(&g, at, 1, 99);
    for (uint64_t within = 1; within <= GHOST_LINE; within++) {
        add_all(0, GHOST_LINE);
        cr_assert_eq(take_all(0, GHOST_LINE - within, within), 0);
        cr_assert_eq(take_all(GHOST_LINE - within, GHOST_LINE, within), within);
    }
}

/** Lines fill unevenly, so an age is told to a few lots of one leaving for each line. */
Test(ghost, long_after_the_rooms_are_full_memory_goes_back_as_far_as_asked)
{
    add_all(0, 100 * ROOM);
    const uint64_t within = ROOM / 2;
    const uint64_t young = take_all(100 * ROOM - within / 2, 100 * ROOM, within);
    cr_assert_geq(young, within / 2 * 95 / 100, "of %" PRIu64 ": %" PRIu64, within / 2, young);
    const uint64_t old = take_all(99 * ROOM, 100 * ROOM - 2 * within, within);
    cr_assert_leq(old, (ROOM - 2 * within) / 20 + 1, "%" PRIu64, old);
}

Test(ghost, strangers_are_taken_for_who_left_hardly_ever)
{
    add_all(0, ROOM);
    const uint64_t strangers = 100 * ROOM;
    const uint64_t found = take_all(ROOM, ROOM + strangers, UINT64_MAX);
    cr_assert_leq(found, strangers / 1000, "%" PRIu64 " of %" PRIu64, found, strangers);
}

Test(ghost, bits_of_zero_are_no_empty_place)
{
    /* With seed 0 the hash 0 has a mix of 0. */
    ghost_init(&g, at, 1, 0);
    cr_assert_not(ghost_take(&g, 0, UINT64_MAX));
    ghost_add(&g, 0, false);
    cr_assert_eq(ghost_take(&g, 0, UINT64_MAX), GHOST_UNUSED);
    ghost_add(&g, 0, true);
    cr_assert_eq(ghost_take(&g, 0, UINT64_MAX), GHOST_ONCE);
}

/** A naive line: newest first. */
Test(ghost, a_line_does_what_a_list_does)
{
    const uint64_t seed = seed_of(5);
    uint64_t list[GHOST_LINE] = {0}; /* hash + 1; 0 = none */
    struct rng rng;
    rng_init(&rng, seed);
    ghost_init(&g, at, 1, 99);
    for (int i = 0; i < 100000; i++) {
        const uint64_t hash = rng_below(&rng, 100);
        const uint64_t within = rng_below(&rng, GHOST_LINE + 2);
        size_t there = 0;
        while (there < GHOST_LINE && list[there] != hash + 1)
            there++;
        cr_assert_eq(ghost_take(&g, hash, within) != GHOST_NONE,
                     there < GHOST_LINE && there < within, "seed %" PRIu64 " i %d", seed, i);
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
