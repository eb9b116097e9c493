#include "seed.h"

#include <string.h>

#include "base/attr.h"

#include "process.h"
#include "quiet.h"

#define AUDIT_US      (2 * US_PER_SEC)
#define SPARE_ORIGINS 3                   /* in the smallest tables, beside those of the members */
#define LONG_US       (600 * US_PER_SEC)  /* more processes than the small table holds */
#define PROOFS_US     (7200 * US_PER_SEC) /* calm lives that are longer have no proofs */
#define LEAST_CORE    2

static struct sim *running;

struct sim *seed_world(void)
{
    return running;
}

void seed_watch(struct sim *s)
{
    running = s;
}

static bool has(const struct script *sc, enum fault fault)
{
    return (sc->classes >> fault & 1) != 0;
}

static bool rotates(const struct script *sc)
{
    return has(sc, FAULT_KEYS) && sc->sealed;
}

/* Processes that a script starts, the first ones included. */
static uint32_t count_boots(const struct script *sc)
{
    uint32_t boots = sc->nodes;
    for (uint32_t i = 0; i < sc->acts_n; i++) {
        const enum act_kind kind = sc->acts[i].kind;
        boots += kind == ACT_CRASH || kind == ACT_LEAVE || kind == ACT_FOREIGN;
        boots +=
            kind == ACT_CLONE ? 4 : 0; /* a copy, both that come after, and who tells of them */
    }
    return boots;
}

/* Origins are never forgotten, so there is room for all that a script makes; unless memory is short. */
static uint32_t origins_of(const struct script *sc)
{
    const uint32_t boots = count_boots(sc) + sc->nodes;
    uint32_t room = sc->length_us > LONG_US ? 4096 : 256;
    while (room < boots && room < 4096)
        room *= 2;
    return room;
}

static void make_small(struct sim_cfg *out, struct rng *r)
{
    out->log_max = 64U << rng_below(r, 3);
    out->recent_max = 16U << rng_below(r, 3);
    out->cache_recent = 2U << rng_below(r, 6);
    out->windows_max = 2;
    out->thin_max = rng_chance(r, 300) ? 0 : 64U << rng_below(r, 6);
    out->more_bytes = 2048;
    out->retired_max = 4U << rng_below(r, 4);
    out->checkpoints_max = 2U << rng_below(r, 5);
    out->tombstones_max = out->nodes + SPARE_ORIGINS;
    out->budget_bytes = 168U << 10;
    if (rng_chance(
            r, 300)) /* a table without room for the members themselves would be a wrong setup */
        out->origins_max = out->nodes + SPARE_ORIGINS;
}

/* Half of the clusters were told how many they are, and a third of those have a strict namespace. */
static void configure(struct sim_cfg *out, const struct script *sc, struct rng *r)
{
    static const uint32_t WINDOWS_MS[] = {300, 1000, 1000, 3000};
    const bool told = rng_chance(r, 500);
    const bool strict = rng_chance(r, 300);
    out->fence_ms = WINDOWS_MS[rng_below(r, ARRAY_LEN(WINDOWS_MS))];
    /* Asking for proofs is most of what such a cluster does: in a long calm life, nearly all of it. */
    const bool proves = told && !(sc->calm && sc->length_us > PROOFS_US);
    out->expect = proves ? out->nodes : 0;
    out->strict_ns = proves && strict ? 1U << 2 : 0;
}

/* What only many nodes, or many writes, do in production: dots by way of relays, and one dot for a list
 * of keys. Drawn by themselves. */
static void draw_sizes(struct sim_cfg *out)
{
    struct rng r;
    rng_init(&r, out->seed ^ 0x512E5ULL);
    const bool relays = rng_chance(&r, 300);
    const uint32_t direct = 1 + (uint32_t)rng_below(&r, 3);
    const bool bursts = rng_chance(&r, 300);
    const uint32_t per_second = rng_chance(&r, 500) ? 1 : 20;
    out->direct_max = relays ? direct : 0;
    out->burst = bursts ? per_second : 0;
    out->burst_min = bursts ? 2 : 0;
}

/* Some seeds live with tables so small that everything overflows. Everything is drawn in any case, so
 * that a class left out changes nothing else. */
