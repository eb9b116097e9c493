/**
 * loop/loop.h - one running node: sockets, clocks, threads and entropy around the pure core.
 *
 * The control thread (whoever calls loop_run) owns membership, gossip, DNS and everything of `node`;
 * worker threads serve clients from the shards. See README.md beside this file.
 * Never decides anything that the core could decide; prints nothing but log lines.
 * Thread: every function belongs to the control thread unless it says otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/spans.h"
#include "base/time.h"
#include "cache/cache.h"
#include "loop/logger.h"
#include "node/node.h"
#include "node/policy.h"
#include "seal/clients.h"
#include "seal/entry.h"
#include "seal/keyring.h"
#include "seal/mode.h"
#include "swim/swim.h"
#include "wire/client.h"

#define LOOP_WORKERS_MAX 64
#define LOOP_WHY_MAX     256 /* a good capacity for the reason of loop_new() */
#define LOOP_OPS         22  /* slots for counters by enum client_op; 0 = not understood */
#define LOOP_EVENTS      12  /* slots for counters by enum swim_event_kind */
#define LOOP_SAMPLE                                                                                \
    61 /* of so many requests one is timed; a prime, as clients send in even numbers */

struct ev_loop;

/** A list of texts, lent. */
struct loop_texts {
    const char *const *at;
    size_t n;
};

/** What to run. Everything is copied by loop_new(). */
struct loop_cfg {
    const char *name;              /* of the node, 1 to 63 bytes */
    const char *cluster;           /* 1 to 63 bytes */
    struct addr client;            /* listener of clients; port 0 = any free port */
    struct addr gossip;            /* UDP and TCP; port 0 = any free port */
    struct addr advertise;         /* ip_len 0 = the bound gossip address; port 0 = its port */
    const struct keyring *keyring; /* NULL or empty = no keys */
    enum seal_mode crypto;         /* past SEAL_OFF it needs keys */
    const struct clients *clients; /* who may do what; NULL = everybody everything */
    enum entry login;              /* past ENTRY_OFF it needs clients */
    enum plain plain;              /* from where clients may log in without sealing */
    enum swim_profile profile;
    uint64_t budget_bytes;         /* of the cache */
    uint32_t value_max;            /* 0 = CLIENT_VALUE_MAX */
    uint32_t workers;              /* 1 to LOOP_WORKERS_MAX */
    struct loop_texts seeds;       /* HOST:PORT */
    struct loop_texts dns_names;   /* A and AAAA, with the bound gossip port */
    struct loop_texts srv_names;   /* SRV, with the ports that it tells */
    struct loop_texts dns_servers; /* HOST:PORT with numeric hosts; none = the system's */
    uint64_t drain_us;             /* 0 = the profile's */
    uint64_t ready_alone_us;       /* 0 = the profile's */
    uint64_t key_quiet_us;         /* of a key that goes, as in node_cfg; 0 = as there */
    bool warm_up;                  /* take over the cache of the node that a join went by */
    uint32_t heal_log;             /* dots kept for healing others; 0 = by budget_bytes */
    struct policies policies;      /* of namespaces, and how many nodes vote; lent for life */
    struct logger_cfg log;
};

struct loop;

/**
 * Bind every listener, make cache and node. No thread is started, nothing is printed.
 *
 * why:     gets a text for people when NULL is returned: which address or setting, what the system
 *          said, what to try. LOOP_WHY_MAX is a good capacity.
 * Returns: NULL on any error, with everything released.
 */
struct loop *loop_new(const struct loop_cfg *cfg, char *why, size_t why_cap);

/** Release everything. Call it after loop_run() returned, or instead of it. NULL is allowed. */
void loop_free(struct loop *l);

/**
 * Start the workers and run the control loop on the calling thread until the node has left, or the
 * drain time is over.
 * Returns: 0; 1 after a second loop_stop(), or when a thread could not be started.
 */
int loop_run(struct loop *l);

