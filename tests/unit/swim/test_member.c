#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/rng.h"
#include "swim/member.h"
#include "swim/rumor.h"

#include "world.h"

static struct rng rng;
static struct roster table;
static void *memory;

static void make(uint32_t members_max, uint32_t tombs_max)
{
    struct arena arena;
    memory = malloc(1 << 20);
    arena_init(&arena, memory, 1 << 20);
    rng_init(&rng, world_env_seed());
    const struct swim_cfg cfg = {.members_max = members_max, .tombstones_max = tombs_max};
    cr_assert(roster_init(&table, &arena, &cfg, &rng));
    const uint32_t self = roster_add(&table, 1, slice_text("self"));
    cr_assert_eq(self, SLOT_SELF);
    roster_enter(&table, self, SWIM_ALIVE, 0);
}

static uint32_t enter(uint64_t id, enum swim_state state)
{
    char name[32];
    snprintf(name, sizeof name, "m%lu", (unsigned long)id);
    const uint32_t slot = roster_add(&table, id, slice_text(name));
    roster_set_claim(&table, slot, id, 0);
    roster_enter(&table, slot, state, 0);
    return slot;
}

static void done(void)
{
    free(memory);
}

/* Ids that all want the same place: the index must not lose the others when one goes. */
Test(member, the_index_survives_collisions_and_removals, .fini = done)
{
    make(40, 8);
    uint64_t ids[30];
    for (uint64_t i = 0; i < 30; i++) {
        ids[i] = ((i + 1) << 32) | (i % 3);
        enter(ids[i], SWIM_ALIVE);
    }
    for (uint64_t i = 0; i < 30; i += 2)
        roster_drop(&table, roster_find(&table, ids[i]));
    for (uint64_t i = 0; i < 30; i++) {
        const uint32_t slot = roster_find(&table, ids[i]);
        cr_assert_eq(slot == SLOT_NONE, i % 2 == 0, "id %lu", (unsigned long)i);
    }
    for (uint64_t i = 0; i < 30; i += 2)
        enter(ids[i], SWIM_ALIVE);
    for (uint64_t i = 0; i < 30; i++)
        cr_assert_eq(table.at[roster_find(&table, ids[i])].id, ids[i]);
}

/* The view hash does not depend on the way by which a view was reached. */
Test(member, lists_and_hash_follow_every_change, .fini = done)
{
    make(16, 64);
    const uint64_t alone = table.view_hash;
    uint32_t slots[8];
    for (uint32_t i = 0; i < 8; i++)
        slots[i] = enter(100 + i, SWIM_CANDIDATE);
    cr_assert_eq(table.view_hash, alone);
    for (int k = 0; k < 2000; k++) {
        const uint32_t i = (uint32_t)rng_below(&rng, 8);
        roster_set_state(&table, slots[i], (enum swim_state)rng_below(&rng, 5), 0);
        uint32_t live = 0, suspects = 0, gone = 0, candidates = 0;
        for (uint32_t j = 0; j < 8; j++) {
            const uint8_t state = table.at[slots[j]].state;
            live += state == SWIM_ALIVE || state == SWIM_SUSPECT;
            suspects += state == SWIM_SUSPECT;
            gone += state == SWIM_DEAD || state == SWIM_LEFT;
            candidates += state == SWIM_CANDIDATE;
        }
        cr_assert_eq(table.ring.n, live);
        cr_assert_eq(table.suspects.n, suspects);
        cr_assert_eq(table.tombs.n, gone);
        cr_assert_eq(table.candidates.n, candidates);
        cr_assert_eq(table.listed.n, 1 + live + gone);
        cr_assert_eq(table.view_hash == alone, live == 0);
    }
}

Test(member, the_round_trip_is_smoothed, .fini = done)
{
    make(4, 4);
    struct member *m = &table.at[0];
    member_measure(m, 1000);
    cr_assert_eq(m->srtt_us, 1000);
    cr_assert_eq(m->rttvar_us, 500);
    member_measure(m, 2000);
    cr_assert_eq(m->srtt_us, 1125);
    cr_assert_eq(m->rttvar_us, 625);
    for (int i = 0; i < 100; i++)
        member_measure(m, 0);
    cr_assert_geq(m->srtt_us, 1);
}

Test(rumor, fewest_transmits_first_within_the_most_urgent_class, .fini = done)
{
    make(16, 16);
    static struct rumors r;
    rumor_init(&r, &table);
    const uint32_t a = enter(100, SWIM_ALIVE), b = enter(101, SWIM_ALIVE);
    const uint32_t c = enter(102, SWIM_DEAD), d = enter(103, SWIM_ALIVE);
    rumor_push(&r, a, RUMOR_ALIVE);
    rumor_push(&r, b, RUMOR_ALIVE);
    rumor_push(&r, c, RUMOR_ACCUSE);
    rumor_push(&r, d, RUMOR_REFUTE);
    rumor_count(&r, a, 8);
    const uint32_t order[] = {d, c, b, a};
    uint32_t slot = rumor_first(&r);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(slot, order[i], "place %zu", i);
        slot = rumor_next(&r, slot);
    }
    cr_assert_eq(slot, SLOT_NONE);
}

Test(rumor, it_is_dropped_at_its_limit_and_renewed_by_a_push, .fini = done)
{
    make(16, 16);
    static struct rumors r;
    rumor_init(&r, &table);
    const uint32_t a = enter(100, SWIM_ALIVE);
    rumor_push(&r, a, RUMOR_ALIVE);
    for (int i = 0; i < 5; i++)
        rumor_count(&r, a, 8);
    rumor_push(&r, a, RUMOR_ACCUSE);
    cr_assert_eq(r.n, 1);
    for (int i = 0; i < 8; i++)
        rumor_count(&r, rumor_first(&r), 8);
    cr_assert_eq(r.n, 0);
    cr_assert_eq(rumor_first(&r), SLOT_NONE);
    rumor_drop(&r, a);
    cr_assert_eq(r.n, 0);
}
