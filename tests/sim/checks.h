/**
 * checks.h - what must hold after every event at the node that it touched.
 *
 * Looks only through node/view.h and at what the node says. A violation ends the simulation.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "node/view.h"

#define CHECKS_SAID_MAX    64   /* of one input but dots and frames, and one for each member */
#define CHECKS_OUTPUTS_MAX 5000 /* outputs of one input; a frame brings some 4,000 dots */
#define CHECKS_PROBES      16   /* latest relayed probes of a node */
#define CHECKS_RELAYS_MAX  3
#define CHECKS_PERIOD_US   (500 * US_PER_MS)  /* between two probes of a node */
#define CHECKS_GAP_US      (2500 * US_PER_MS) /* T_gap, which is 2 s, and a little */

struct sim;
struct sim_node;
struct event;

/** What a node held of a member when last looked at. */
struct checks_member {
    bool known;
    enum swim_state state;
    uint64_t generation;
    uint32_t version;
    uint64_t epoch;
};

/** What is remembered of one process between two events. */
struct checks {
    uint64_t index, view_hash, vector_hash, gaps;
    uint32_t events;
    uint32_t idle_ticks; /* deadlines in the past, in a row, at one time */
    mono_us idle_at;
    bool told;                     /* the event said something of members */
    struct checks_member *members; /* by node */

    struct { /* a repeated try asks anew, under the same challenge */
        uint64_t challenge;
        mono_us at;
        uint32_t relays;
    } probes[CHECKS_PROBES];

    uint32_t probes_n;
};

/** Bytes exchanged with an address before anybody there was proven. */
struct checks_debt {
    uint64_t received, answered;
    bool proven;
};

/** Begin a new process run. */
void checks_begin(struct sim *s, struct sim_node *n);

/** The node tells that `about` is DEAD: had it time to object? */
void checks_failed(struct sim *s, const struct sim_node *n, uint32_t about);

/** Look at the node after an event. */
void checks_after(struct sim *s, struct sim_node *n);

/** Look at its deadline, when it did nothing. */
void checks_idle(struct sim *s, struct sim_node *n);

/** Look at a datagram that a node sends to an address. */
void checks_datagram(struct sim *s, struct sim_node *n, uint16_t slot, struct slice bytes);

/** Look at a frame that a node says on a stream. */
void checks_frame(struct sim *s, struct sim_node *n, struct slice bytes);

/** A datagram arrives from an address. */
void checks_received(struct sim *s, struct sim_node *n, uint16_t slot, uint64_t len);

/** Plain packets: the type of the message inside, 0 when it cannot be told. */
uint8_t checks_type(struct slice bytes);

/** Now and then: look at what is too long to look at after every event, at every node that is up. */
void checks_audit(struct sim *s);
