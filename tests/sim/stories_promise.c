/* What replies promise: fences, stamps, proofs, announced writes, one loader. */
#include <assert.h>
#include <stdio.h>

#include "base/attr.h"
#include "node/intent.h"
#include "wire/peer.h"

#include "process.h"
#include "reader.h"
#include "seed.h"
#include "story.h"

#define ALL_CLIENTS                                                                                \
    (struct workload_cfg)                                                                          \
    {                                                                                              \
        .ops_per_s = 100, .write_permille = 100, .think_us = 2000, .tell_us = 500                  \
    }

#define NARROW_PAYLOAD (548 - 28) /* of a datagram, by IPv4 */

/* These stories tell every node how many they are; it must be said before any of them runs. */
static void expect_all(struct sim *s, uint32_t fence_ms)
{
    s->policies.expect = s->cfg.expect = s->cfg.nodes;
    s->policies.fence_ms = s->cfg.fence_ms = fence_ms;
}

static void make_strict(struct sim *s, uint32_t ns)
{
    s->policy[s->policies.n++] = (struct policy){.ns = source_ns(ns), .strict = true};
}

/* ---- fences ---- */

/* What happens to one node, at random: it restarts, stands still, or is cut off for a while. */
static void strike(struct sim *s)
{
    struct rng *r = &s->rest_rng;
    const uint32_t i = (uint32_t)rng_below(r, s->cfg.nodes);
    const uint64_t us = 20 * US_PER_MS + link_exponential(r, 400 * US_PER_MS);
    const uint64_t what = rng_below(r, 4);
    if (what == 0 && s->nodes[i].up) {
        sim_crash(s, i, rng_chance(r, 500));
        sim_restart(s, i, us, rng_chance(r, 300) ? RESTART_NEW_ADDR : 0);
    } else if (what == 1) {
        sim_pause(s, i, us);
    } else if (what == 2) {
        sim_split(s, 1ULL << i | 1ULL << rng_below(r, s->cfg.nodes), true); /* or a pair */
    } else {
        sim_split(s, UINT64_MAX, false); /* no side: nothing changes */
        for (uint32_t j = 0; j < s->cfg.nodes; j++)
            sim_split(s, 1ULL << j, false);
    }
}

static void fenced_storm(struct sim *s)
{
    static const uint32_t WINDOWS_MS[] = {100, 200, 400};
    struct workload_cfg clients = ALL_CLIENTS;
    expect_all(s, WINDOWS_MS[rng_below(&s->rest_rng, 3)]);
    clients.level_permille = 600;
    clients.within_permille = 700;
    story_begin(s);
    story_within(s, 20 * US_PER_SEC, story_all_vote, NULL, "everybody votes");
    for (uint32_t i = 0; i < s->cfg.nodes * s->cfg.nodes; i++)
        s->links[i].loss = (uint16_t)rng_below(&s->rest_rng, 200);
    workload_begin(s, &clients);
    for (uint32_t i = 0; i < 150 && !s->failed; i++) {
        sim_run(s, 100 * US_PER_MS + link_exponential(&s->rest_rng, 300 * US_PER_MS));
        if (!s->failed)
            strike(s);
        story_audit(s);
    }
    workload_stop(s);
}

/* ---- proof ---- */

/* How reads with a bound ended. */
struct bounded {
    uint64_t certified, unproven;
};

/* Let clients read for so long, and tell. */
static struct bounded read_for(struct sim *s, uint64_t us, const char *story)
{
    const struct sim_counters before = s->counters;
    sim_run(s, us);
    const struct bounded b = {.certified = s->counters.certified - before.certified,
                              .unproven = s->counters.unproven - before.unproven};
    printf("     %s: %llu reads certified, %llu not\n", story, (unsigned long long)b.certified,
           (unsigned long long)b.unproven);
    return b;
}

static void strict_quiet(struct sim *s)
{
    struct workload_cfg clients = ALL_CLIENTS;
    struct workload_cfg none = {0};
    expect_all(s, POLICY_FENCE_MS);
    make_strict(s, 0);
    clients.within_permille = 1000;
    story_begin(s);
    story_within(s, 20 * US_PER_SEC, story_all_vote, NULL, "everybody votes");
    workload_begin(s, &clients);
    sim_run(s, 2 * US_PER_SEC); /* the first readers make their nodes ask */
    const struct bounded b = read_for(s, 60 * US_PER_SEC, "strict_quiet");
    workload_begin(s, &none);
    story_expect(s, b.certified > 10000, "there are reads enough to tell");
    story_expect(s, b.unproven * 10000 <= b.certified + b.unproven,
                 "99.99 % of them are certified");
}

