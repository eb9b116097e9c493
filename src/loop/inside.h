/** loop/inside.h - one running node, as the files of the control thread share it; nobody else. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>
#include <sys/queue.h>

#include "loop/alarm.h"
#include "loop/dns.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "loop/pages.h"
#include "loop/store.h"
#include "loop/tcp.h"
#include "loop/udp.h"
#include "loop/wedge.h"
#include "loop/worker.h"
#include "node/view.h"

#define LOOP_NAME_MAX 63

struct loop {
    struct store_locks locks; /* first: it is aligned to cache lines */

    /* Constant after loop_new(). */
    char name[LOOP_NAME_MAX + 1];
    char cluster[LOOP_NAME_MAX + 1];
    struct loop_texts seeds, dns_names, srv_names, dns_servers; /* own copies */
    struct addr client, gossip, advertise;
    uint64_t drain_us;
    struct policies policies;
    uint64_t fixed_bytes;

    /* Locks itself, or is shared with workers by rule. */
    struct logger log;
    struct store_map cache_map;
    struct cache *cache;
    struct auth auth;
    struct worker_world world;
    struct worker *workers[LOOP_WORKERS_MAX];
    uint32_t workers_n;
    struct pages pages;

    /* The control thread's alone. */
    bool keyed;                   /* there is a keyring */
    bool ring_swappable;          /* the system did not lock it */
    uint64_t keyrings;            /* times that another one was given */
    uint64_t events[LOOP_EVENTS]; /* of members, by enum swim_event_kind */
    enum seal_mode crypto;        /* settled */
    struct store_map node_map;
    struct node *node;
    struct ev_loop *ev;
    struct udp *udp;
    struct tcp *tcp;
    struct dns *dns;
    struct mailbox commands;   /* tickets from workers */
    LIST_HEAD(, ticket) asked; /* tickets that the node has: it may answer much later */
    bool commands_ended;       /* nobody would hear of an answer any more */
    ev_timer due;              /* the node's deadline */
    ev_timer beat;             /* looks whether workers turn */
    struct wedge wedges[LOOP_WORKERS_MAX];
    _Atomic uint64_t wedged_now;     /* workers that have not turned for long */
    _Atomic uint64_t wedged_total;   /* times that one did not */
    struct alarm refused, by_stream; /* packets of strangers; members reached by streams */
    struct alarm nobody;             /* look-ups of seeds that found no address */
    ev_timer drained;                /* the last moment of leaving */
    const char *state_told;          /* what the log said last; static */
    uint32_t stops;                  /* requests to stop that count */
    mono_us stopped_at;              /* the first of them */
    bool running;
    bool left;

    loop_inspect *inspect;
    loop_told *told;
    void *inspect_ctx;
    loop_watch *watch;
    void *watch_ctx;
};

/* ---- control.c: the driver of the node ---- */

/** Attach the node to its sockets and timers; the fds are taken (also on errors). false = no memory. */
bool control_start(struct loop *l, int udp_fd, int tcp_fd);

/** Detach and release sockets, timers and queued tickets. */
void control_stop(struct loop *l);

/** Carry out everything the node wants, then sleep until its deadline. The driver's whole contract:
 *  feed, drain, arm. */
void control_settle(struct loop *l);

/** Feed one input and nothing else. */
void control_feed(struct loop *l, const struct node_in *in);

/** Ask every worker for a later phase. */
void control_phase_set(struct loop *l, enum worker_phase phase);

/* ---- beat.c: what is looked at twice a second ---- */

/** Look at the workers and at counters that should stand still; tell what changed. */
void beat_look(struct loop *l, mono_us now);

/* ---- report.c: what people are told ---- */

/** A member joined, failed, left... */
void report_event(struct loop *l, const struct node_out *out);

/** The node's own state changed. */
void report_state(struct loop *l);

/** A warm-up ended: what it brought. */
void report_warmed(struct loop *l, const struct node_warmed *warmed);

/** Entries differ from another node's though no invalidation is missing. */
void report_drifted(struct loop *l, const struct node_drifted *drifted);

/** Another node has another fence_ms. */
void report_windows(struct loop *l, const struct node_windows *windows);

/** A step of a rotation of keys was taken, or is refused for now. */
void report_rotated(struct loop *l, const struct node_rotated *rotated);

/** Worker i does not turn any more, or turns again. */
void report_wedge(struct loop *l, uint32_t i, const struct wedge *w);

/** Packets were refused since the last time: under unknown keys, plain, or not authentic. */
void report_refused(struct loop *l, uint64_t packets, const struct node_counters *c);

/** Members were found alive by a stream alone, since the last time. */
void report_by_stream(struct loop *l, uint64_t probes);

/** Look-ups of the seeds' names found nobody. */
void report_nobody(struct loop *l);

/** The node serves: where, and with how many threads. */
void report_start(struct loop *l);

/* ---- texts.c: lists of texts of their own ---- */

/** Copy a list. false = no memory, and *out is empty. */
bool texts_copy(struct loop_texts *out, const struct loop_texts *from);

/** Release a copied list. */
void texts_free(struct loop_texts *texts);
