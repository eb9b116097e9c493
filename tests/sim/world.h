/**
 * world.h - a whole cluster on simulated time: the second driver of the node_* verbs.
 *
 * One event at a time, the earliest first; after each one the touched node is settled (ticked, drained, its
 * deadline read) and checked. A world is made from a seed alone. No clock, socket or thread is ever asked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/rng.h"
#include "cache/cache.h"
#include "node/node.h"
#include "node/view.h"
#include "seal/keyring.h"

#include "acts.h"
#include "announce.h"
#include "batch.h"
#include "checklist.h"
#include "checks.h"
#include "counters.h"
#include "dns.h"
#include "gifts.h"
#include "keys.h"
#include "link.h"
#include "marks.h"
#include "oracle.h"
#include "promise.h"
#include "queue.h"
#include "reader.h"
#include "source.h"
#include "streams.h"
#include "trace.h"
#include "workload.h"

#define SIM_NODES_MAX 64
#define SIM_SLOTS     1024 /* addresses ever in use; slot 0 is none */
#define SIM_START     (3600 * US_PER_SEC)
#define SIM_WALL_MS   1700000000000ULL
#define SIM_EVENTS    12  /* kinds of membership events */
#define SIM_INBOX_MAX 256 /* datagrams that wait for a paused process */
#define SIM_CLUSTER   "sim"
#define SIM_STRANGERS 2 /* nodes of another cluster, behind our own, where there are any */

struct sim_cfg {
    uint64_t seed;
    uint32_t nodes, keys;
    bool sealed;
    uint64_t key_quiet_us; /* as in node_cfg; 0 = as in production */
    int64_t watch;         /* key whose life is printed; -1 = none */
    bool hints;            /* hosts answer for dead processes: NODE_IN_UNREACHABLE */
    bool strangers;        /* there is another cluster, too */
    bool warm_up;          /* who joins takes over entries */
    uint32_t log_max, recent_max, cache_recent, windows_max, tombstones_max;
    uint32_t thin_max, more_bytes, retired_max, checkpoints_max; /* of the ledger */
    uint32_t origins_max; /* processes that ever issue; they are never forgotten */
    uint64_t budget_bytes;
    uint32_t direct_max, burst, burst_min; /* as in node_cfg; 0 = as in production */
    uint32_t expect;    /* nodes that are configured to be there; 0 = nobody said */
    uint32_t fence_ms;  /* D */
    uint32_t strict_ns; /* namespaces that give proven values only, a bit set; needs expect */
};

/** Defaults for a seed: 3 nodes, 192 keys, roomy tables, plain packets. */
struct sim_cfg sim_defaults(uint64_t seed);

/** How often, and when last, a node told of an event of a member. */
struct sim_tally {
    uint32_t n;
    mono_us last_at;
};

struct sim_node {
    uint32_t i;
    char name[16];
    bool up, frozen, left;
    bool foreign;          /* of the other cluster: checked for nothing but that it stays apart */
    bool barred;           /* it never comes back */
    enum seal_mode crypto; /* of its next processes, and of the one that runs */
    uint32_t copies;  /* node + 1 whose random bytes its next process begins with; 0 = its own */
    int32_t rate_ppm; /* how much faster its clock runs */
    mono_us rate_at, rate_local_at; /* since when, in the world's time and in its own */
    uint32_t run;                   /* index into runs */
    uint16_t slot;
    int64_t wall_offset_ms;
    mono_us up_at, thawed_at; /* thawed_at: or booted */
    struct run run_bytes;
    struct node *node;
    struct cache *cache;
    uint8_t *memory;
    size_t memory_used;
    struct event *inbox, *inbox_last;
    uint32_t inbox_datagrams, inputs; /* inputs: since it was last settled */
    struct cache_key *keys;           /* derived once a process */
    struct oracle_view oracle;
    struct checks checks;
    struct gifts gifts;
    struct holds holds;
    uint32_t namesake;         /* the first node of its name */
    struct checks_member most; /* that any process of this name ever took; at the namesake */
    uint64_t pinged;           /* nodes that it sent a PING, a bit set */
    uint64_t datagrams;        /* that it sent, ever */
    struct checks_debt *debts; /* by slot */
    struct sim_tally *events;  /* by member and kind */
    struct sim *sim;           /* for the hooks of its cache */
};