/** First call: drain and leave. Second call, unless it comes within 0.25 s: exit at once. Call it from
 *  an ev_signal of loop_ev(). */
void loop_stop(struct loop *l);

/* ---- what it is made of ---- */

/** The control loop, for watchers of signals and of the HTTP endpoint. Lends. */
struct ev_loop *loop_ev(struct loop *l);

/** The node. Look at it (node/view.h), never drive it. Lends. */
const struct node *loop_node(const struct loop *l);

/** The cache; its functions say which of them any thread may call. Lends. */
struct cache *loop_cache(struct loop *l);

/** What is configured for namespaces. Thread: any. Lends. */
const struct policies *loop_policies(const struct loop *l);

/** Where log lines go. Thread: any. Lends. */
struct logger *loop_logger(struct loop *l);

/** The clock of the core, read now. Thread: any. */
mono_us loop_now(void);

/** The addresses that were bound (with their real ports) and that peers are told. */
struct addr loop_client_addr(const struct loop *l);
struct addr loop_gossip_addr(const struct loop *l);    /**< bound for gossip, UDP and TCP */
struct addr loop_advertise_addr(const struct loop *l); /**< what peers are told */

/** This is the keyring from now on: the node takes the steps that are safe and tells of the others, which
 *  it takes as soon as they are (node/rotation.h). Copies.
 *  Errors: ERR_CONFIG when one of the two rings is empty and the other is not; nothing changes. */
MUST_USE enum err loop_keyring_set(struct loop *l, const struct keyring *ring);

/** Replace the clients and what they may do. Connections of those who are gone, have another key or may
 *  do less are closed within a second. Copies. Errors: ERR_CONFIG when the node hears no logins. */
MUST_USE enum err loop_clients_set(struct loop *l, const struct clients *clients);

/** What the bearer of a token (base64 of a client's key) may do; 0 = nobody's token. Thread: any. */
uint8_t loop_bearer(struct loop *l, struct slice token);

/** Count a request that is served without a key and came by no connection of clients, where others log in:
 *  among logins_none. Thread: any. */
void loop_count_guest(struct loop *l);

/** Must clients log in, may they, or is nobody asked? Settled. Thread: any. */
enum entry loop_entry(const struct loop *l);

/** Might keys be written to a disk, because the system locks no memory for us? Thread: any. */
bool loop_keys_swappable(const struct loop *l);

/* ---- invalidations from inside the process ---- */

/** Called once, on the control thread, possibly before loop_command() returns. */
typedef void loop_done(void *ctx, const struct node_reply *reply);

/**
 * Give the node a command (the HTTP endpoint's POST, a trace, a survey). Hashes of the targets must be set, ticket
 * need not be.
 *
 * command: lent for the call.
 */
void loop_command(struct loop *l, const struct node_command *command, loop_done *done, void *ctx);

/** Call done, with ERR_REFUSED, for every command of loop_command() that has no reply yet: what their ctx
 *  points at is about to go. What was issued stays issued. */
void loop_commands_end(struct loop *l);

/* ---- what other floors add ---- */

/**
 * Renders members, stats, node, vectors or namespaces as one msgpack value for the client protocol.
 * Returns: its length, with *msgpack made by malloc (taken and freed by loop); 0 = cannot.
 */
typedef size_t loop_inspect(void *ctx, enum client_op what, uint8_t **msgpack);

/** Renders the reply to a NODE_TRACE or a NODE_SURVEY as loop_inspect does. */
typedef size_t loop_told(void *ctx, const struct node_reply *reply, uint8_t **msgpack);

/** Set who renders; before that, clients are told NOT_CONFIGURED. Called on the control thread. */
void loop_inspect_set(struct loop *l, loop_inspect *inspect, loop_told *told, void *ctx);

/** Sees every APPLIED, EVENT and STATE output, lent for the call; must not call back into loop. */
typedef void loop_watch(void *ctx, const struct node_out *out);

/** Set who watches; NULL = nobody. Called on the control thread. */
void loop_watch_set(struct loop *l, loop_watch *watch, void *ctx);

