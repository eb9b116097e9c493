#include <criterion/criterion.h>

#include "world.h"

Test(freeze, a_second_of_silence_is_never_death)
{
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct world *w = world_settled(3, seed);
        world_pause(w, 2);
        world_run(w, US_PER_SEC);
        world_resume(w, 2);
        world_run(w, 10 * US_PER_SEC);
        cr_assert_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), 0, "seed %lu", seed);
        cr_assert(world_agrees(w, 0), "seed %lu", seed);
        world_free(w);
    }
}

static void freeze_for(uint64_t us, uint32_t nodes, uint64_t seed)
{
    struct world *w = world_settled(nodes, seed);
    const uint32_t woken = nodes - 1;
    world_pause(w, woken);
    world_run(w, us);
    const uint32_t suspected = world_count(w, woken, SWIM_SUSPECTED, NULL);
    world_resume(w, woken);
    cr_assert(world_run_until(w, world_agrees, 0, US_PER_SEC), "seed %lu", seed);
    world_run(w, 10 * US_PER_SEC);
    cr_assert(world_agrees(w, 0));
    cr_assert_eq(world_count(w, woken, SWIM_SUSPECTED, NULL), suspected,
                 "seed %lu: it accused somebody on waking", seed);
    cr_assert_eq(world_count(w, woken, SWIM_FAIL, NULL), 0, "seed %lu", seed);
    cr_assert_gt(swim_counters(world_at(w, woken)).stalls, 0);
    for (uint32_t i = 0; i < woken; i++)
        cr_assert_eq(world_count(w, i, SWIM_ALIVE_AGAIN, NULL),
                     world_count(w, i, SWIM_SUSPECTED, NULL), "seed %lu", seed);
    world_free(w);
}

Test(freeze, after_eight_seconds_it_is_alive_again_within_one_and_accuses_nobody)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        freeze_for(8 * US_PER_SEC, 3, seed);
        freeze_for(8 * US_PER_SEC, 6, seed);
    }
}

Test(freeze, after_a_minute_as_well)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        freeze_for(60 * US_PER_SEC, 4, seed);
}

Test(freeze, a_tick_later_than_a_tenth_of_a_second_raises_the_health_multiplier)
{
    struct world *w = world_settled(3, 1);
    struct swim *s = world_at(w, 0);
    const mono_us due = swim_deadline(s);
    cr_assert_eq(swim_lhm(s), 0);
    swim_tick(s, due + 100 * US_PER_MS);
    cr_assert_eq(swim_counters(s).stalls, 0);
    swim_tick(s, swim_deadline(s) + 100 * US_PER_MS + 1);
    cr_assert_eq(swim_counters(s).stalls, 1);
    cr_assert_eq(swim_lhm(s), 1);
    world_free(w);
}

/* Nothing waits in the socket of the woken node: what it had asked for is lost. */
static struct world *frozen_and_deaf(uint64_t seed, bool suspecting)
{
    struct world *w = world_settled(4, seed);
    if (suspecting) {
        static struct peer_msg msg;
        struct swim_member m;
        cr_assert(world_view(w, 0, "n3", &m));
        msg = (struct peer_msg){.type = PEER_GOSSIP, .records_n = 1};
        msg.records[0] = (struct peer_record){.name = slice_text("n3"),
                                              .gen = m.generation,
                                              .ver = m.version,
                                              .state = PEER_SUSPECT,
                                              .addr = m.addr,
                                              .epoch = m.epoch,
                                              .accuser = slice_text("n1")};
        swim_header(world_at(w, 1), &msg);
        const struct swim_from from = world_from(w, 1);
        world_inject(w, 0, &from, &msg);
        cr_assert_eq(world_state(w, 0, "n3"), SWIM_SUSPECT);
    }
    world_lose(w, 1000); /* in some worlds a probe is open when the freeze comes */
    world_run(w, 40 * US_PER_MS);
    world_pause(w, 0);
    world_run(w, 20 * US_PER_SEC);
    world_lose(w, 0);
    world_resume(w, 0);
    return w;
}

Test(freeze, a_probe_that_was_open_ends_without_a_verdict)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct world *w = frozen_and_deaf(seed, false);
        world_run(w, 10 * US_PER_SEC);
        cr_assert_eq(world_count(w, 0, SWIM_SUSPECTED, NULL), 0, "seed %lu", seed);
        world_free(w);
    }
}

Test(freeze, a_suspicion_from_before_begins_anew)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct world *w = frozen_and_deaf(seed, true);
        world_run(w, 10 * US_PER_SEC);
        cr_assert_eq(world_count(w, 0, SWIM_FAIL, NULL), 0, "seed %lu", seed);
        world_free(w);
    }
}
