/* What membership costs while nothing happens, and how soon a crash is known, from 3 to 1,000 nodes.
 * TABLE=1 prints the table of src/swim/README.md, TABLE=64 the row of 64 nodes. LONG=1 also rests among 1,000. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

#define MINUTE      (60 * US_PER_SEC)
#define CRASHES_MAX 16
#define GOAL_BPS    1500 /* sent by a node at rest; what it hears is as much again */

static struct world *begin(uint32_t nodes)
{
    const struct world_cfg cfg = {.seed = world_env_seed(), .nodes = nodes};
    struct world *w = world_new(&cfg);
    world_start_all(w);
    cr_assert(world_run_until(w, world_agrees, 0, 120 * US_PER_SEC), "seed %" PRIu64, cfg.seed);
    printf("%4u nodes, started at once: all agree after %" PRIu64 " ms\n", nodes,
           world_now(w) / 1000);
    return w;
}

/* One pass over all members is N periods: whoever missed a change has shown it by then. */
static void settle(struct world *w, uint32_t nodes)
{
    world_run(w, 20 * US_PER_SEC + nodes * 500 * US_PER_MS);
}

/* ---- idle ---- */

struct idle {
    uint64_t datagrams_bps; /* sent by the mean node, bytes a second */
    uint64_t streams_bps;
    uint64_t rest_bps;
    uint64_t bps;      /* all of it */
    uint64_t wire_bps; /* with IPv4 and UDP headers on the datagrams */
    uint64_t gossips, records;
};

static struct idle measure_idle(struct world *w, uint32_t nodes, uint32_t minutes, const char *when)
{
    const struct world_traffic a = world_traffic(w);
    const uint64_t records = world_stream_records(w);
    world_run(w, minutes * MINUTE);
    const struct world_traffic b = world_traffic(w);
    const uint64_t share = 60ULL * minutes * nodes;
    struct idle idle = {.datagrams_bps = (b.datagram_bytes - a.datagram_bytes) / share,
                        .streams_bps = (b.stream_bytes - a.stream_bytes) / share,
                        .rest_bps = world_minute_bytes(w) / 60,
                        .gossips = b.gossips - a.gossips,
                        .records = world_stream_records(w) - records};
    idle.bps = idle.datagrams_bps + idle.streams_bps + idle.rest_bps;
    idle.wire_bps = idle.bps + 28 * (b.datagrams - a.datagrams) / share;
    printf("%4u nodes, %-22s: sent per node %4" PRIu64 " B/s (datagrams %" PRIu64 ", syncs %" PRIu64
           ", comparing %" PRIu64 "), with IP and UDP headers %" PRIu64 " B/s\n",
           nodes, when, idle.bps, idle.datagrams_bps, idle.streams_bps, idle.rest_bps,
           idle.wire_bps);
    fflush(stdout);
    return idle;
}

static void expect_rest(const struct idle *idle)
{
    cr_expect_eq(idle->gossips, 0, "rumours were still told");
    cr_expect_eq(idle->records, 0, "syncs found a difference");
    cr_expect_leq(idle->bps, GOAL_BPS, "%" PRIu64 " B/s sent", idle->bps);
}

/* Each node begins a full sync every 30 s, equal views or not, to find what a hash cannot show; it must find
 * nothing. Once dots were issued, packets also tell heads and covers: that is the state in which clusters
 * spend their lives. */
static void rest(uint32_t nodes, uint32_t minutes)
{
    struct world *w = begin(nodes);
    settle(w, nodes);
    const struct idle quiet = measure_idle(w, nodes, minutes, "nobody ever issued");
    world_issued(w);
    const struct idle issued = measure_idle(w, nodes, minutes, "everybody once issued");
    world_free(w);
    expect_rest(&quiet);
    expect_rest(&issued);
    /* Who sends is somebody's receiver: without losses, as much comes in as goes out. */
    cr_expect_leq(2 * quiet.bps, GOAL_BPS, "%" PRIu64 " B/s in and out", 2 * quiet.bps);
}

Test(scale, a_hundred_steady_nodes_have_nothing_to_tell_for_ten_minutes)
{
    rest(100, 10);
}

Test(scale, a_thousand_steady_nodes_have_nothing_to_tell)
{
    if (getenv("LONG") != NULL)
        rest(1000, 2);
}

