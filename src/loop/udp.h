/**
 * loop/udp.h - the gossip socket: datagrams in batches, and what the network says about sent ones.
 *
 * Never fragments: a datagram longer than its path comes back as UDP_TOO_BIG. Never queues: what the
 * system does not take at once is dropped and counted, as the network itself might do.
 */
#pragma once

#include <stdint.h>

#include "base/addr.h"
#include "base/slice.h"

#define UDP_BATCH 64 /* datagrams of one turn */

struct ev_loop;

/** What became of a datagram that we sent. */
enum udp_failure {
    UDP_UNREACHABLE, /* its host refused it */
    UDP_TOO_BIG      /* longer than the path allows */
};

/** Who is told; all are called on the loop's thread. */
struct udp_events {
    void *ctx;
    void (*datagram)(void *ctx, const struct addr *from,
                     struct slice bytes); /* lent for the call */
    void (*failed)(void *ctx, enum udp_failure failure, const struct addr *to); /* also in sends */
    void (*batch_end)(void *ctx); /* after up to UDP_BATCH of the above */
};

struct udp_counters {
    uint64_t in, out, dropped_out, refused, too_big;
};

struct udp;

/** Serve a bound, non-blocking socket, which is taken (also on errors). NULL = no memory. */
struct udp *udp_new(struct ev_loop *ev, int fd, const struct udp_events *events);

/** Close the socket. NULL is allowed. */
void udp_free(struct udp *u);

/** Send bytes to `to`, or drop them. Copies. */
void udp_send(struct udp *u, const struct addr *to, struct slice bytes);

/** Counters since start. */
struct udp_counters udp_counters(const struct udp *u);