/* With 20 nodes that write, an answer to a poll names 20 origins, which no datagram of an MTU of 548 bytes
 * holds; and nobody is told that the long ones vanish. */
static void strict_narrow(struct sim *s)
{
    struct workload_cfg clients = ALL_CLIENTS;
    clients.ops_per_s = 20;
    clients.within_permille = 1000;
    clients.level_permille = 200;
    expect_all(s, POLICY_FENCE_MS);
    make_strict(s, 0);
    story_begin(s);
    story_within(s, 20 * US_PER_SEC, story_all_vote, NULL, "everybody votes");
    for (uint32_t i = 0; i < s->cfg.nodes * s->cfg.nodes; i++)
        s->links[i].mtu = NARROW_PAYLOAD;
    workload_begin(s, &clients);
    sim_run(s, 10 * US_PER_SEC); /* it takes some silence until answers are asked for in parts */
    const struct bounded b = read_for(s, 10 * US_PER_SEC, "strict_narrow");
    workload_stop(s);
    story_expect(s, b.certified > 500, "there are reads enough to tell");
    story_expect(s, b.unproven * 100 <= b.certified + b.unproven, "99 % of them are certified");
}

/* ---- stamps ---- */

static bool has_vector_of_all(struct sim *s, void *ctx)
{
    (void)ctx;
    const struct node_view first = sim_view(s, 0);
    for (uint32_t i = 1; i < s->cfg.nodes; i++)
        if (sim_view(s, i).vector_hash != first.vector_hash)
            return false;
    return true;
}

/* Everybody caches every key. */
static void warm_all(struct sim *s)
{
    for (uint32_t key = 0; key < s->source.keys_n && !s->failed; key++)
        for (uint32_t i = 0; i < s->cfg.nodes; i++)
            workload_read(s, &s->nodes[i], key);
    sim_run(s, US_PER_SEC);
}

static void after_cut(struct sim *s)
{
    s->work.cfg.think_us = 1000;
    story_begin(s);
    warm_all(s);
    if (!s->failed)
        sim_invalidate(s, 2, 100);
    const struct stamped known = {s->nodes[2].run, s->runs[s->nodes[2].run].dots_n, 1, s->now};
    sim_split(s, 4, true);
    for (uint32_t key = 0; key < 40 && !s->failed; key++) {
        const uint32_t run = s->nodes[0].run;
        if (key % 5 == 0) /* it would end by itself */
            continue;
        story_expect(s, oracle_get(s, &s->nodes[2], key), "a copy is there on the other side");
        sim_invalidate(s, 0, key);
        const struct reading r = {.key = key,
                                  .caller = ++s->readers.callers,
                                  .has_stamp = true,
                                  .stamp = {run, s->runs[run].dots_n, 1, s->now},
                                  .also = key % 2 == 0 ? known : (struct stamped){.count = 0}};
        story_expect(s, reader_ask(s, &s->nodes[2], &r) == READ_MISS, "who has the stamp misses");
        story_expect(s, oracle_get(s, &s->nodes[2], key), "who has not still hits");
        sim_run(s, 1500 * US_PER_MS); /* it loaded and filled, or its load is late */
        const enum read_end end = reader_ask(s, &s->nodes[2], &r);
        story_expect(s, end == READ_HIT || end == READ_MISS, "and what it filled may be given");
    }
    const struct sim_counters *c = &s->counters;
    story_expect(s, s->failed || c->after_hits > 15, "most come to hit while the dot is missing");
    sim_split(s, 4, false);
    story_within(s, 10 * US_PER_SEC, has_vector_of_all, NULL, "healed");
    story_audit(s);
}

/* ---- nothing is killed that need not be ---- */

static uint32_t copies_at(struct sim *s, uint32_t i, uint32_t from)
{
    uint32_t n = 0;
    for (uint32_t key = from; key < s->source.keys_n; key++)
        n += oracle_get(s, &s->nodes[i], key);
    return n;
}

#define NEEDLESS_KEYS 60

