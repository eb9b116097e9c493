/**
 * workload.h - clients: they read through the cache, fill it, and invalidate what they changed.
 *
 * A reader that misses takes its token, reads the source after a while and fills after a while. A
 * writer commits first, then invalidates, somewhere, after a while. Some put, with or without a token.
 * What else callers can ask for is drawn here, too, and done elsewhere: reads with conditions in
 * reader.h, levels in promise.h, announced writes in announce.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "cache/token.h"
#include "node/node.h"

#include "queue.h"

struct sim;
struct sim_node;

struct workload_cfg {
    uint32_t ops_per_s;      /* of each node; 0 = none */
    uint32_t write_permille; /* of the operations */
    uint32_t wide_permille;  /* of the writes: tags, prefixes, namespaces */
    uint32_t put_permille;   /* of the writes */
    uint64_t think_us;       /* mean time of a source read, and of a fill's way back */
    uint64_t tell_us;        /* mean time from commit to invalidation */
    /* what else callers ask for; with all of it 0 a workload is what stands above */
    uint32_t after_permille;  /* of the reads: not older than a recent stamp */
    uint32_t within_permille; /* of the reads: with a bound; needs expect */
    uint32_t share_permille;  /* of the reads: one loads, the others wait, or take what is stale */
    uint32_t soft_permille;   /* of the invalidations of keys, tags, namespaces and all */
    uint32_t level_permille;  /* of the writes: that wait for a level */
    uint32_t announce_permille; /* of the writes: begin, then commit or abort */
    uint32_t again_permille;    /* of the writes: told once more, on any node */
    uint32_t version_permille;  /* of what is told and filled in a namespace that has versions */
    uint32_t many_permille;     /* of the reads: several keys at once, and their fills at once */
    uint32_t touch_permille;    /* of the reads: a touch in its place */
    uint32_t several_permille;  /* of the writes: several targets of several kinds in one request */
    uint32_t hot_permille;      /* of the writes: a key that changes many times in a row */
    uint32_t versions;          /* namespaces that have, a bit set */
};

/** A reader between its miss and its fill. */
struct fetch {
    uint32_t key, state;
    bool has_version;
    uint32_t version;  /* of the key when the source was read */
    uint64_t caller;   /* whom the key was given to load; 0 = nobody asked who */
    uint32_t run;      /* the process that gave the token */
    uint64_t fresh_ms; /* 0 = none */
    uint8_t token[TOKEN_LEN];
};

/** What a writer did, or announced, before its command. */
struct change {
    enum dot_kind kind;
    bool soft, has_version, has_token;
    uint32_t key, state;
    uint32_t target;    /* as in oracle_dot */
    uint32_t commit;    /* of the write itself; also its version */
    uint32_t again;     /* how often it is told once more */
    uint32_t ms;        /* DOT_BEGIN */
    uint32_t announce;  /* of an announced write: its number in announce.h */
    uint32_t token_run; /* has_token: the process that gave it */
    struct stamp txn;   /* DOT_COMMIT, DOT_ABORT, DOT_PUT of an announced write; count 0 = none */
    struct client_ack ack;
    uint32_t timeout_ms; /* of a level */
    uint32_t count;      /* dots of its command, where there are several; else 0 */
    uint8_t token[TOKEN_LEN];
};

#define SEVERAL_MAX 6

/** What a writer tells in one request. */
struct several {
    uint32_t n;
    struct change at[SEVERAL_MAX];
    struct client_ack ack;
    uint32_t timeout_ms;
};

/** A put whose dot was issued: its worker has yet to store the value, and other dots may come between. */
struct storing {
    struct change change;
    uint64_t index;
    uint64_t ended, ended_seq; /* of the DOT_COMMIT that was issued with it; 0 = none */
    mono_us issued_at;
};

