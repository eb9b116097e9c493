/**
 * link.h - directed links between nodes, as data, and the datagrams on them.
 *
 * A link belongs to a pair of nodes, whatever their addresses. Every datagram draws its own delay, so
 * reordering follows from delay. Numbers only: the same on every machine.
 * Source: bursts after Gilbert (1960) and Elliott (1963): a link is good or bad, and bad ones carry
 * nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rng.h"
#include "base/slice.h"

#include "queue.h"

struct sim;

/** What is so for a link until it is set anew; link_set_all() sets these. */
struct link {
    bool cut;           /* by hand */
    bool bad;           /* in a burst */
    bool mtu_told;      /* who sends too long a datagram is told so */
    uint16_t cuts;      /* acts that cut it now */
    uint16_t loss;      /* permille */
    uint16_t dup;       /* permille */
    uint16_t flip;      /* permille */
    uint16_t burst;     /* permille of the datagrams that meet a burst */
    uint16_t burst_len; /* mean length of one, datagrams; 0 = none */
    uint16_t types;     /* bit set of messages that it does not carry, by enum peer_type */
    uint16_t mtu;       /* longest payload; 0 = any */
    uint32_t delay_min_us;
    uint32_t delay_mean_us; /* of the exponential part */
    uint32_t us_per_kib;    /* time on the wire; 0 = none */
    uint32_t queued;        /* datagrams under way */
    uint32_t capacity;      /* more of them are dropped */
    mono_us free_at;        /* when the wire is free again */
    mono_us clogged_until;  /* nothing arrives before */
};

/** What became of a datagram on its way. */
enum packet_fate {
    PACKET_WHOLE,
    PACKET_DAMAGED, /* bits changed, or its end is missing */
    PACKET_REPLAYED /* recorded earlier, sent again by the network */
};

#define SIM_DELAY_MIN_US  100 /* of links on which nothing goes wrong */
#define SIM_DELAY_MEAN_US 200
#define SIM_CAPACITY      100000
#define FOR_ANYBODY       UINT32_MAX

struct packet {
    uint32_t len;
    uint32_t from; /* node */
    uint16_t from_slot, to_slot;
    uint32_t
        meant_for; /* the node that had the address when it was sent; FOR_ANYBODY: several had */
    uint32_t copy; /* not 0: there are others of this number */
    enum packet_fate fate;
    uint8_t bytes[];
};

/** Which process believed which datagram of those that have copies; the oldest are forgotten. */
struct copies {
    uint32_t n;    /* numbers given */
    uint32_t mask; /* of `at` */

    struct copy {
        uint32_t number;
        uint32_t believer; /* index of its run, or RUN_ANY */
    } * at;
};

/** Datagrams recorded by the network, the oldest overwritten. */
struct recorder {
    struct packet **ring;
    uint32_t n, max; /* recorded ever; 0 = nothing is recorded */
    uint32_t permille;
};

/** A time from the exponential distribution with this mean; integers only, at most 44 times the mean. */
uint64_t link_exponential(struct rng *r, uint64_t mean);

/** The directed link from one node to another. */
struct link *link_at(struct sim *s, uint32_t from, uint32_t to);

/** Does it carry nothing, by hand or by an act? */
bool link_is_cut(const struct link *l);

/** One delay of the link. */
uint64_t link_delay(struct sim *s, const struct link *l);

/** Set every link to these values, cuts and what is under way excepted. */
void link_set_all(struct sim *s, const struct link *values);

/** Begin to record, `max` datagrams at most, and to send permille of them again. */
void link_record(struct sim *s, uint32_t permille, uint32_t max);

/** Send a recorded datagram, any of them, to a node, now. */
void link_replay(struct sim *s, uint32_t to);

/** Send a datagram; it is copied. */
void link_send(struct sim *s, uint32_t from, const struct addr *to, struct slice bytes);

/** A datagram arrives: hand it to whoever has the address now; or word of what became of one. Returns:
 *  whether a node was touched. */
bool link_arrive(struct sim *s, struct event *e);

/** A datagram that waited for its process is dropped with it. */
void link_forget(struct sim *s, const struct event *e);

/** Forget what was recorded. */
void link_fini(struct sim *s);

/** The address of a slot, and back; a slot is one of the world's addresses. */
struct addr link_addr(uint16_t slot);
uint16_t link_slot(const struct addr *addr); /**< 0 = not one of ours */