/* Half of the keys are invalidated while one node is cut off; it pulls them, and keeps the others. */
static void needless(struct sim *s)
{
    s->work.cfg.think_us = 1000;
    story_begin(s);
    warm_all(s);
    const uint32_t before = s->failed ? 0 : copies_at(s, 2, NEEDLESS_KEYS);
    sim_split(s, 4, true);
    for (uint32_t key = 0; key < NEEDLESS_KEYS && !s->failed; key++) {
        sim_invalidate(s, key % 2, key);
        sim_run(s, 2 * US_PER_MS);
    }
    sim_split(s, 4, false);
    story_within(s, 5 * US_PER_SEC, has_vector_of_all, NULL, "healed");
    if (s->failed)
        return;
    const uint32_t kept = copies_at(s, 2, NEEDLESS_KEYS);
    sim_checked(s, CHECK_I3);
    if (kept != before)
        sim_violate(s, CHECK_I3, "n2 pulled all that it missed, and lost %u copies needlessly",
                    before - kept);
    story_expect(s, before > 50 && sim_view(s, 2).node.broad == 0, "and no barrier was raised");
    story_audit(s);
}

struct story_gap {
    uint32_t node;
};

static bool has_gap(struct sim *s, void *ctx)
{
    const struct story_gap *about = ctx;
    return sim_view(s, about->node).gaps > 0;
}

static bool has_no_gap(struct sim *s, void *ctx)
{
    return !has_gap(s, ctx);
}

/* Each has issued something, so that the table of origins, which is small, is full. Then n2 hears of
 * dots of n0, and nobody gives them; n0 begins anew, which takes a slot, and whose is given up? Whatever
 * n2 does, when all is quiet it gives nothing older than those dots. */
static void retired_in_gap(struct sim *s)
{
    struct story_gap about = {2};
    const uint16_t dots = (uint16_t)(1U << PEER_DOTS | 1U << PEER_PULL | 1U << PEER_GONE);
    s->cfg.origins_max = s->cfg.windows_max = s->cfg.nodes;
    s->work.cfg.think_us = 1000;
    story_begin(s);
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
        sim_invalidate(s, i, 100 + i);
    warm_all(s);
    sim_split(s, 1ULL << 2, true);
    for (uint32_t key = 0; key < 10 && !s->failed; key++)
        sim_invalidate(s, 0, key);
    sim_run(s, 300 * US_PER_MS);
    sim_crash(s, 0, false);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        link_at(s, i, 2)->types = link_at(s, 2, i)->types = dots;
    sim_split(s, 1ULL << 2, false);
    story_within(s, 20 * US_PER_SEC, has_gap, &about, "n2 hears of what it misses");
    if (s->failed)
        return;
    sim_boot(s, 0);
    sim_run(s, 300 * US_PER_MS);
    sim_invalidate(s, 0, 120);
    sim_run(s, US_PER_SEC);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        link_at(s, i, 2)->types = link_at(s, 2, i)->types = 0;
    sim_run(s, 20 * US_PER_SEC);
    if (!s->failed)
        oracle_everywhere(s);
}

/* A node hears that there are dots, and nobody gives them; what it fills from then on outlives the
 * barrier that ends the gap, and what it had before does not. */
static void gap_outlived(struct sim *s)
{
    struct story_gap about = {2};
    const uint16_t dots = (uint16_t)(1U << PEER_DOTS | 1U << PEER_PULL | 1U << PEER_GONE);
    s->work.cfg.think_us = 1000;
    story_begin(s);
    warm_all(s);
    sim_cut(s, 0, 2, true);
    sim_cut(s, 1, 2, true);
    for (uint32_t key = 0; key < 10 && !s->failed; key++)
        sim_invalidate(s, 0, key);
    sim_run(s, 300 * US_PER_MS);
    sim_crash(s, 0, false); /* its dots are known to n1 alone */
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        link_at(s, i, 2)->types = link_at(s, 2, i)->types = dots;
    sim_cut(s, 1, 2, false);
    story_within(s, 20 * US_PER_SEC, has_gap, &about, "n2 hears of what it misses");
    if (s->failed)
        return;
    struct gap gap[1];
    (void)node_gap_list(s->nodes[2].node, gap, 1);
    sim_run(s, 200 * US_PER_MS);
    for (uint32_t key = 100; key < 110;
         key++) { /* nobody changed them: fresh reads, newer than g */
        struct fetch fetch = {
            .key = key, .state = s->source.keys[key].state, .run = s->nodes[2].run};
        const struct cache_key *ck = process_key(s, &s->nodes[2], key);
        if (cache_token(s->nodes[2].cache, sim_local(s, 2), ck, fetch.token) == OK)
            (void)workload_fill(s, &s->nodes[2], &fetch);
    }
    story_within(s, 20 * US_PER_SEC, has_no_gap, &about, "the gap is closed");
    for (uint32_t key = 100; key < 110 && !s->failed; key++)
        if (!oracle_get(s, &s->nodes[2], key))
            sim_violate(s, CHECK_I3, "n2 filled %s after it heard of the gap, and lost it with it",
                        s->source.keys[key].text);
}

