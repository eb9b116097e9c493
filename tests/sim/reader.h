/**
 * reader.h - readers that ask for more: not older than a stamp, within a bound, one loader for all.
 *
 * A request is decoded, run and answered as in production, by the functions of a worker, only without
 * bytes on a socket. Its answer is held against what the options promise.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/dot.h"

#include "promise.h"

#define WAITING_MAX 256 /* readers at one time that wait for another's load */

struct sim;
struct sim_node;
struct event;
struct reader_codec;

/** One read with conditions, from request to answer. */
struct reading {
    uint32_t key;
    uint64_t caller;
    uint32_t wait_ms, within_ms;
    bool stale, waited;
    bool many; /* one key of several: who asked fills them itself */
    bool has_stamp;
    struct stamped stamp;
    struct stamped also; /* another stamp; count 0 = none */
};

/** A reader that waits for another's load. */
struct waiting {
    bool used;
    uint64_t number;
    uint32_t run;
    uint64_t hash;
    struct reading reading;
};

/** Who was told to load a key, as its node's worker said it. */
struct loading {
    uint32_t run;
    bool over;
    bool gone; /* its caller went, and its node was told */
    uint64_t caller;
    mono_us until; /* on the node's clock */
};

struct readers {
    struct waiting waiting[WAITING_MAX];
    struct loading *loading; /* by node and key */
    bool *aborted;    /* keys of which an announced write was: no node tells when that ends loads */
    uint64_t callers; /* numbers given */
    struct reader_codec *codec;
};

/** How a read ended. */
enum read_end {
    READ_HIT,
    READ_STALE,
    READ_MISS,
    READ_WAIT, /* turned away, or still waiting */
    READ_UNPROVEN,
    READ_ERROR
};

/** Begin, and give the memory back. */
void readers_init(struct sim *s);
void readers_free(struct sim *s); /**< see above */

/** A client of this node reads, with conditions that are drawn. Returns: false when it asks for nothing. */
bool reader_draw(struct sim *s, struct sim_node *n, uint32_t key);

/** Carry a read out now. Returns: how it ended. */
enum read_end reader_ask(struct sim *s, struct sim_node *n, const struct reading *r);

struct client_got;

/** Hold an answer against what was asked for; who was told to load the key does so. Returns: how it
 *  ended. */
enum read_end reader_hear(struct sim *s, struct sim_node *n, const struct reading *r,
                          const struct client_got *got);

/** CLIENT_READ, CLIENT_WOKEN, CLIENT_LATE. */
void reader_event(struct sim *s, struct sim_node *n, struct event *e);

/** The cache says that a load is over that somebody waits for: struct cache_cfg.wake; ctx is the node. */
void reader_wake(void *ctx, uint64_t hash);

/** A fill or put of this key was tried at the node; a dot took effect there (everything: any may have).
 *  The load that was under way counts no longer. */
void reader_load_ended(struct sim *s, const struct sim_node *n, uint32_t key);
void reader_dot(struct sim *s, const struct sim_node *n,
                const struct oracle_dot *dot);                   /**< see above */
void reader_everything(struct sim *s, const struct sim_node *n); /**< see above */