/* ---- crashes ---- */

struct detection {
    uint32_t n;
    uint64_t first[CRASHES_MAX], last[CRASHES_MAX]; /* us after the crash, sorted */
    uint64_t back[CRASHES_MAX];                     /* us after its restart: all agree, sorted */
};

static int rising(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static mono_us first_fail(struct world *w, uint32_t nodes, const char *name, mono_us since)
{
    mono_us first = NEVER;
    for (uint32_t i = 0; i < nodes; i++) {
        const struct world_event *e = world_last(w, i, SWIM_FAIL, name);
        if (e != NULL && e->at >= since)
            first = time_min(first, e->at);
    }
    return first;
}

static void crash_one(struct world *w, uint32_t nodes, uint32_t who, struct detection *d)
{
    char name[16];
    snprintf(name, sizeof name, "n%u", who);
    const mono_us at = world_now(w);
    world_crash(w, who);
    cr_assert(world_run_until(w, world_buried, who, 120 * US_PER_SEC));
    d->first[d->n] = first_fail(w, nodes, name, at) - at;
    d->last[d->n] = world_last(w, WORLD_NODES, SWIM_FAIL, name)->at - at;
    const mono_us back_at = world_now(w);
    world_start(w, who);
    world_seed(w, who, (who + 1) % nodes);
    cr_assert(world_run_until(w, world_agrees, 0, 60 * US_PER_SEC));
    d->back[d->n++] = world_now(w) - back_at;
    world_run(w, 5 * US_PER_SEC + who * 77773); /* the next begins at another point of the rounds */
}

static struct detection measure_crashes(struct world *w, uint32_t nodes, uint32_t crashes)
{
    struct detection d = {0};
    for (uint32_t i = 0; i < crashes; i++)
        crash_one(w, nodes, (i * 7 + 1) % nodes, &d);
    cr_expect_eq(world_count(w, WORLD_NODES, SWIM_FAIL, NULL), crashes * (nodes - 1),
                 "somebody else was declared dead");
    qsort(d.first, d.n, sizeof *d.first, rising);
    qsort(d.last, d.n, sizeof *d.last, rising);
    qsort(d.back, d.n, sizeof *d.back, rising);
    printf("%4u nodes, %2u restarts: all agree after %" PRIu64 " ms (median; worst %" PRIu64 ")\n",
           nodes, d.n, d.back[d.n / 2] / 1000, d.back[d.n - 1] / 1000);
    printf("%4u nodes, %2u crashes: the first knows after %" PRIu64 " ms (median; worst %" PRIu64
           "), all after %" PRIu64 " ms (worst %" PRIu64 ")\n",
           nodes, d.n, d.first[d.n / 2] / 1000, d.first[d.n - 1] / 1000, d.last[d.n / 2] / 1000,
           d.last[d.n - 1] / 1000);
    fflush(stdout);
    return d;
}

Test(scale, a_crash_among_256_is_known_everywhere_within_10_seconds)
{
    struct world *w = begin(256);
    world_run(w, 5 * US_PER_SEC);
    const struct detection d = measure_crashes(w, 256, 2);
    world_free(w);
    cr_expect_leq(d.last[d.n - 1], 10 * US_PER_SEC);
}

/* ---- the table ---- */

static void print_rows(uint32_t nodes)
{
    struct world *w = begin(nodes);
    settle(w, nodes);
    const struct idle quiet = measure_idle(w, nodes, 2, "nobody ever issued");
    world_issued(w);
    const struct idle issued = measure_idle(w, nodes, 2, "everybody once issued");
    expect_rest(&quiet);
    expect_rest(&issued);
    (void)measure_crashes(w, nodes, nodes < 1000 ? CRASHES_MAX : 5);
    (void)measure_idle(w, nodes, 1, "the same, after a crash");
    world_free(w);
}

Test(scale, table)
{
    static const uint32_t sizes[] = {3, 10, 64, 256, 1000};
    if (getenv("TABLE") == NULL)
        return;
    const uint32_t only = (uint32_t)strtoul(getenv("TABLE"), NULL, 10);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (only <= 1 || only == sizes[i])
            print_rows(sizes[i]);
}