/** What clients do one step after the other, in `a` of an EVENT_CLIENT. */
enum client_step {
    CLIENT_READ,     /* p: struct reading; its request arrives */
    CLIENT_WOKEN,    /* b: number of a waiting read; the load that it waits for is over */
    CLIENT_LATE,     /* b: the same; its time is over */
    CLIENT_ANNOUNCE, /* b: number of an announced write: its next step */
    CLIENT_DEADLINE, /* b: the same; its time is over, and nobody may have ended it */
    CLIENT_MANY,     /* p: struct reading; a request for its key and the next ones arrives */
    CLIENT_LOADED,   /* p: struct sheaf; its source is read */
    CLIENT_MFILL,    /* p: the same; its request arrives */
    CLIENT_SEVERAL,  /* p: struct several; its request arrives */
    CLIENT_STORM     /* b: key, and how often it still changes << 32 */
};

struct workload {
    struct workload_cfg cfg;
    bool on;
    struct rng rng;
    struct node_reply reply; /* the last one that came at once */
    bool replied;
    mono_us stormed_at; /* when a key last began to change many times in a row */
    uint32_t asked;     /* dots that the command now under way issues, if it is not refused */
};

/** Start clients at every node. */
void workload_begin(struct sim *s, const struct workload_cfg *cfg);

/** No new operations; what is under way ends. */
void workload_stop(struct sim *s);

/** EVENT_OP, EVENT_FETCH, EVENT_FILL, EVENT_ISSUE, EVENT_STORE, EVENT_CLIENT. Returns: was the node
 *  itself touched? */
bool workload_event(struct sim *s, struct event *e);

/** A reply came out of a node. */
void workload_reply(struct sim *s, struct sim_node *n, const struct node_reply *reply);

/** Read a key at a node: a hit is held against the oracle; a miss leads to a fill when there is a token.
 *  Returns: was it a hit? */
bool workload_read(struct sim *s, struct sim_node *n, uint32_t key);

/** A reader that was given a token goes to the source. Takes fetch. */
void workload_fetch(struct sim *s, struct sim_node *n, struct fetch *fetch);

/** Draw what a write that was to key c->key aims at, softly or not (never a put), and commit it. */
void workload_aim(struct sim *s, struct change *c);

/** Draw how many are to have heard of a write to a key. */
void workload_level(struct sim *s, struct change *c);

/** A reader reads the source, for its fill. */
void workload_source(struct sim *s, struct fetch *fetch);

/** Any node that is up; UINT32_MAX when none is. */
uint32_t workload_somewhere(struct sim *s);

/** A time from a client to what it does next, mean mean_us. */
uint64_t workload_delay(struct sim *s, uint64_t mean_us);

/* ---- issue.c ---- */

#define TICKET_NOW 1 /* of commands whose reply comes at once; those of promises are larger */

/** Issue one dot at a node, now; ends an intent for DOT_COMMIT and DOT_ABORT. Copies. Returns: was it
 *  accepted? With a level the reply may still be to come. */
bool workload_issue(struct sim *s, struct sim_node *n, const struct change *change);

/** Fill key with state and a token, and tell the oracle. Returns: what the cache said. */
enum cache_reason workload_fill(struct sim *s, struct sim_node *n, const struct fetch *fetch);

/** How a fill ended. */
struct fetch_end {
    bool stored;
    bool newer; /* was there a copy with a newer version before it? */
    uint64_t ttl_ms;
};

struct item;

/** The parts of a fill: was a newer version there, what is to be stored, and then how it ended, which is
 *  told to the oracle. */
bool fetch_has_newer(struct sim *s, struct sim_node *n, const struct fetch *fetch);
void fetch_item(struct sim *s, const struct fetch *fetch, struct item *out); /**< see above */
void fetch_filled(struct sim *s, struct sim_node *n, const struct fetch *fetch,
                  const struct fetch_end *end); /**< see above */

/** Issue several dots at a node with one command, now. Returns: was it accepted? */
bool workload_issue_several(struct sim *s, struct sim_node *n, const struct several *several);

/** The dot of a put was issued, as the reply says: store its value now or soon. */
void workload_store(struct sim *s, struct sim_node *n, const struct change *change,
                    const struct node_reply *reply);

/** EVENT_STORE. */
void workload_stored(struct sim *s, struct sim_node *n, const struct storing *storing);