/* ---- announced writes ---- */

/* A client announces a write, writes, and dies: who has the old value gives it up in time. */
static void client_dies(struct sim *s)
{
    const uint32_t key = 7;
    const uint32_t ms = 1000;
    const struct change begin = {.kind = DOT_BEGIN, .key = key, .target = key, .ms = ms};
    s->work.cfg.think_us = 1000;
    story_begin(s);
    warm_all(s);
    if (s->failed)
        return;
    story_expect(s, workload_issue(s, &s->nodes[0], &begin), "the announcement is taken");
    sim_run(s, 20 * US_PER_MS);
    for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++) {
        workload_read(s, &s->nodes[i], key); /* its fill is to be refused */
        sim_run(s, 100 * US_PER_MS);
        story_expect(s, !oracle_get(s, &s->nodes[i], key), "nobody stores the key meanwhile");
    }
    /* One who read the source before the write fills when the time is over. */
    struct fetch late = {.key = key, .state = s->source.keys[key].state, .run = s->nodes[1].run};
    const enum err err = s->failed ? OK
                                   : cache_token(s->nodes[1].cache, sim_local(s, 1),
                                                 process_key(s, &s->nodes[1], key), late.token);
    story_expect(s, err == OK, "a token is given meanwhile");
    source_commit(&s->source, key);
    if (rng_chance(&s->rest_rng, 500))
        sim_crash(s, 0, false); /* the node dies with its client: others end it */
    sim_run(s, ms * US_PER_MS + INTENT_JITTER_US);
    if (!s->failed && workload_fill(s, &s->nodes[1], &late) == CACHE_STORED)
        sim_violate(s, CHECK_INTENT, "n1 stores what was before a client wrote and died");
    for (uint32_t i = 1; i < s->cfg.nodes && !s->failed; i++) {
        story_expect(s, sim_view(s, i).intents.open == 0, "its end is everywhere");
        workload_read(s, &s->nodes[i], key);
    }
    sim_run(s, 100 * US_PER_MS);
    for (uint32_t i = 1; i < s->cfg.nodes && !s->failed; i++) {
        story_expect(s, oracle_get(s, &s->nodes[i], key), "and the key may be stored again");
        const uint32_t state = s->nodes[i].oracle.entries[key].state;
        if (s->source.states[state].over != SOURCE_NOT_OVER)
            sim_violate(s, CHECK_INTENT, "n%u gives what was before a client wrote and died", i);
    }
}

/* ---- versions ---- */

/* Two writers put one key on two nodes; the older one's word is late, or comes again. */
static void versions_cross(struct sim *s)
{
    story_begin(s);
    for (uint32_t key = 0; key < 40 && !s->failed; key++) {
        struct change puts[2];
        for (uint32_t i = 0; i < 2; i++) {
            puts[i] =
                (struct change){.kind = DOT_PUT, .key = key, .target = key, .has_version = true};
            puts[i].state = source_commit(&s->source, key);
            puts[i].commit = s->source.commits;
        }
        workload_issue(s, &s->nodes[1], &puts[1]);
        sim_run(s, rng_below(&s->rest_rng, 20 * US_PER_MS));
        if (!s->failed)
            workload_issue(s, &s->nodes[0], &puts[0]);
        sim_run(s, 100 * US_PER_MS);
        for (uint32_t i = 0; i < s->cfg.nodes && !s->failed; i++)
            if (oracle_get(s, &s->nodes[i], key) &&
                s->nodes[i].oracle.entries[key].state != puts[1].state)
                sim_violate(s, CHECK_S10, "n%u gives the older of two writes of %s", i,
                            s->source.keys[key].text);
    }
    story_audit(s);
}

/* ---- one loader ---- */

