/**
 * net.h - a few ledgers with their heals, a few entries of a cache each, and a lossy network between
 * them, in one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "heal/heal.h"
#include "wire/dots.h"

#define NODES_MAX   4
#define PACKETS_MAX 1024
#define STEP_US     100ULL
#define DELAY_US    (2 * STEP_US)
#define ENTRIES_MAX 64
#define MS          US_PER_MS

/** Node i has id i + 1 and this epoch. */
#define EPOCH(i) (0xE000ULL + (i))

/** The entry of a key, filled at index stamp. */
struct entry {
    uint64_t hash;
    uint64_t stamp;
    bool live;
};

struct net_node {
    void *mem;
    uint64_t epoch; /* of its run: EPOCH(i) at first */
    struct ledger *ledger;
    struct heal *heal;
    bool cut; /* no packet and no stream gets from it or to it */
    struct entry entries[ENTRIES_MAX];
    size_t entries_n;
    uint64_t bars;      /* HEAL_BAR carried out */
    uint64_t touched;   /* sequences closed by buckets */
    uint64_t closings;  /* HEAL_CLOSE carried out */
    uint64_t closed;    /* sequences closed by them */
    uint64_t streams;   /* HEAL_STREAM seen */
    uint64_t sent[32];  /* packets by type */
    uint64_t whole_bar; /* ERR_FULL answered by a whole-cache barrier */
};

struct packet {
    mono_us at;
    size_t from;
    size_t to;
    struct peer_msg msg; /* its slices point into bytes */
    uint8_t bytes[1024];
};

struct net_cfg {
    size_t nodes;
    uint32_t loss; /* per mille */
    uint32_t log_max;
    uint32_t origins_max;
    uint32_t retired_max;
    bool streams; /* do streams get through? */
    bool always;  /* tick each step, not at deadlines only */
    struct heal_cfg heal;
};

struct net {
    struct net_cfg cfg;
    struct rng rng;
    mono_us now;
    struct net_node node[NODES_MAX];
    struct packet *packets; /* a ring in order of time */
    size_t packets_at;
    size_t packets_n;
    uint64_t trace; /* hash of everything sent, and when */
};

/** Two nodes, no loss, a log of 16,384, 1,024 origins, no streams, production's heal. */
struct net_cfg net_cfg_small(void);

/** Make the nodes; all are each other's peers. Free them with net_drop(). */
struct net net_make(const struct net_cfg *cfg);
void net_drop(struct net *net);

/** Node i, whom all take for gone, is another run with an empty cache, which takes over what `donor`
 *  knows; all know it. */
void net_rejoin(struct net *net, size_t i, size_t donor);

/** Node i issues n key dots that nobody is told of. */
void net_issue(struct net *net, size_t i, uint64_t n);

/** Node i covers dot (epoch, seq) with content, however it came. */
void net_take(struct net *net, size_t i, uint64_t epoch, uint64_t seq);

/** As net_take() of a dot that kills the key of this hash. */
void net_kill(struct net *net, size_t i, const struct dot *d);

/** Node i caches the key of this hash, as it is in the source now. */
void net_fill(struct net *net, size_t i, uint64_t hash);

/** Does node i serve its entry of this key? */
bool net_serves(const struct net *net, size_t i, uint64_t hash);

/** Node i is cut off, all take each other for gone; or it is back, and all know it. */
void net_cut(struct net *net, size_t i, bool cut);

/** The hash of the key that net_take() and net_issue() kill with this dot. */
uint64_t net_hash(uint64_t epoch, uint64_t seq);

/** Node `from` sends `to` a packet that says nothing beside its header. */
void net_greet(struct net *net, size_t from, size_t to);

/** Let `us` pass; everybody greets everybody each greet_us (0: never). */
void net_run(struct net *net, uint64_t us, uint64_t greet_us);

/** Are all vectors equal and all gaps closed? */
bool net_equal(const struct net *net);

/** Run, greeting each 10 ms, until net_equal() or the limit. Returns: microseconds it took. */
uint64_t net_settle(struct net *net, uint64_t limit_us);

/** What node i counted. */
struct heal_counters net_counters(const struct net *net, size_t i);

/** The seed of random tests: SEED of the environment, else fixed. */
uint64_t test_seed(void);
