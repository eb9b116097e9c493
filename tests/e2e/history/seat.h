/**
 * tests/e2e/history/seat.h - where a thread of an application sits: at one node, or at any of a service.
 *
 * A seat at a node stays there. A seat at a service goes to one of the addresses that its name has at the
 * moment, moves when that address leaves the name or fails, and now and then for no reason. It asks who
 * is there when it sits down, since an address may have another owner by then. Never records anything.
 */
#pragma once

#include <scrubjay/client.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

#define SEAT_NOBODY  '-' /* who it was is not known */
#define SEAT_ADDRESS 32  /* bytes of HOST:PORT, its NUL included */

struct seat {
    struct rng rng;
    struct scrubjay *c;         /* NULL until somebody is asked, and when nobody can be */
    char address[SEAT_ADDRESS]; /* of a service's node, also after it failed */
    char node;                  /* the letter of who is there, SEAT_NOBODY when that is not known */
    uint16_t port;              /* our end of the connection that node was learned by */
};

/** Ask `address` from now on; lends it. Every seat made by seat_at() with this index sits there. */
void seats_add(char node, const char *address);

/** Sit at "NAME:PORT", whose addresses are looked up twice a second by a thread of its own. Nodes are
 *  called prefix0, prefix1, ..., which are the letters a, b, ... Lends prefix. Returns: false when
 *  name is none, or there is no thread. */
bool seats_use_service(const char *name, const char *prefix);

/** How many calls of seats_add() there were. */
size_t seats_nodes(void);

/** Addresses that the service has now, at most n of them. */
size_t seats_now(char (*out)[SEAT_ADDRESS], size_t n);

/** The letter of a node's name: the name itself, or what follows the prefix; SEAT_NOBODY for others. */
char seat_letter(struct scrubjay_bytes name);

/** A seat at the index-th node, or, when a service is used, at any. No call is made yet. */
struct seat seat_at(size_t index, uint64_t seed);

/** A seat at one address of the service, asked who is there; it stays until it is left. */
struct seat seat_of(const char *address);

/** Make s->c ready for the next call. Errors: as of the first calls at a new place; SCRUBJAY_CONNECT and
 *  no s->c when the service has no address. Not OK counts as the call that was to be made. */
enum scrubjay_status seat_take(struct seat *s);

/** At whose node the call was made that ended with status; moves away from one that failed. Whatever
 *  s->c lent is still there. */
char seat_settle(struct seat *s, enum scrubjay_status status);

/** Get up. */
void seat_leave(struct seat *s);