/* ---- counters ---- */

/** Ops whose requests are timed. */
enum loop_timed {
    TIMED_GET, /* one of LOOP_SAMPLE: from the reading of the request until its reply was written; waits that */
    TIMED_MGET, /* the caller wished for are left out */
    TIMED_FILL,
    TIMED_MFILL,
    TIMED_TOUCH,
    TIMED_PUT, /* each: the way to the control thread and back, and the wait for a level, are in it */
    TIMED_INVALIDATE,
    LOOP_TIMED
};

/** Since start, all workers together; copied at slightly different moments. */
struct loop_counters {
    uint64_t connections_open, connections_total, connections_refused, connections_closed_slow;
    uint64_t connections_handed;    /* given by the worker that accepted to one with fewer */
    uint64_t connections_hand_full; /* not given, as its queue was full */
    uint64_t output_waiting;        /* now: bytes that clients did not take yet */
    uint64_t output_full;           /* connections closed because all together had too much of it */
    uint64_t input_kept;    /* now: bytes taken for frames that are not whole, and the like */
    uint64_t input_waits;   /* connections not read for a while, for want of room for them */
    uint64_t input_full;    /* connections closed because all together kept too much of it */
    uint64_t subscriptions; /* connections that hold at least one filter */
    uint64_t requests[LOOP_OPS];
    uint64_t request_errors[LOOP_OPS]; /* malformed and refused requests */
    uint64_t lookups[CLIENT_STATUSES]; /* keys of gets and mgets, by what they were answered with */
    uint64_t client_bytes_in, client_bytes_out;
    uint64_t pushes, pushes_lost; /* lost = folded into a push of scope all */
    uint64_t queue_full;          /* times that a worker stopped reading for the control thread */
    uint64_t waiting;             /* now: gets that wait for somebody else's fill, and dry runs */
    uint64_t waits_full;          /* of these, those for which there was no room */
    uint64_t accept_errors;
    uint64_t logins, logins_refused, not_permitted;
    uint64_t logins_none;    /* who was served without, where others log in; HTTP by requests */
    uint64_t logins_sealed;  /* of logins: those whose connection is sealed */
    uint64_t logins_plain;   /* of logins_refused: those that ask for no sealed one, and have to */
    uint64_t sealed_refused; /* connections closed: what came was not sealed by their client */
    uint64_t guests;         /* now: connections of them that are open */
    uint64_t clients_cut;    /* connections closed because their client may do less, or is gone */
    uint64_t strangers;      /* now: connections that have not logged in */
    uint64_t strangers_crowded, strangers_displaced, strangers_full, strangers_late;
    uint64_t strangers_unread;
    uint64_t udp_in, udp_out, udp_dropped_out, udp_refused, udp_too_big;
    uint64_t peer_accepted, peer_connected, peer_failed, peer_refused;
    uint64_t peer_frames_in, peer_frames_out, peer_frames_bad, peer_overflows;
    uint64_t dns_lookups, dns_answers, dns_nobody, dns_errors, dns_timeouts, dns_renewed;
    uint64_t events[LOOP_EVENTS]; /* of members */
    uint64_t keyrings;            /* times that another keyring was given */
    uint64_t control_queue;       /* now: requests that wait for the control thread */
    uint64_t control_queue_max, connections_max, output_max; /* limits */
    uint64_t huge_pages;     /* of the cache, put together or asked for */
    uint64_t workers_wedged; /* now: those that have not turned for 10 s */
    uint64_t wedged;         /* times that one did not */
    uint64_t log_lines, log_suppressed;
    uint64_t memory_fixed_bytes; /* of the node and the cache, beside the cache's budget */
    uint32_t workers;
    struct spans timed[LOOP_TIMED];
};

/** When a look-up of the seeds' names last found an address; before any did: when the loop was made. */
mono_us loop_dns_ok_at(const struct loop *l);

/** Add up the counters. */
void loop_counters(const struct loop *l, struct loop_counters *out);
