/**
 * load/conn.h - one connection: requests written, replies matched to them.
 *
 * A turn reads once, and writes once for all that it asked. Never decides what to ask, nor counts:
 * that is load/lane.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

#include "load/protocol.h"

struct lane;

/** A request. */
struct ask {
    enum verb verb;
    uint32_t key;
    const uint8_t *token; /* FILL, where there are tokens */
    uint64_t due_ns;      /* when it should be sent */
};

/** A request under way. */
struct slot {
    enum verb verb;
    bool busy;
    uint32_t key;
    uint64_t due_ns, sent_ns;
};

struct conn {
    struct lane *lane;
    int fd; /* -1: lost */
    struct ev_io reader, writer;
    struct slot *slots;
    uint16_t *free; /* a stack of slots */
    uint32_t free_n;
    uint16_t *order; /* a ring of slots under way, for replies without ids */
    uint32_t head;
    uint8_t *out; /* requests not sent yet */
    size_t out_at, out_len, out_cap;
    uint8_t *kept; /* the beginning of a reply */
    size_t kept_len, kept_cap;
};

/** Begin with an open socket, which is taken; it must not be moved while its lane's loop runs. */
void conn_init(struct conn *c, struct lane *lane, int fd);

/** Close, and release the memory. */
void conn_fini(struct conn *c);

/** Write a request behind the others; a slot must be free (asserted). */
void conn_ask(struct conn *c, const struct ask *ask, uint64_t now_ns);

/** Send what was asked, as far as the socket takes it; the rest follows by itself. */
void conn_flush(struct conn *c);
