/** tests/unit/node/net.h - up to five nodes and the network between them, with cuts, loss and delay. */
#pragma once

#include "base/rng.h"
#include "node/command.h"
#include "node/stamp.h"

#include "rig.h"

#define NET_MAX    5
#define NET_LETTER 256 /* bytes of a text of names */

/** What became of a command: node_reply, with its names as "a,b". */
struct net_reply {
    bool came;
    enum err err;
    struct stamp stamp;
    uint64_t index, ended;
    bool reached;
    mono_us at;
    char applied[NET_LETTER];
    char missing[NET_LETTER];
    char traced
        [NET_LETTER]; /* "a:applied,b:silent"; with "+" behind it when it acknowledged to us. Of a survey
                           "a:3/5,b:silent": dots covered and heard of, of all origins */
    uint64_t waited_us; /* the longest that a node waited for what it had heard of, */
    uint64_t late_us;   /* and by which the last one was late, at least */
};

struct flight;

struct net_cfg {
    size_t n;                                /* nodes: a, b, c, d, e */
    uint32_t expect;                         /* 0 = not configured */
    uint32_t fence_ms;                       /* 0 = POLICY_FENCE_MS */
    uint32_t log_max, thin_max, retired_max; /* as in struct rig_cfg */
    const struct policy *policies;           /* lent */
    size_t policies_n;
    bool clones; /* all have the same run */
    bool warm_up;
};

struct net {
    struct net_cfg cfg;
    struct rig at[NET_MAX];
    uint8_t run[NET_MAX]; /* of each node's present process */
    size_t n;
    bool up[NET_MAX];
    bool cut[NET_MAX][NET_MAX]; /* from, to */
    uint32_t loss;              /* of 1,000 datagrams */
    uint64_t delay_us;          /* at most, of a datagram; each has its own */
    mono_us now;
    struct rng rng;
    struct flight *flights;
    size_t flights_n;
    struct net_reply *replies; /* by ticket */
    uint64_t tickets;
    uint64_t applied_n[NET_MAX];    /* NODE_OUT_APPLIED, */
    uint64_t everything_n[NET_MAX]; /* and those of them that told everything */
    bool left[NET_MAX];
    uint64_t warmed_n[NET_MAX]; /* NODE_OUT_WARMED, */
    struct node_warmed warmed;  /* and the last of them, but for its name */
    struct client_codec *codec;
    void *codec_memory;
    uint8_t out[131072];
};

/** Make the nodes; they know nobody yet. Free with net_free(). */
struct net *net_new(const struct net_cfg *cfg);
void net_free(struct net *t); /**< free it */

/** Make the nodes, introduce all to all, and run until they know each other. */
struct net *net_joined(const struct net_cfg *cfg);

/** Let time pass. */
void net_run(struct net *t, uint64_t us);

/** Run until the command was answered, or so long. Returns: it was. */
bool net_await(struct net *t, uint64_t ticket, uint64_t us);

/** Cut both ways between node i and all others, or mend it. */
void net_isolate(struct net *t, size_t i, bool cut);

/** Node i dies: nothing leaves it or reaches it any more. */
void net_kill(struct net *t, size_t i);

/** A new process of node i's name, which joins by the addresses of all others. */
void net_restart(struct net *t, size_t i);

/** Tell node i the addresses of all others. */
void net_introduce(struct net *t, size_t i);

/** A target of this kind in the default namespace. */
struct node_target net_target(struct net *t, enum dot_kind kind, const char *name);

/** Give node i a command; ticket is set here. Returns: the ticket. */
uint64_t net_command(struct net *t, size_t i, struct node_command c);

/** Invalidate one key at a level; waits at most so long. Returns: the ticket. */
uint64_t net_invalidate(struct net *t, size_t i, const char *key, struct client_ack ack,
                        uint64_t timeout_us);

/** Give node i a command about stamps. Returns: the ticket. */
uint64_t net_about(struct net *t, size_t i, enum node_ask ask, const struct stamp *stamp);

/* ---- what clients do ---- */

/** What a test asks of a get. */
struct net_get {
    const char *key;
    uint32_t within_ms;
    bool has_after;
    uint64_t after;
    bool stale;
    uint32_t wait_ms;
    uint64_t caller; /* 0 = somebody new */
    bool waited;
};

/** What came. */
struct net_got {
    bool waits; /* COMMAND_WAIT: there is nothing else then */
    enum client_status status;
    char value[32];
    uint8_t token[64];
    size_t token_len;
    bool has_proof;
    uint64_t proof_ms;
};

struct net_got net_get(struct net *t, size_t i, struct net_get ask); /**< get at node i */

/** Store with the token of a miss. Returns: the reason; NULL = stored. */
const char *net_fill(struct net *t, size_t i, const char *key, const char *value,
                     const struct net_got *miss);

/** Miss and fill at once; asserts that it was stored. */
void net_store(struct net *t, size_t i, const char *key, const char *value);

/** Does a plain get at node i give this value? */
bool net_holds(struct net *t, size_t i, const char *key, const char *value);
