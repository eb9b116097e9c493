/**
 * announce.h - announced writes: begin, the write itself, then commit or abort, by clients that die.
 *
 * A client writes its source only while its own announcement lasts. Where it dies, the end of the time
 * counts as a commit. While a node holds an announcement it stores nothing under its key. Some clients
 * put what they wrote, with the token of their announcement, in time or late, more than once, before
 * and after a commit; some fill with that token what they read before.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "workload.h"

#define ANNOUNCED_MAX 256 /* under way at one time */
#define HOLDS_MAX     256 /* BEGINs held by one process; those beyond are not checked */

struct sim;
struct sim_node;
struct event;
struct dot;

/** One announced write. */
struct announced {
    bool used;
    bool written; /* the source has changed */
    bool orphan;  /* its client died after that */
    bool aborts;
    bool has_token;
    uint32_t number;
    uint32_t key, where, run, commit, ms;
    uint32_t before, state; /* what the source held when it was announced, and what was written */
    uint64_t seq;           /* of its BEGIN */
    mono_us begun_at;
    uint8_t token[TOKEN_LEN]; /* of its node, when has_token */
};

/** A BEGIN that took effect at a node and has not ended there. */
struct hold {
    bool doubted; /* its end may not have been told */
    uint32_t key;
    uint64_t epoch, seq;
    mono_us until; /* on the node's clock */
};

/** Those of one process, in no order: whoever stores anything looks at all of them. */
struct holds {
    struct hold at[HOLDS_MAX];
    uint32_t n;
};

struct announces {
    struct announced at[ANNOUNCED_MAX];
    uint32_t given;
};

/** A client announces a write of key at a node. */
void announce_begin(struct sim *s, uint32_t where, uint32_t key);

/** The reply to a command of an announced write. */
void announce_reply(struct sim *s, const struct change *change, const struct node_reply *reply);

/** Would a put with this txn at the node end an announcement of its key, whose hash this is, as far as the
 *  node knows? */
bool announce_open(const struct sim_node *n, const struct stamp *txn, uint64_t key);

/** CLIENT_ANNOUNCE, CLIENT_DEADLINE. */
void announce_event(struct sim *s, struct sim_node *n, struct event *e);

/** A dot took effect at a node; or so many at once that not all were told. */
void announce_applied(struct sim *s, struct sim_node *n, const struct dot *d, uint32_t key);
void announce_everything(struct sim_node *n); /**< see above */

/** A value of this key was stored at a node: was that allowed? Fails the simulation. */
void announce_stored(struct sim *s, struct sim_node *n, uint32_t key);

/** Has every announcement ended that ran out at this node? Now and then. */
void announce_audit(struct sim *s, struct sim_node *n);

/** When all is quiet: is what dead clients wrote served as it was before? Fails the simulation. */
void announce_end(struct sim *s);
