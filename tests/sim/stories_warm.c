/* Nodes that come back under load, and take over what another one has cached. */
#include "base/attr.h"

#include "story.h"

#define LOOK_US (500 * US_PER_MS) /* of a node's hits, from the moment on at which it is ready */

static bool is_ready(struct sim *s, void *ctx)
{
    const uint32_t *i = ctx;
    return s->nodes[*i].up && node_state(s->nodes[*i].node) == NODE_READY;
}

static void run_audited(struct sim *s, uint64_t us)
{
    for (uint64_t past = 0; past < us && !s->failed; past += 50 * US_PER_MS) {
        sim_run(s, 50 * US_PER_MS);
        for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
            if (s->nodes[i].up)
                oracle_audit(s, &s->nodes[i]);
    }
}

struct share {
    uint64_t hits, looks;
};

/* What part of the keys does a node have? */
static void look(struct sim *s, uint32_t i, struct share *sum)
{
    for (uint32_t key = 0; key < s->source.keys_n && !s->failed; key++) {
        sum->hits += oracle_get(s, &s->nodes[i], key);
        sum->looks++;
    }
}

/* Each node in turn dies and comes back, with or without a warm-up. */
static struct share roll(struct sim *s, bool warm_up)
{
    struct share sum = {0};
    s->cfg.warm_up = warm_up;
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        sim_crash(s, i, true);
        sim_restart(s, i, 200 * US_PER_MS, 0);
        story_within(s, 15 * US_PER_SEC, is_ready, &i, "it is ready again");
        run_audited(s, LOOK_US);
        look(s, i, &sum);
        run_audited(s, 3 * US_PER_SEC);
    }
    return sum;
}

static void warm_join(struct sim *s)
{
    const struct workload_cfg clients = {.ops_per_s = 40,
                                         .write_permille = 200,
                                         .wide_permille = 100,
                                         .put_permille = 200,
                                         .think_us = 5000,
                                         .tell_us = 500};
    story_begin(s);
    workload_begin(s, &clients);
    run_audited(s, 20 * US_PER_SEC);
    const struct share cold = roll(s, false);
    const uint64_t before = s->counters.gifts;
    const struct share warm = roll(s, true);
    workload_stop(s);
    if (s->failed)
        return;
    story_expect(s, before == 0, "nothing is taken over unasked");
    story_expect(s, s->counters.gifts > 0, "entries are taken over");
    story_expect(s, warm.hits * cold.looks > 3 * cold.hits * warm.looks / 2,
                 "half as many hits again, or more, soon after a join");
    story_within(s, 5 * US_PER_SEC, sim_settled, NULL, "one view, one vector");
}

/* The donor is always a little behind, and dots come all the time: no stale hit. */
static void warm_lagging(struct sim *s)
{
    const struct workload_cfg clients = {.ops_per_s = 300,
                                         .write_permille = 300,
                                         .wide_permille = 20,
                                         .put_permille = 300,
                                         .think_us = 20000,
                                         .tell_us = 2000};
    s->source.aba = s->cfg.seed % 2 == 0;
    s->source.value_max = 3000; /* several frames */
    for (uint32_t i = 0; i < s->cfg.nodes * s->cfg.nodes; i++)
        s->links[i].loss = 200;
    sim_boot_all(s);
    story_within(s, 30 * US_PER_SEC, sim_settled, NULL, "all nodes find each other");
    workload_begin(s, &clients);
    run_audited(s, 5 * US_PER_SEC);
    for (uint32_t i = 0; i < 2 * s->cfg.nodes && !s->failed; i++) {
        sim_crash(s, i % s->cfg.nodes, i % 2 == 0);
        sim_restart(s, i % s->cfg.nodes, 100 * US_PER_MS, 0);
        run_audited(s, 5 * US_PER_SEC);
    }
    workload_stop(s);
    if (!s->failed)
        story_expect(s, s->counters.gifts > 0, "entries are taken over");
}

struct stories stories_warm(void)
{
    static const struct story STORIES[] = {
        {"warm_join", 4, 5, warm_join,
         "nodes that come back under load take entries over: more hits, none of them stale"},
        {"warm_lagging", 4, 5, warm_lagging,
         "with lost datagrams, and donors that lag behind: no stale hit"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
