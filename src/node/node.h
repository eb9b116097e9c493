/**
 * node/node.h - one cache node without its operating system: the machines composed, four verbs.
 *
 * A driver feeds inputs (node_recv), lets time pass (node_tick), drains outputs (node_poll) and sleeps
 * until node_deadline. The libev loop, the simulator and the fuzzers drive the same verbs. Gets and
 * fills are not here: they are functions over the shards (node/command.h) and touch no machine.
 *
 * Never asks for time, never opens a socket, never waits. Thread: one, the control thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/dot.h"
#include "base/err.h"
#include "base/time.h"
#include "cache/cache.h"
#include "node/policy.h"
#include "node/stamp.h"
#include "node/told.h"
#include "seal/packet.h"
#include "swim/swim.h"

#define NODE_DATAGRAM_MAX    1200        /* bytes that we send in one datagram */
#define NODE_DATAGRAM_IN_MAX 1232        /* longer ones are dropped and counted */
#define NODE_STREAMS_MAX     8           /* of each direction */
#define NODE_TARGETS_MAX     256         /* dots of one command */
#define NODE_INBOUND         0x80000000U /* set in the conn ids of streams that peers opened */
#define NODE_BUCKET_BITS     16          /* of last-touch buckets; equal in the whole cluster */
#define NODE_LOG_MIN         16
#define NODE_LOG_MAX         (1U << 20)
#define NODE_VERSION         "0.1.0"

struct node_cfg {
    struct slice cluster;  /* 1 to 63 bytes, copied */
    struct slice name;     /* 1 to 63 bytes, copied */
    struct addr addr;      /* advertised to peers */
    struct run run;        /* 16 random bytes of this process, epoch not 0 */
    uint64_t generation;   /* wall-clock ms at start */
    uint64_t seed;         /* of choices that need no secrecy */
    const uint8_t *secret; /* SESSION_SEED_LEN bytes that the system drew for this process alone, of
                                 * which the keys of streams are made; copied by node_new(), and the
                                 * caller's to wipe then. NULL only without keys */
    const struct keyring *ring; /* to begin with; copied. Empty = no keys, only plain packets */
    enum seal_mode crypto;      /* what is sent and taken; past SEAL_OFF it needs keys */
    uint64_t key_quiet_us;      /* so long no packet must have come under a key that goes: 600 s */
    enum swim_profile profile;
    bool seeded;             /* are seeds or DNS names configured? else READY at once */
    uint64_t ready_alone_us; /* 2,000,000; 200,000 in the test profile. DNS names us: at most 2 s */
    uint64_t drain_us;       /* 2,000,000 */
    uint32_t members_max, tombstones_max, origins_max, windows_max;
    uint32_t log_max;    /* dots kept for healing others */
    uint32_t recent_max; /* own dots kept for retransmission */
    uint32_t direct_max; /* so many others are always told in one hop; 0: SPREAD_DIRECT_MAX */
    uint32_t burst;      /* own invalidations of keys in a second, past which long lists of keys go
                          * as one dot; 0: 20,000 */
    uint32_t burst_min;  /* keys of such a list, at least; 0: 64 */
    uint32_t thin_max, more_bytes, retired_max, checkpoints_max; /* as in ledger/ledger.h */
    uint8_t bucket_bits;
    uint32_t warm_gives_max;  /* nodes that are given entries at one time: 4 */
    bool warm_up;             /* take over the cache of the node that a join went by */
    struct policies policies; /* lent for life */
};

/** Production capacities for a cache budget: fills the *_max fields and the profile's times. */
void node_cfg_sizes(struct node_cfg *cfg, enum swim_profile profile, uint64_t budget_bytes);

/** Keep n dots for healing others, NODE_LOG_MIN to NODE_LOG_MAX, rounded up to a power of two, and the
 *  targets of four times as many older ones. */
void node_cfg_log(struct node_cfg *cfg, uint32_t n);

struct node;

