#include "seed.h"

#define SETTLE_US   (10 * US_PER_SEC)
#define LOOK_US     (50 * US_PER_MS)
#define AUDIT_US    (2 * US_PER_SEC)
#define DRAIN_US    (3 * US_PER_SEC)   /* what clients have under way when they stop */
#define LONG_US     (600 * US_PER_SEC) /* more processes than the small table holds */
#define HEALED_WAIT (5 * US_PER_SEC)

static struct sim *running;

struct sim *seed_world(void)
{
    return running;
}

void seed_watch(struct sim *s)
{
    running = s;
}

/* Some seeds live with tables so small that everything overflows. */
static struct sim_cfg world_of(const struct seed_cfg *cfg, struct rng *r)
{
    struct sim_cfg out = sim_defaults(cfg->seed);
    out.nodes = cfg->nodes;
    out.sealed = cfg->sealed;
    out.watch = cfg->watch;
    if (cfg->length_us > LONG_US)
        out.origins_max = 4096;
    out.hints = rng_chance(r, 500);
    out.keys = rng_chance(r, 300) ? 24 : 192;
    if (rng_chance(r, 200))
        out.log_max = 16U << rng_below(r, 4);
    if (rng_chance(r, 200))
        out.recent_max = 16U << rng_below(r, 4);
    if (rng_chance(r, 300))
        out.cache_recent = 2U << rng_below(r, 6);
    return out;
}

static struct workload_cfg clients_of(struct rng *r)
{
    static const uint32_t WRITES[] = {5, 15, 40, 120};
    static const uint64_t TIMES_US[] = {200, 2000, 20000, 200000, 2000000};
    return (struct workload_cfg){.ops_per_s = 50,
                                 .write_permille = WRITES[rng_below(r, 4)],
                                 .wide_permille = rng_chance(r, 500) ? 200 : 30,
                                 .put_permille = rng_chance(r, 500) ? 300 : 0,
                                 .think_us = TIMES_US[rng_below(r, 5)],
                                 .tell_us = TIMES_US[rng_below(r, 4)]};
}

static void audit(struct sim *s, uint32_t i)
{
    if (!s->failed && s->nodes[i].up && !s->nodes[i].frozen)
        oracle_audit(s, &s->nodes[i]);
}

static void audit_all(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        audit(s, i);
}

static void check_gaps(struct sim *s)
{
    struct gap gaps[8];
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        struct sim_node *n = &s->nodes[i];
        if (!n->up || n->frozen || node_state(n->node) != NODE_READY ||
            s->now < n->thawed_at + CHECKS_GAP_US)
            continue;
        const size_t gaps_n = node_gap_list(n->node, gaps, ARRAY_LEN(gaps));
        for (size_t j = 0; j < gaps_n; j++)
            if (gaps[j].opened_at + CHECKS_GAP_US < s->now)
                sim_fail(s, "n%u: a gap is open for longer than T_gap", i);
    }
}

static void live(struct sim *s, uint64_t length_us)
{
    const mono_us end = s->now + length_us;
    uint32_t turn = 0;
    while (s->now < end && !s->failed) {
        const uint64_t left = end - s->now;
        sim_run(s, left < AUDIT_US ? left : AUDIT_US);
        audit(s, turn++ % s->cfg.nodes);
        check_gaps(s);
    }
}

/* Looked at now and then, not after every event: agreement takes seconds. */
static bool settles(struct sim *s)
{
    for (uint64_t us = 0; us < SETTLE_US && !s->failed; us += LOOK_US) {
        if (sim_settled(s, NULL))
            return true;
        sim_run(s, LOOK_US);
    }
    return sim_settled(s, NULL);
}

static void finish(struct sim *s, struct seed_result *result)
{
    workload_stop(s);
    faults_heal(s);
    const mono_us healed_at = s->now;
    sim_run(s, US_PER_MS);
    if (!settles(s) && !s->failed)
        sim_fail(s, "not settled %llu s after healing: %s",
                 (unsigned long long)(SETTLE_US / US_PER_SEC), checks_unsettled(s));
    result->settled_us = s->now - healed_at;
    /* Agreement stays, and what is cached then is as new as what is covered. */
    sim_run(s, DRAIN_US);
    if (!s->failed && !sim_run_until(s, sim_settled, NULL, HEALED_WAIT) && !s->failed)
        sim_fail(s, "agreement did not last: %s", checks_unsettled(s));
    audit_all(s);
}

void seed_run(const struct seed_cfg *cfg, FILE *out, struct seed_result *result)
{
    struct rng r;
    rng_init(&r, cfg->seed ^ 0x5EEDULL);
    const struct sim_cfg world = world_of(cfg, &r);
    const struct workload_cfg clients = clients_of(&r);
    struct sim *s = sim_new(&world);
    running = s;
    *result = (struct seed_result){0};
    s->source.aba = rng_chance(&r, 500);
    s->source.value_max = rng_chance(&r, 300) ? 3000 : 64;
    faults_begin(s, cfg->faults);
    sim_boot_all(s);
    workload_begin(s, &clients);
    live(s, cfg->length_us);
    if (!s->failed)
        finish(s, result);
    if (s->failed)
        sim_report(s, out);
    result->failed = s->failed;
    result->fingerprint = s->trace.fingerprint;
    result->simulated_us = (s->now - SIM_START) * cfg->nodes;
    for (uint32_t i = 0; i < cfg->nodes; i++)
        sim_stop(s, i);
    result->counters = s->counters;
    running = NULL;
    sim_free(s);
}

void seed_add(struct seed_result *sum, const struct seed_result *one)
{
    sum->failed = sum->failed || one->failed;
    sum->fingerprint = (sum->fingerprint ^ one->fingerprint) * 0x9E3779B97F4A7C15ULL;
    sum->simulated_us += one->simulated_us;
    if (sum->settled_us < one->settled_us)
        sum->settled_us = one->settled_us;
    sim_counters_add(&sum->counters, &one->counters);
}
