/**
 * link.h - directed links between nodes, as data, and the datagrams on them.
 *
 * A link belongs to a pair of nodes, whatever their addresses. Every datagram draws its own delay, so
 * reordering follows from delay. Numbers only: the same on every machine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/rng.h"
#include "base/slice.h"

#include "queue.h"

struct sim;

struct link {
    bool cut;
    uint16_t loss; /* permille */
    uint16_t dup;  /* permille */
    uint32_t delay_min_us;
    uint32_t delay_mean_us; /* of the exponential part */
    uint32_t queued;        /* datagrams under way */
    uint32_t capacity;      /* more of them are dropped */
};

struct packet {
    uint32_t len;
    uint32_t from; /* node */
    uint16_t from_slot, to_slot;
    uint32_t twin; /* not 0: one of two copies */
    uint8_t bytes[];
};

/** A time from the exponential distribution with this mean; integers only, at most 44 times the mean. */
uint64_t link_exponential(struct rng *r, uint64_t mean);

/** The directed link from one node to another. */
struct link *link_at(struct sim *s, uint32_t from, uint32_t to);

/** One delay of the link. */
uint64_t link_delay(struct sim *s, const struct link *l);

/** Set every link to these values, cuts excepted. */
void link_set_all(struct sim *s, const struct link *values);

/** Send a datagram; it is copied. */
void link_send(struct sim *s, uint32_t from, const struct addr *to, struct slice bytes);

/** A datagram arrives: hand it to whoever has the address now. Returns: whether a node was touched. */
bool link_arrive(struct sim *s, struct event *e);

/** The address of a slot, and back; a slot is one of the world's addresses. */
struct addr link_addr(uint16_t slot);
uint16_t link_slot(const struct addr *addr); /**< 0 = not one of ours */