static void one_loader(struct sim *s)
{
    struct workload_cfg clients = ALL_CLIENTS;
    clients.ops_per_s = 500;
    clients.write_permille = 50;
    clients.share_permille = 1000;
    clients.soft_permille = 300;
    clients.think_us = 20000;
    story_begin(s);
    workload_begin(s, &clients);
    sim_run(s, 20 * US_PER_SEC);
    workload_stop(s);
    sim_run(s, US_PER_SEC);
    const struct sim_counters *c = &s->counters;
    story_expect(s, s->failed || (c->turned_away > 100 && c->woken > 100 && c->stale_hits > 100),
                 "readers were turned away, woken, and given what is out of date");
}

/* ---- traces ---- */

#define TRACE_TICKET 20
#define LATE_ROUNDS  12
#define LATE_PPM     900

/** A dot of n0, and when the world saw it take effect at each node. */
struct story_late {
    mono_us issued_at;
    mono_us at[SIM_NODES_MAX]; /* 0 = not yet */
};

static bool all_have_it(struct sim *s, void *ctx)
{
    struct story_late *about = ctx;
    const uint64_t wanted = sim_view(s, 0).vector_hash;
    uint32_t have = 0;
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        if (about->at[i] == 0 && sim_view(s, i).vector_hash == wanted)
            about->at[i] = s->now;
        have += about->at[i] != 0;
    }
    return have == s->cfg.nodes;
}

static bool was_answered(struct sim *s, void *ctx)
{
    (void)ctx;
    return s->work.replied;
}

static void hold_late(struct sim *s, const struct node_traced *row, const struct story_late *about)
{
    uint32_t i = 0;
    while (i < s->cfg.nodes && !slice_eq(row->name, slice_text(s->nodes[i].name)))
        i++;
    const uint64_t truth = i < s->cfg.nodes ? about->at[i] - about->issued_at : 0;
    const uint64_t error =
        row->late.error_us + truth / 1000 + 1; /* the asker's clock is off, too */
    story_expect(s, row->timed, "it is known how late each node was");
    if (row->late.late_us > truth + error || truth > row->late.late_us + error)
        sim_fail(s, "%s was %llu us late, and a trace says %llu +/- %llu", s->nodes[i].name,
                 (unsigned long long)truth, (unsigned long long)row->late.late_us,
                 (unsigned long long)row->late.error_us);
    story_expect(s, row->late.error_us < 10 * US_PER_MS + (s->now - about->issued_at) / 400,
                 "to within some round trips and what clocks may differ");
}

static void ask_trace(struct sim *s, uint32_t asked, uint32_t run)
{
    const struct node_command command = {
        .ticket = TRACE_TICKET,
        .ask = NODE_TRACE,
        .stamps = {{.epoch = s->runs[run].epoch, .seq = s->runs[run].dots_n, .count = 1}},
        .stamps_n = 1};
    s->work.replied = false;
    sim_input(s, asked, &(struct node_in){.kind = NODE_IN_COMMAND, .command = &command});
    story_within(s, US_PER_SEC, was_answered, NULL, "a trace is answered");
}

static void trace_at(struct sim *s, uint32_t asked, const struct story_late *about)
{
    ask_trace(s, asked, s->nodes[0].run);
    story_expect(s, s->failed || s->work.reply.traced_n == s->cfg.nodes, "with all nodes");
    for (size_t i = 0; i < s->work.reply.traced_n && !s->failed; i++)
        hold_late(s, &s->work.reply.traced[i], about);
}

/* One node stands still while a dot is issued; whoever is asked tells how late it was. */
static void trace_late(struct sim *s)
{
    story_begin(s);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        sim_clock_rate(s, i, (int32_t)rng_below(&s->rest_rng, 2 * LATE_PPM) - LATE_PPM);
    for (uint32_t round = 0; round < LATE_ROUNDS && !s->failed; round++) {
        const uint32_t still = 1 + (uint32_t)rng_below(&s->rest_rng, s->cfg.nodes - 1);
        struct story_late about = {.issued_at = s->now};
        sim_pause(s, still, rng_below(&s->rest_rng, 2 * US_PER_SEC));
        sim_invalidate(s, 0, round);
        story_within(s, 10 * US_PER_SEC, all_have_it, &about, "the dot arrives");
        sim_run(s, rng_below(&s->rest_rng, US_PER_SEC));
        if (!s->failed)
            trace_at(s, (uint32_t)rng_below(&s->rest_rng, s->cfg.nodes), &about);
    }
    const uint32_t gone = s->nodes[0].run;
    sim_crash(s, 0, true);
    sim_restart(s, 0, US_PER_SEC, 0);
    sim_run(s, 5 * US_PER_SEC);
    if (!s->failed)
        ask_trace(s, 1, gone);
    for (size_t i = 0; i < s->work.reply.traced_n && !s->failed; i++)
        story_expect(s, !s->work.reply.traced[i].timed, "nobody else knows when it was issued");
}

