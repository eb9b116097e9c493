/**
 * promise.h - what replies have promised to callers, and whether it is so.
 *
 * Commands that wait for a level are answered later: what they say is compared with what the nodes have
 * covered at that moment. What a fence promised is kept, and every read with a bound is held against it.
 * Recent stamps are kept, so that readers can name them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "node/node.h"

#include "floors.h"
#include "workload.h"

#define PROMISE_TICKETS 1024 /* tickets of promises begin here */
#define PROMISES_MAX    512  /* open at one time */
#define STAMPS_KEPT     64
#define HELD_KEPT       32

struct sim;
struct sim_node;

/** The dots that one reply named. */
struct stamped {
    uint32_t run;
    uint64_t seq;   /* the last one */
    uint32_t count; /* of them */
    mono_us at;     /* when they were issued */
};

/** A command whose reply is to come. */
struct promise {
    bool open;
    uint64_t ticket;
    uint32_t run;
    uint64_t seq;  /* of its last dot */
    uint32_t dots; /* that its reply is to name */
    mono_us since, since_local;
    uint64_t seen; /* nodes that its node held alive then, a bit set */
    struct change change;
};

struct promises {
    struct promise at[PROMISES_MAX];
    uint64_t given;
    struct stamped stamps[STAMPS_KEPT]; /* a ring */
    uint32_t stamps_n;
    struct stamped held[HELD_KEPT]; /* a ring: what a majority held at the moment `at` */
    uint32_t held_n;
    struct floors fenced; /* what was promised to every read with a bound */
};

/** Begin without promises, and give the memory back. */
void promises_init(struct sim *s);
void promises_free(struct sim *s); /**< see above */

/** A command of this node, of so many dots up to seq, is about to wait for its level. Returns: its
 *  ticket. */
uint64_t promise_open(struct sim *s, struct sim_node *n, const struct change *change, uint64_t seq,
                      uint32_t dots);

/** It is answered for one dot, seq, in the place of all that were expected. */
void promise_fold(struct sim *s, uint64_t ticket, uint64_t seq);

/** Was the command taken, so that its reply is to come, or has come? */
bool promise_accepted(struct sim *s, uint64_t ticket);

/** A reply with a promise's ticket. */
void promise_reply(struct sim *s, struct sim_node *n, const struct node_reply *reply);

/** Dots up to named->seq were issued and told to their caller, who may name them from now on. */
void promise_stamped(struct sim *s, const struct sim_node *n, const struct stamped *named);

/** A recent stamp, drawn; NULL when there is none. Lends. */
const struct stamped *promise_stamp(struct sim *s);

/** Has the node covered this dot? */
bool promise_covers(struct sim *s, const struct sim_node *n, uint32_t run, uint64_t seq);

/** A read with a bound that fences protect gave this state (I2' for all that fences promised). */
void promise_certified(struct sim *s, const struct sim_node *n, uint32_t state);

/** Does the node know whatever a majority held before its horizon (I11)? And were all promises that are
 *  due kept or refused (S19)? Now and then. */
void promise_audit(struct sim *s, struct sim_node *n);
