/**
 * workload.h - clients: they read through the cache, fill it, and invalidate what they changed.
 *
 * A reader that misses takes its token, reads the source after a while and fills after a while. A
 * writer commits first, then invalidates, somewhere, after a while. Some put, with or without a token.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "cache/token.h"
#include "node/node.h"

#include "queue.h"

struct sim;
struct sim_node;

struct workload_cfg {
    uint32_t ops_per_s;      /* of each node; 0 = none */
    uint32_t write_permille; /* of the operations */
    uint32_t wide_permille;  /* of the writes: tags, prefixes, namespaces */
    uint32_t put_permille;   /* of the writes */
    uint64_t think_us;       /* mean time of a source read, and of a fill's way back */
    uint64_t tell_us;        /* mean time from commit to invalidation */
};

/** A reader between its miss and its fill. */
struct fetch {
    uint32_t key, state;
    uint8_t token[TOKEN_LEN];
};

/** A writer between its commit and its command. */
struct intent {
    enum dot_kind kind;
    uint32_t key, state;
    uint32_t target; /* as in oracle_dot */
    uint32_t commit; /* of the write itself */
    bool has_token;
    uint8_t token[TOKEN_LEN];
};

/** A put whose dot was issued: its worker has yet to store the value, and other dots may come between. */
struct storing {
    struct intent intent;
    uint64_t index;
};

struct workload {
    struct workload_cfg cfg;
    bool on;
    struct rng rng;
    const struct intent *intent; /* whose reply is awaited */
    struct node_reply reply;     /* the last one */
    bool replied;
};

/** Start clients at every node. */
void workload_begin(struct sim *s, const struct workload_cfg *cfg);

/** No new operations; what is under way ends. */
void workload_stop(struct sim *s);

/** EVENT_OP, EVENT_FETCH, EVENT_FILL, EVENT_ISSUE, EVENT_STORE. Returns: was the node itself touched? */
bool workload_event(struct sim *s, struct event *e);

/** A reply came out of a node. */
void workload_reply(struct sim *s, struct sim_node *n, const struct node_reply *reply);

/** Read a key at a node: a hit is held against the oracle; a miss leads to a fill when there is a token.
 *  Returns: was it a hit? */
bool workload_read(struct sim *s, struct sim_node *n, uint32_t key);

/** Issue one dot at a node, now. kind and target as in oracle_dot. Returns: was it accepted? */
bool workload_issue(struct sim *s, struct sim_node *n, const struct intent *intent);

/** Fill key with state and a token, and tell the oracle. Returns: what the cache said. */
enum cache_reason workload_fill(struct sim *s, struct sim_node *n, const struct fetch *fetch);