/* ---- how much faults cost ---- */

#define RATIO_US (300 * US_PER_SEC)

static void add_act(struct script *sc, const struct act *act)
{
    const bool added = script_add(sc, act);
    assert(added);
}

/* Once a minute something lasts for three to six seconds: at most a tenth of the time. */
static void add_faults(struct sim *s, struct script *sc)
{
    for (uint64_t at = 20 * US_PER_SEC; at + 10 * US_PER_SEC < RATIO_US; at += 60 * US_PER_SEC) {
        const uint64_t what = rng_below(&s->rest_rng, 4);
        const int64_t node = (int64_t)rng_below(&s->rest_rng, sc->nodes);
        struct act act = {.at_us = at, .lasts_us = 6 * US_PER_SEC, .fault = FAULT_CUT};
        act.kind = what == 0 ? ACT_LOSS : what == 1 ? ACT_PAUSE : ACT_CUT;
        if (act.kind == ACT_LOSS)
            act.arg[0] = 300;
        else if (act.kind == ACT_PAUSE)
            act = (struct act){.at_us = at,
                               .lasts_us = 3 * US_PER_SEC,
                               .fault = FAULT_PAUSE,
                               .kind = ACT_PAUSE,
                               .arg = {node}};
        else
            act.arg[1] = (int64_t)(1ULL << node);
        add_act(sc, &act);
    }
    script_sort(sc);
}

static double ratio_of(const struct script *sc, struct sim *s)
{
    struct seed_result result;
    seed_run(sc, -1, stdout, &result);
    seed_watch(s);
    if (result.failed)
        sim_fail(s, "a world of this story failed");
    return (double)result.counters.hits / (double)(result.counters.reads + 1);
}

static void hit_ratio(struct sim *s)
{
    struct script sc = {
        .seed = s->cfg.seed, .nodes = 5, .length_us = RATIO_US, .load = SCRIPT_LOAD};
    const double quiet = ratio_of(&sc, s);
    add_faults(s, &sc);
    const double rough = ratio_of(&sc, s);
    script_free(&sc);
    printf("     hit_ratio: %.3f without faults, %.3f with\n", quiet, rough);
    story_expect(s, rough >= 0.9 * quiet, "faults in a tenth of the time cost a tenth of the hits");
}

struct stories stories_promise(void)
{
    static const struct story STORIES[] = {
        {"fenced_storm", 5, 12, fenced_storm,
         "voters restart, stand still and are cut off: no certified read is older than a fence"},
        {"strict_quiet", 5, 3, strict_quiet,
         "without faults 99.99 % of the reads with a bound are certified"},
        {"strict_narrow", 20, 1, strict_narrow,
         "an MTU of 548 that nobody is told of: 99 % of the reads with a bound are certified"},
        {"after_cut", 3, 10, after_cut,
         "cut off, who names a stamp never gets the older value, and soon a newer one"},
        {"needless", 3, 10, needless, "what was pulled kills what it aims at, and nothing else"},
        {"gap_outlived", 3, 5, gap_outlived,
         "what is filled after a gap was heard of outlives the barrier that closes it"},
        {"retired_in_gap", 4, 10, retired_in_gap,
         "when origins are more than there is room for, none ends with dots missing, unbarred"},
        {"client_dies", 3, 10, client_dies,
         "who announced a write, wrote and died counts as having told it when the time is over"},
        {"versions_cross", 3, 10, versions_cross, "of two puts the newer version wins everywhere"},
        {"one_loader", 3, 3, one_loader, "one loads, the others wait or take what is out of date"},
        {"trace_late", 5, 10, trace_late,
         "a trace at any node tells how late each one was, within its error, and that is small"},
        {"hit_ratio", 2, 5, hit_ratio,
         "faults in a tenth of the time cost at most a tenth of the hits"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