/** Make a node in JOINING (or READY when not seeded) over a cache, which it lends for life.
 *  NULL when the arena is too small. */
struct node *node_new(struct arena *arena, const struct node_cfg *cfg, struct cache *cache,
                      mono_us now);

/** Where a node keeps what is derived from its keyring, *len bytes: for who can lock memory. Lends. */
void *node_secrets(struct node *n, size_t *len);

/** Release what libraries allocated at start, and wipe all keys. */
void node_free(struct node *n);

/* ---- inputs ---- */

enum node_in_kind {
    NODE_IN_DATAGRAM,  /* bytes from `from` */
    NODE_IN_STREAM_UP, /* conn is connected; from = the other end (inbound: conn has NODE_INBOUND) */
    NODE_IN_STREAM,    /* one whole frame, without its length, on conn */
    NODE_IN_STREAM_DOWN, /* conn closed, failed, or could not be opened */
    NODE_IN_COMMAND,     /* command */
    NODE_IN_NAMES,       /* addresses that the seeds resolved to; names_n 0 = nobody known */
    NODE_IN_UNREACHABLE, /* hint: a datagram to `from` was refused by its host */
    NODE_IN_TOO_BIG,     /* a datagram to `from` was longer than the path allows */
    NODE_IN_KEYRING, /* this is the keyring that is wanted now; empty exactly if the first was */
    NODE_IN_LEAVE    /* drain, leave, then NODE_OUT_LEFT */
};

/** One dot to issue. Names are lent for the call. */
struct node_target {
    enum dot_kind kind;
    bool soft;
    bool has_version;
    uint16_t prefix_len;         /* DOT_PREFIX */
    uint8_t tags_n;              /* DOT_TAGS_ALL */
    uint32_t ms;                 /* DOT_BEGIN, DOT_NOSTORE */
    uint64_t hash;               /* hash_target(); 0 for DOT_ALL and DOT_TAGS_ALL */
    uint64_t version;            /* when has_version */
    struct hash128 digest;       /* DOT_PUT */
    uint64_t tags[DOT_TAGS_MAX]; /* DOT_TAGS_ALL: hashes, rising */
    struct slice ns;             /* for subscribers */
    struct slice target;
};

/** What a command asks for. */
enum node_ask {
    NODE_ISSUE,  /* issue dots for the targets; a DOT_PUT alone may end its intent, stamps[0] */
    NODE_COMMIT, /* end the intents that stamps[0] names: their keys have changed */
    NODE_ABORT,  /* end them: nothing has changed */
    NODE_AFTER,  /* from which index on does an entry reflect all of the stamps? */
    NODE_TRACE,  /* what became of stamps[0] at each node? */
    NODE_SURVEY  /* what has each node of each origin? */
};

/** One command. Targets are lent for the call; ticket comes back in the reply. */
struct node_command {
    uint64_t ticket;
    enum node_ask ask;
    const struct node_target *targets;
    size_t targets_n; /* NODE_ISSUE: 1 to NODE_TARGETS_MAX; else 0 */
    struct stamp stamps[CLIENT_AFTER_MAX];
    size_t stamps_n;
    struct client_ack ack; /* NODE_ISSUE, NODE_COMMIT; ACK_DEFAULT counts as ACK_LOCAL */
    uint64_t timeout_us;   /* how long to wait for ack */
};

struct node_in {
    enum node_in_kind kind;
    struct addr from;
    uint32_t conn;
    struct slice bytes; /* hostile; lent for the call */
    const struct node_command *command;
    const struct keyring *keyring; /* KEYRING; lent for the call */
    const struct addr *names;
    size_t names_n;
    uint32_t names_ttl_s; /* smallest TTL of the answer */
};

/** Take in one input. Everything that is not believed is counted, nothing is an error. */
void node_recv(struct node *n, mono_us now, const struct node_in *in);

/* ---- time ---- */

