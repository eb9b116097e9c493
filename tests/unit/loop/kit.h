/**
 * tests/unit/loop/kit.h - a whole node in this process, its control loop in a thread of its own, and
 * clients over loopback.
 */
#pragma once

#include "loop/inside.h"
#include "wire/client_answer.h"

#include "records.h"

#define KIT_VALUE_MAX (1U << 20)

/** The node. */
extern struct loop *kit_loop;

/** A small node without peers and with two workers, on any free ports. */
struct loop_cfg kit_cfg(void);

/** Make the node without starting it; kit_end() stops it. */
void kit_make(const struct loop_cfg *cfg);

/** A small node of its own whose threads do not run: nobody empties its queues. It logs there. The caller
 *  frees it. */
struct loop *kit_still(int log_fd);

/** Run what kit_make() made. */
void kit_launch(void);

/** Stop, join and release; expects that it ended well. */
void kit_end(void);

/** Hold control: it does nothing at all until it is let go. Returns when it stands still. */
void kit_hold(void);
void kit_let_go(void); /**< see above */

/** Counters of the node, all workers together. */
struct loop_counters kit_counters(void);

/** A client with one connection. */
struct client {
    int fd;
    struct client_codec *codec;
    void *memory;
    uint8_t *frame; /* the last reply */
    uint32_t id;
    struct records *records; /* NULL = what it says and hears is in none */
};

/** Connect. Blocks like every call below. */
struct client kit_dial(void);

/** Close and release. */
void kit_hang_up(struct client *c);

/** From now on c says and hears records. Copies keys. */
void kit_seal(struct client *c, const struct tunnel *keys);

/** Send bytes, in records if c is sealed. */
void kit_send(const struct client *c, struct slice bytes);

/** Send a request, with the next id; false: the node has closed the connection. */
bool kit_offer(struct client *c, struct client_request r);

/** Likewise, to a node that has not. Returns: the id. */
uint32_t kit_ask(struct client *c, struct client_request r);

/** The next frame; false when the node closed the connection. Lends until the next one. */
bool kit_next(struct client *c, struct client_reply *reply);

/** Send a request and read its reply, which must be the next frame. */
struct client_reply kit_call(struct client *c, struct client_request r);

/** The next frame, which must be the reply to a get of this id. */
struct client_got kit_got(struct client *c, uint32_t id);

/** A get of a key in the default namespace. */
struct client_got kit_get(struct client *c, const char *key);

/** A fill of it; token as a MISS gave it. */
struct client_stored kit_fill(struct client *c, const char *key, const char *value,
                              struct slice token);

/** A put of it. */
struct client_reply kit_put(struct client *c, const char *key, struct slice value);

/** A request whose result is `[stamp, acks]`, without error. */
struct client_acked kit_acked(struct client *c, struct client_request r);

/** An invalidation of one key. */
struct client_acked kit_invalidate(struct client *c, const char *key);