static struct sim_cfg world_of(const struct script *sc, int64_t watch, struct rng *r)
{
    struct sim_cfg out = sim_defaults(sc->seed);
    struct rng small;
    out.nodes = sc->nodes;
    out.sealed = sc->sealed;
    out.watch = watch;
    out.origins_max = origins_of(sc);
    out.strangers = has(sc, FAULT_FOREIGN);
    out.hints = rng_chance(r, 500);
    out.keys = rng_chance(r, 300) ? 24 : 192;
    if (rng_chance(r, 200))
        out.log_max = 16U << rng_below(r, 4);
    if (rng_chance(r, 200))
        out.recent_max = 16U << rng_below(r, 4);
    if (rng_chance(r, 300))
        out.cache_recent = 2U << rng_below(r, 6);
    rng_init(&small, rng_next(r));
    if (has(sc, FAULT_MEMORY))
        make_small(&out, &small);
    configure(&out, sc, r);
    draw_sizes(&out);
    if (rotates(sc))
        out.key_quiet_us = 1; /* twice the longest suspicion, then, instead of ten minutes */
    return out;
}

/* What callers ask for beside reading and writing: each in a part of the seeds, as classes of faults
 * are. Everything is drawn in any case. */
static void draw_wishes(struct workload_cfg *out, const struct sim *s, struct rng *r)
{
    const bool proofs = s->cfg.expect != 0;
    uint32_t *const wishes[] = {&out->after_permille, &out->within_permille,
                                &out->share_permille, &out->soft_permille,
                                &out->level_permille, &out->announce_permille,
                                &out->again_permille, &out->version_permille};
    static const uint32_t SHARES[] = {20, 100, 300};
    for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
        const bool on = rng_chance(r, 400);
        const uint32_t share = SHARES[rng_below(r, ARRAY_LEN(SHARES))];
        *wishes[i] = on ? share : 0;
    }
    if (out->version_permille != 0)
        out->version_permille = 900;
    out->versions = 1 + (uint32_t)rng_below(r, (1U << SOURCE_NAMESPACES) - 1);
    const bool anyway = rng_chance(r, 20); /* a read with a bound is refused where nobody said */
    if (!proofs && !anyway)
        out->within_permille = 0;
}

/* Requests that name many or change no value; drawn by themselves, as those above are. Where lists are
 * to go as one dot, there are lists. */
static void draw_batches(struct workload_cfg *out, const struct sim *s, uint64_t seed)
{
    static const uint32_t SHARES[] = {20, 100, 300};
    uint32_t *const wishes[] = {&out->many_permille, &out->touch_permille, &out->several_permille,
                                &out->hot_permille};
    struct rng r;
    rng_init(&r, seed ^ 0xBA7C4ULL);
    for (size_t i = 0; i < ARRAY_LEN(wishes); i++) {
        const bool on = rng_chance(&r, 400);
        const uint32_t share = SHARES[rng_below(&r, ARRAY_LEN(SHARES))];
        *wishes[i] = on ? share : 0;
    }
    if (s->cfg.burst != 0)
        out->several_permille = SHARES[2];
}

static struct workload_cfg clients_of(const struct sim *s, const struct script *sc, struct rng *r)
{
    static const uint32_t WRITES[] = {5, 15, 40, 120};
    static const uint64_t TIMES_US[] = {200, 2000, 20000, 200000, 2000000};
    struct workload_cfg out = {.ops_per_s = sc->load};
    struct rng wishes;
    out.write_permille = WRITES[rng_below(r, 4)];
    out.wide_permille = rng_chance(r, 500) ? 200 : 30;
    out.put_permille = rng_chance(r, 500) ? 300 : 0;
    out.think_us = TIMES_US[rng_below(r, 5)];
    out.tell_us = TIMES_US[rng_below(r, 4)];
    rng_init(&wishes, rng_next(r));
    draw_wishes(&out, s, &wishes);
    draw_batches(&out, s, sc->seed);
    return out;
}

static void audit(struct sim *s, uint32_t i)
{
    if (!s->failed && s->nodes[i].up && !s->nodes[i].frozen)
        oracle_audit(s, &s->nodes[i]);
    if (!s->failed && s->nodes[i].up)
        announce_audit(s, &s->nodes[i]);
}

