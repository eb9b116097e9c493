/**
 * loop/worker.h - one thread that serves clients: its loop, its listener, its connections.
 *
 * A worker touches its own connections, any shard under its lock, published atomics, and its ends of
 * the mailboxes. It never touches the node. Functions marked "control" are for the control thread.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>
#include <sys/queue.h>

#include "loop/auth.h"
#include "loop/batch.h"
#include "loop/conn.h"
#include "loop/kept.h"
#include "loop/logger.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "loop/spares.h"
#include "loop/store.h"
#include "loop/subscribe.h"
#include "loop/ticket.h"
#include "loop/waiting.h"
#include "node/command.h"
#include "wire/client.h"

#define WORKER_IN_LEN (256U << 10) /* one read, and what others read before it in the same turn */
#define WORKER_GATHER_LEN                                                                          \
    (96U << 10) /* so much is used at once, less waits for the end of the turn; */
#define WORKER_ANSWERS_LEN (32U << 10) /* replies that wait for those of others */
#define WORKER_TICKETS_MAX 4096        /* requests of one worker that wait for control */
#define WORKER_TICKET_ROOM (16U << 20) /* bytes of them; the last one may exceed it */
#define WORKER_PUSHES_MAX  4096
#define WORKER_BATCH       256

/** What all workers share: constant after start, atomic, or with its own lock. */
struct worker_world {
    struct command_ctx ctx;
    struct logger *log;
    struct mailbox *control; /* takes tickets; has room for all that workers may hold */
    struct auth *auth;
    uint32_t value_max;
    uint32_t connections_max;
    uint64_t out_max;
    _Atomic uint64_t out_waiting;  /* bytes that clients did not take yet, of all connections */
    struct kept_room kept;         /* input of all connections that was not used yet */
    _Atomic uint32_t connections;  /* open or handed over, of all workers */
    struct worker *const *workers; /* all of them, constant once they run */
    uint32_t workers_n;
    _Atomic uint32_t
        loads_ended[WAITING_CHAINS]; /* loads of keys that somebody waited for, by hash */
};

/** A struct spans that others may read. */
struct worker_spans {
    _Atomic uint64_t n[SPANS_BUCKETS];
    _Atomic uint64_t sum_us;
};

/** Written by the worker alone, read by anybody. */
struct worker_counters {
    _Atomic uint64_t accepted, refused, closed_slow;
    _Atomic uint64_t handed;    /* connections given to others */
    _Atomic uint64_t hand_full; /* kept because they had no room */
    _Atomic uint64_t out_full;
    _Atomic uint64_t in_waits; /* connections that were not read until a long frame had memory */
    _Atomic uint64_t in_full;  /* connections closed because all together kept too much input */
    _Atomic uint64_t requests[LOOP_OPS];
    _Atomic uint64_t errors[LOOP_OPS];
    _Atomic uint64_t lookups[CLIENT_STATUSES]; /* keys, by what they were answered with */
    struct worker_spans timed[LOOP_TIMED];
    _Atomic uint64_t bytes_in, bytes_out;
    _Atomic uint64_t pushes, pushes_lost;
    _Atomic uint64_t queue_full;
    _Atomic uint64_t waits_full;
    _Atomic uint64_t accept_errors;
    _Atomic uint64_t logins, logins_refused; /* also anything else that a stranger may not do */
    _Atomic uint64_t logins_none;            /* served without, where others log in */
    _Atomic uint64_t logins_sealed;          /* of logins: those with shares */
    _Atomic uint64_t logins_plain;   /* of logins_refused: those that had none, and need one */
    _Atomic uint64_t sealed_refused; /* connections closed: what came was not the client's */
    _Atomic uint64_t not_permitted;
    _Atomic uint64_t clients_cut; /* connections whose rights ended */
    /* strangers sent away: at the limit of their address, at that of all strangers, at that of all
     * connections or descriptors, in time, for their output */
    _Atomic uint64_t strangers_crowded, strangers_displaced, strangers_full, strangers_late;
    _Atomic uint64_t strangers_unread;
};

/** What a worker does with its life; only ever goes up. */
enum worker_phase {
    WORKER_SERVES,
    WORKER_DRAINS, /* no new connections */
    WORKER_STOPS   /* send what can be sent, close, end */
};

/** Connections, in no order. */
LIST_HEAD(conn_list, conn);

/** Connections in the order in which they came. */
TAILQ_HEAD(conn_queue, conn);

struct worker {
    struct worker_world *world;
    struct ev_loop *ev;
    pthread_t thread;
    bool started; /* control */

    ev_io accept;
    int reserve_fd; /* given up for a moment when descriptors run out */
    ev_prepare turn;
    ev_timer second;
    ev_timer step;
    ev_idle tidying; /* housekeeping while nobody wants anything */
    ev_async phase_wake;
    _Atomic int phase;
    _Atomic uint64_t turned_at; /* mono_us of the last turn */

    struct mailbox replies; /* tickets on their way back */
    struct mailbox pushes;
    struct mailbox handed;  /* descriptors of new connections that others accepted */
    _Atomic uint32_t load;  /* its connections, handed ones included */
    _Atomic bool push_lost; /* pushes was full: push `all` */
    _Atomic uint32_t subscribers;

    struct client_codec *codec;
    struct store_map codec_map;
    struct client_request request;
    struct command_issue issue;
    struct conn_queue hungry;   /* connections whose long frames wait for memory */
    struct conn_queue arrived;  /* connections whose input waits for the end of this turn */
    struct conn_queue answered; /* and those whose replies wait for the others' */
    size_t answers_len;         /* bytes of these */
    struct batch batch;         /* used within one callback */
    uint8_t *in;                /* WORKER_IN_LEN bytes, used within one turn */
    size_t in_used;
    struct command_said said; /* not told yet */
    uint32_t sample_left;     /* requests until one is timed */
    struct spares spares;

    struct auth_queue auth;

    struct waiting waiting_gets; /* gets that wait for somebody else's fill, and dry runs */

    struct conn_list conns;       /* all, closed ones that wait for tickets included */
    struct conn_list subscribing; /* those that hold filters */
    struct conn_list waiting;     /* for room for tickets */
    struct conn_list stuck;       /* output waits for the client */
    uint32_t tickets;             /* with control, or on their way */
    size_t ticket_bytes;

    struct worker_counters counters;
};

/** Make a worker that will accept on listen_fd, which is taken (also on errors). NULL = no memory.
 *  world is lent. Control. */
struct worker *worker_new(struct worker_world *world, int listen_fd);

/** Start its thread. Errors: ERR_IO. Control. */
MUST_USE enum err worker_start(struct worker *w);

/** Ask for a later phase. Control. */
void worker_phase_set(struct worker *w, enum worker_phase phase);

/** Wait until the thread ended; it must have been asked to. Nothing when it never started. Control. */
void worker_join(struct worker *w);

/** Release everything; the thread must have ended. NULL is allowed. Control. */
void worker_free(struct worker *w);

/** Hand a ticket back. Takes. Control. */
void worker_reply(struct worker *w, struct ticket *t);

/** Push p to whom it concerns, if anybody listens. Holds its own reference. NULL = push `all`.
 *  Control. */
void worker_push(struct worker *w, struct push *p);

/** Add one to, or n to, a counter of the worker that runs. */
static inline void worker_count(_Atomic uint64_t *counter, uint64_t n)
{
    /* One writer: no locked instruction is needed. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}
