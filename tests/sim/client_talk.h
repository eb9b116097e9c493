/**
 * client_talk.h - a client that speaks the protocol with a node, through the functions of a worker.
 *
 * Each request is encoded, framed, decoded, run and answered as in production, only without a socket.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/token.h"
#include "node/command.h"

struct sim;
struct sim_node;
struct talk;

struct talk_got {
    bool hit;
    size_t token_len;
    uint8_t token[TOKEN_LEN];
};

/** A node's clock, as command_run() reads it. */
struct talk_clock {
    const struct sim *s;
    uint32_t i;
};

/** What command_run() needs of a node. Lends n, and the clock, which is set here. */
struct command_ctx talk_context(const struct sim *s, const struct sim_node *n,
                                struct talk_clock *clock);

/** Begin to speak. */
struct talk *talk_new(struct sim *s);

/** End. */
void talk_free(struct talk *t);

/** Get a key from a node; a hit is held against the oracle. */
struct talk_got talk_get(struct talk *t, uint32_t node, uint32_t key);

/** Fill a key with the source's present value and the token of a miss. Returns: was it stored? */
bool talk_fill(struct talk *t, uint32_t node, uint32_t key, const struct talk_got *miss);

/** Commit a new version, then invalidate the key at a node. Returns: was it stamped? */
bool talk_invalidate(struct talk *t, uint32_t node, uint32_t key);

/** Commit a new version, then put it at a node, without a token. Returns: was it stamped? */
bool talk_put(struct talk *t, uint32_t node, uint32_t key);

/** Do what a client does with this key: mostly read, and fill after a miss. */
void talk_round(struct talk *t, uint32_t node, uint32_t key);
