#include <criterion/criterion.h>
#include <string.h>

#include "world.h"

static struct peer_msg msg;

#define HOUR_US (3600 * US_PER_SEC)

static struct peer_record ghost(const struct world *w, uint8_t state)
{
    return (struct peer_record){.name = slice_text("ghost"),
                                .gen = WORLD_WALL_MS + world_now(w) / US_PER_MS,
                                .state = state,
                                .addr = {.ip = {10, 9, 9, 9}, .ip_len = 4, .port = 7946},
                                .epoch = 99};
}

/* Would node i tell of the name in a sync? */
static bool is_told(struct world *w, uint32_t i, const char *name)
{
    static struct peer_record records[64];
    uint8_t all[STREAM_BUCKETS / 8];
    struct swim_telling telling = {0};
    memset(all, 0xFF, sizeof all);
    const size_t n = swim_records(world_at(w, i), all, records, ARRAY_LEN(records), &telling);
    for (size_t at = 0; at < n; at++) {
        if (slice_eq(records[at].name, slice_text(name)))
            return true;
    }
    return false;
}

Test(tombs, an_end_that_was_seen_from_here_is_told_on)
{
    struct world *w = world_settled(3, 1);
    world_crash(w, 2);
    cr_assert(world_run_until(w, world_buried, 2, 10 * US_PER_SEC));
    cr_assert(is_told(w, 0, "n2"));
    cr_assert(is_told(w, 1, "n2"));
    world_free(w);
}

Test(tombs, an_end_that_was_only_told_is_remembered_and_not_told_on)
{
    for (int state = PEER_DEAD; state <= PEER_LEFT; state++) {
        struct world *w = world_settled(3, 1);
        const struct peer_record r = ghost(w, (uint8_t)state);
        swim_merge(world_at(w, 0), world_now(w), &r, 1);
        cr_assert_eq((int)world_state(w, 0, "ghost"), state);
        cr_assert_not(is_told(w, 0, "ghost"));
        world_run(w, 60 * US_PER_SEC);
        cr_assert_eq((int)world_state(w, 0, "ghost"), state);
        cr_assert_eq(world_state(w, 1, "ghost"), SWIM_CANDIDATE);
        world_free(w);
    }
}

Test(tombs, nor_is_the_end_of_a_candidate_or_a_goodbye_after_a_death)
{
    struct world *w = world_settled(3, 1);
    struct peer_record r = ghost(w, PEER_ALIVE);
    swim_merge(world_at(w, 0), world_now(w), &r, 1);
    r.state = PEER_LEFT;
    swim_merge(world_at(w, 0), world_now(w), &r, 1);
    cr_assert_eq(world_state(w, 0, "ghost"), SWIM_LEFT);
    cr_assert_not(is_told(w, 0, "ghost"));
    r.state = PEER_DEAD;
    swim_merge(world_at(w, 1), world_now(w), &r, 1);
    r.state = PEER_LEFT;
    swim_merge(world_at(w, 1), world_now(w), &r, 1);
    cr_assert_eq(world_state(w, 1, "ghost"), SWIM_LEFT);
    cr_assert_not(is_told(w, 1, "ghost"));
    static struct swim_out out;
    cr_assert_not(swim_poll(world_at(w, 1), world_now(w), &out), "nor is it a rumour");
    msg = (struct peer_msg){.type = PEER_GOSSIP};
    swim_piggyback(world_at(w, 1), world_from(w, 0).id, &msg, 1000);
    cr_assert_eq(msg.records_n, 0);
    world_free(w);
}

Test(tombs, nor_is_that_of_a_later_run_of_one_who_left)
{
    struct world *w = world_settled(4, 1);
    struct swim_member m;
    swim_leave(world_at(w, 3), world_now(w));
    world_run(w, US_PER_SEC);
    world_crash(w, 3);
    cr_assert(is_told(w, 0, "n3"));
    cr_assert(world_view(w, 0, "n3", &m));
    struct peer_record r = ghost(w, PEER_DEAD);
    r.name = slice_text("n3");
    r.gen = m.generation + 5;
    swim_merge(world_at(w, 0), world_now(w), &r, 1);
    cr_assert_eq(world_state(w, 0, "n3"), SWIM_DEAD);
    cr_assert_not(is_told(w, 0, "n3"));
    world_free(w);
}

Test(tombs, it_is_told_on_once_somebody_holds_an_older_run_to_be_there)
{
    struct world *w = world_settled(3, 1);
    struct peer_record r = ghost(w, PEER_LEFT);
    swim_merge(world_at(w, 0), world_now(w), &r, 1);
    cr_assert_not(is_told(w, 0, "ghost"));
    r.gen -= 5;
    swim_merge(world_at(w, 0), world_now(w), &r, 1); /* another end: nobody needs to know more */
    cr_assert_not(is_told(w, 0, "ghost"));
    r.state = PEER_ALIVE;
    swim_merge(world_at(w, 0), world_now(w), &r, 1);
    cr_assert_eq(world_state(w, 0, "ghost"), SWIM_LEFT);
    cr_assert(is_told(w, 0, "ghost"));
    world_free(w);
}

Test(tombs, who_lived_here_since_is_told_on_when_it_dies)
{
    struct world *w = world_new(&(struct world_cfg){.seed = 1, .nodes = 4});
    for (uint32_t i = 0; i < 3; i++)
        world_start(w, i);
    world_seed(w, 1, 0);
    world_seed(w, 2, 0);
    world_run(w, 5 * US_PER_SEC);
    struct peer_record r = ghost(w, PEER_DEAD);
    r.name = slice_text("n3");
    r.gen -= 1000;
    for (uint32_t i = 0; i < 3; i++)
        swim_merge(world_at(w, i), world_now(w), &r, 1);
    world_start(w, 3);
    world_seed(w, 3, 0);
    cr_assert(world_run_until(w, world_agrees, 0, 5 * US_PER_SEC));
    world_crash(w, 3);
    cr_assert(world_run_until(w, world_buried, 3, 15 * US_PER_SEC));
    for (uint32_t i = 0; i < 3; i++)
        cr_assert(is_told(w, i, "n3"));
    world_free(w);
}

/* Each of the others starts anew while LEFT is remembered, one after the other. */
Test(tombs, restarts_do_not_keep_a_tombstone_for_ever)
{
    struct world *w = world_settled(4, 1);
    swim_leave(world_at(w, 3), world_now(w));
    world_run(w, 2 * US_PER_SEC);
    world_crash(w, 3);
    for (uint32_t round = 0; round < 6; round++) {
        const uint32_t i = round % 3;
        world_run(w, HOUR_US / 2);
        world_crash(w, i);
        world_run(w, US_PER_SEC);
        world_start(w, i);
        world_seed(w, i, (i + 1) % 3);
    }
    world_run(w, 10 * US_PER_SEC);
    for (uint32_t i = 0; i < 3; i++)
        cr_assert_eq(swim_members(world_at(w, i)), 3, "node %u", i);
    world_free(w);
}
