/**
 * load/lane.h - one thread of the loader: its loop, its connections, what it asks and counts.
 *
 * A lane touches nothing of other lanes. Never reads the command line, nor prints.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ev.h>

#include "load/conn.h"
#include "load/job.h"
#include "load/keys.h"
#include "load/stencil.h"
#include "load/tally.h"

struct lane {
    struct job *job;
    uint32_t lane_i;
    struct ev_loop *loop;
    struct conn *conns;
    uint32_t conns_n, conns_lost;
    struct stencil stencils[VERBS];
    struct keys keys;
    struct rng rng;
    uint8_t *in; /* what was read last */
    size_t in_cap;
    uint64_t cursor;    /* of the stages that visit every key */
    uint64_t in_flight; /* requests */
    uint64_t hits_seen; /* for the share that is compared */
    struct tally tally;
    struct ev_timer end, stall;
    _Atomic uint64_t answered; /* replies in this stage; others may read it */
    uint64_t stall_seen;       /* of them, to notice when none comes */
    struct ev_io alarm;        /* of a timerfd: the next request of a schedule is due */
    uint64_t scheduled;        /* requests of the schedule that were sent */
    uint32_t turn;             /* whose turn it is to send the next one */
};

/** Begin lane number lane_i with its share of the job's connections, which are opened. */
void lane_init(struct lane *l, struct job *job, uint32_t lane_i);

/** Close everything. */
void lane_fini(struct lane *l);

/** Do this lane's part of the job's stage. Returns when that is done. */
void lane_run(struct lane *l);

/* ---- for conn.c ---- */

/** The stencil of a verb, made when it is first wanted. */
const struct stencil *lane_stencil(struct lane *l, enum verb verb);

/** A reply came to what was asked in `slot`, which is free again: count it, ask what follows from it. */
void lane_answered(struct lane *l, struct conn *c, const struct slot *slot,
                   const struct reply *reply, uint64_t now_ns);

/** Ask on c what there is to ask now; end the stage when nothing is left. */
void lane_refill(struct lane *l, struct conn *c);

/** A connection is gone, and with it n answers. */
void lane_lost(struct lane *l, uint32_t n, const char *why);