/* Little to look at, and soon another: what a node lacks now it may have in a second. */
static void audit_promises(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
        if (s->nodes[i].up)
            promise_audit(s, &s->nodes[i]);
}

static void audit_all(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        audit(s, i);
    audit_promises(s);
    checks_audit(s);
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
        for (size_t j = 0; j < gaps_n; j++) {
            sim_checked(s, CHECK_I9);
            if (gaps[j].opened_at + CHECKS_GAP_US < sim_local(s, i))
                sim_violate(s, CHECK_I9, "n%u: a gap is open for longer than T_gap", i);
        }
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
        audit_promises(s);
        check_gaps(s);
        if (!s->failed && turn % 8 == 0) {
            checks_audit(s);
            conns_audit(s);
        }
    }
}

/* Nodes that are never healed; two or more are. */
static uint64_t draw_rest(struct sim *s)
{
    uint32_t order[SIM_NODES_MAX];
    uint64_t rest = 0;
    const uint32_t n = s->cfg.nodes;
    if (n <= LEAST_CORE)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    rng_shuffle(&s->rest_rng, order, n);
    const uint64_t rest_n = 1 + rng_below(&s->rest_rng, n - LEAST_CORE);
    for (uint64_t i = 0; i < rest_n; i++)
        rest |= 1ULL << order[i];
    return rest;
}

static void finish(struct sim *s, struct seed_result *result)
{
    workload_stop(s);
    acts_heal(s, has(&s->acts.script, FAULT_CORE) ? draw_rest(s) : 0);
    result->settled_us = quiet_watch(s);
    /* What is cached then is as new as what is covered. */
    audit_all(s);
    if (!s->failed)
        oracle_compare(s);
    if (!s->failed)
        oracle_everywhere(s);
    if (!s->failed)
        announce_end(s);
}

static void begin(struct sim *s, const struct script *sc, struct rng *r)
{
    const struct workload_cfg clients = clients_of(s, sc, r);
    s->source.aba = rng_chance(r, 500);
    s->source.value_max = rng_chance(r, 300) ? 3000 : 64;
    acts_begin(s, sc);
    if (rotates(sc))
        keys_begin(s);
    sim_boot_all(s);
    workload_begin(s, &clients);
}

static void note_result(struct sim *s, struct seed_result *result)
{
    result->failed = s->failed;
    result->check = s->check;
    result->failed_us = s->now - SIM_START;
    result->fingerprint = s->trace.fingerprint;
    result->simulated_us = (s->now - SIM_START) * s->cfg.nodes;
    for (uint32_t i = 0; i < s->all; i++)
        sim_stop(s, i);
    marks_end(s);
    result->marks = s->marks;
    result->counters = s->counters;
    result->checked = s->checked;
}

void seed_run(const struct script *sc, int64_t watch, FILE *out, struct seed_result *result)
{
    struct rng r;
    rng_init(&r, sc->seed ^ 0x5EEDULL);
    const struct sim_cfg world = world_of(sc, watch, &r);
    struct sim *s = sim_new(&world);
    running = s;
    *result = (struct seed_result){0};
    begin(s, sc, &r);
    live(s, sc->length_us);
    if (!s->failed)
        finish(s, result);
    if (s->failed && out != NULL)
        sim_report(s, out);
    note_result(s, result);
    running = NULL;
    sim_free(s);
}

void seed_add(struct seed_result *sum, const struct seed_result *one)
{
    if (one->failed && !sum->failed)
        sum->check = one->check;
    sum->failed = sum->failed || one->failed;
    sum->fingerprint = (sum->fingerprint ^ one->fingerprint) * 0x9E3779B97F4A7C15ULL;
    sum->simulated_us += one->simulated_us;
    sum->quiet_us += one->quiet_us;
    sum->quiet.reads += one->quiet.reads;
    sum->quiet.hits += one->quiet.hits;
    if (sum->settled_us < one->settled_us)
        sum->settled_us = one->settled_us;
    sim_counters_add(&sum->counters, &one->counters);
    checked_add(&sum->checked, &one->checked);
    for (uint32_t i = 0; i < MARKS_MAX; i++)
        sum->mark_seeds[i] += one->marks.hit[i];
}