struct sim {
    struct sim_cfg cfg;
    mono_us now;
    uint32_t all;  /* nodes, those of the other cluster included */
    uint64_t core; /* nodes that must agree when all is quiet, a bit set */
    bool failed;
    enum check check; /* which one, when failed */
    char why[256];
    const char *command; /* what reproduces it */
    struct queue queue;
    mono_us wake[SIM_NODES_MAX];
    struct sim_node nodes[SIM_NODES_MAX];
    struct oracle_run *runs;
    uint32_t runs_n, runs_cap;
    uint8_t owner[SIM_SLOTS]; /* node + 1 that has the address */
    uint32_t slots_n;         /* addresses ever given */
    uint8_t owned[SIM_SLOTS]; /* the last one that had it, + 1 */
    bool shared[SIM_SLOTS];   /* was it given to several nodes? */
    struct rng boot_rng, link_rng, loss_rng, dup_rng, flip_rng, replay_rng, dns_rng, stream_rng;
    struct rng rest_rng;
    struct link *links;
    struct copies copies;
    struct recorder recorder;
    struct conns conns;
    struct dns dns;
    struct acts acts;
    struct marks marks;
    struct source source;
    struct workload work;
    struct promises promises;
    struct readers readers;
    struct batches *batches;
    struct announces announces;
    struct policies policies;
    struct policy policy[SOURCE_NAMESPACES]; /* of those that are strict */
    struct trace trace;
    struct keyring ring; /* with which processes begin, where keys has no files */
    struct keys keys;
    struct hkey hkey;
    struct peer_codec *codec; /* of the checks */
    void *codec_memory;
    struct sim_counters counters;
    struct checked checked;
};

/** Make a world of stopped nodes. */
struct sim *sim_new(const struct sim_cfg *cfg);

/** Drop it. */
void sim_free(struct sim *s);

/* ---- what stories say ---- */

/** Flags of sim_restart(). */
#define RESTART_NEW_ADDR 1U

/** Start the process of node i with an empty cache, a new run, and the clock's generation. */
void sim_boot(struct sim *s, uint32_t i);

/** Start all. */
void sim_boot_all(struct sim *s);

/** kill -9: connections end, told or not. */
void sim_crash(struct sim *s, uint32_t i, bool told);

/** Start a new process after delay_us, perhaps at a new address. */
void sim_restart(struct sim *s, uint32_t i, uint64_t delay_us, uint64_t flags);

/** Give node i an address; it must be down, and nobody may have the address. */
void sim_address(struct sim *s, uint32_t i, uint16_t slot);

/** SIGTERM. */
void sim_leave(struct sim *s, uint32_t i);

/** SIGSTOP for that long: packets queue up, timers come late. */
void sim_pause(struct sim *s, uint32_t i, uint64_t us);

/** Cut or mend the link from a to b. */
void sim_cut(struct sim *s, uint32_t a, uint32_t b, bool cut);

/** Cut or mend both ways between the nodes of the bit set and all others. */
void sim_split(struct sim *s, uint64_t side, bool cut);

/** Commit a new version of a key, and tell node i. Returns: was it accepted? */
bool sim_invalidate(struct sim *s, uint32_t i, uint32_t key);

/** Hand an input to a node and settle it. */
void sim_input(struct sim *s, uint32_t i, const struct node_in *in);

/** One event. Returns: false when nothing is left to happen, or something failed. */
bool sim_step(struct sim *s);

/** Let time pass. */
void sim_run(struct sim *s, uint64_t us);

typedef bool sim_predicate(struct sim *s, void *ctx);

/** Step until it holds, looked at after every event, for at most limit_us. Returns: does it? */
bool sim_run_until(struct sim *s, sim_predicate *holds, void *ctx, uint64_t limit_us);

/** All nodes of the core that are up agree on members and vectors, and nothing is open. */
bool sim_settled(struct sim *s, void *ctx);

/** From now on the clock of node i runs ppm millionths faster than the world's. */
void sim_clock_rate(struct sim *s, uint32_t i, int32_t ppm);

/** What the clock of node i says now. */
mono_us sim_local(const struct sim *s, uint32_t i);

/** When the clock of node i will say `local`, or did at the latest. */
mono_us sim_world_time(const struct sim *s, uint32_t i, mono_us local);

/* ---- for the parts of the world ---- */

/** End the simulation: a named check was broken. The first reason stays. */
void sim_violate(struct sim *s, enum check check, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** End the simulation: a story's claim does not hold. The first reason stays. */
void sim_fail(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Plan an event for a node, for the process with index run (or RUN_ANY). */
struct event *sim_plan(struct sim *s, mono_us at, enum event_kind kind, uint32_t node);

/** Hand an event to whatever it belongs to. Returns: was the node's machine touched? */
bool sim_happen(struct sim *s, struct event *e);

/** Tick, drain, read the deadline, check. */
void sim_settle(struct sim *s, struct sim_node *n);

/** Print a line of the life of a key, when it is the one that is watched. */
void sim_watch(struct sim *s, uint32_t key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Print why it failed, what happened last, and how the nodes stand. */
void sim_report(struct sim *s, FILE *out);

#include "checked.h" /* after the types that they look at */
#include "look.h"