/** Do what is due. Drivers call it when node_deadline() has come and after every batch of inputs. */
void node_tick(struct node *n, mono_us now);

/** When node_tick() next has work. */
mono_us node_deadline(const struct node *n);

/* ---- outputs ---- */

enum node_out_kind {
    NODE_OUT_DATAGRAM, /* send bytes to `to` */
    NODE_OUT_CONNECT,  /* open a stream to `to`, call it conn */
    NODE_OUT_STREAM,   /* send bytes as one frame on conn */
    NODE_OUT_HANGUP,   /* flush and close conn */
    NODE_OUT_REPLY,    /* a command was carried out */
    NODE_OUT_APPLIED,  /* a dot took effect here: tell subscribers */
    NODE_OUT_RESOLVE,  /* look the seeds up, answer with NODE_IN_NAMES */
    NODE_OUT_EVENT,    /* membership changed: log it */
    NODE_OUT_STATE,    /* the node's own state changed: see node_state() */
    NODE_OUT_WARMED,   /* a warm-up ended: log it */
    NODE_OUT_DRIFTED,  /* entries differ from another node's for no reason: log it */
    NODE_OUT_WINDOWS,  /* another node has another fence_ms: log it */
    NODE_OUT_LEFT,     /* everything was said: exit */
    NODE_OUT_ROTATED   /* a step of a rotation of keys was taken, or refused for now: log it */
};

/**
 * What became of a command.
 *
 * err: OK; ERR_REFUSED while leaving; ERR_STALE when another process has our name; ERR_CONFIG when the
 *      level needs --expect; ERR_LIMIT when more names live than --expect says; ERR_FULL when too much
 *      waits or is open; ERR_UNKNOWN when a txn is not known here. But for OK nothing was issued.
 */
struct node_reply {
    uint64_t ticket;
    enum node_ask ask;
    enum err err;
    uint64_t epoch, seq; /* the stamp: dots seq - count + 1 .. seq of epoch */
    uint16_t count;
    uint64_t index;              /* ISSUE: for cache_put(); AFTER: the oldest that counts, or 0 */
    uint64_t ended;              /* ISSUE: of the DOT_COMMIT in front of a put; 0 = none */
    struct client_ack ack;       /* the level that was waited for */
    bool reached;                /* not reached means unknown, not undone */
    const struct slice *applied; /* names, lent as the output is */
    size_t applied_n;
    const struct slice *missing;
    size_t missing_n;
    const struct node_traced *traced; /* TRACE */
    size_t traced_n;
    const struct node_surveyed *surveyed; /* SURVEY: this node is the last one */
    size_t surveyed_n;
    uint64_t took_us; /* SURVEY: from the question until now */
};

/** Outputs are lent until the next call on n. What is not of its kind is not there. */
struct node_out {
    enum node_out_kind kind;
    enum swim_event_kind event; /* EVENT */
    uint32_t conn;              /* CONNECT, STREAM, HANGUP; else 0 */
    struct addr to;             /* DATAGRAM, CONNECT */

    union {
        struct slice bytes; /* DATAGRAM, STREAM */
        struct node_reply reply;
        struct node_applied applied;
        struct swim_member member;   /* EVENT */
        struct node_warmed warmed;   /* WARMED */
        struct node_drifted drifted; /* DRIFTED */
        struct node_windows windows; /* WINDOWS */
        struct node_rotated rotated; /* ROTATED */
    };
};

/** Take the next output; false when there is none. */
bool node_poll(struct node *n, mono_us now, struct node_out *out);

/* ---- state ---- */

enum node_state {
    NODE_JOINING,
    NODE_READY,
    NODE_DRAINING,
    NODE_LEFT
};

/** Where in its life the node is. */
enum node_state node_state(const struct node *n);

/** A static word for /readyz: "ready", "joining", "draining", "conflict", "poisoned". */
const char *node_state_text(const struct node *n);

/** The data plane lives: workers turned since the last call. */
void node_heartbeat(struct node *n, mono_us now);
