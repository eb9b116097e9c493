/**
 * loop/conn.h - one client's connection: frames in, replies out, back-pressure between them.
 *
 * Idle connections own no buffers: input is read into the worker's, used before the worker sleeps, and
 * only an unfinished frame is kept; output memory is handed on when it is empty. Reading stops while much
 * output waits, while a request cannot get a ticket, or while all keep so much that a long frame has to
 * wait for memory; a client that does not read its replies is closed.
 * Thread: the worker's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>
#include <sys/queue.h>

#include "base/time.h"
#include "loop/kept.h"
#include "loop/outbuf.h"
#include "loop/sealed.h"
#include "loop/subscribe.h"
#include "node/command.h"

#define CONN_OUT_HIGH    (1U << 20) /* stop reading */
#define CONN_OUT_LOW     (CONN_OUT_HIGH / 2)
#define CONN_OUT_MAX     (4U << 20) /* plus one reply: close */
#define CONN_OUT_TIGHT   (64U << 10) /* stop reading, while all together have half of what they may */
#define CONN_PROGRESS_US (10 * US_PER_SEC)

struct stranger;
struct ticket;
struct worker;

struct conn {
    struct worker *worker;
    ev_io io;
    bool closed;               /* no descriptor any more; lives on for its tickets */
    bool ending;               /* no more requests: flush, then close */
    bool given_up;             /* its output was forgotten, in the middle of something: close */
    bool paused;               /* not reading, because of output or tickets */
    bool is_stuck;             /* in worker->stuck */
    bool waits;                /* in worker->waiting */
    bool displaced;            /* it made room, and counts among the node's connections no more */
    uint8_t rights;            /* set of enum right: what its client may do */
    uint32_t owed;             /* tickets that are under way */
    bool may_log_in;           /* need not; said nothing yet that settles it */
    bool is_guest;             /* it is served without a login, where others log in */
    uint64_t client;           /* the tag of who it is; 0 = it did not log in */
    struct stranger *stranger; /* NULL once it has logged in, or need not */
    struct kept kept;   /* input that was read and not used: at most one read, or one frame */
    mono_us begun;      /* when its unfinished frame was; 0 = there is none */
    bool hungry;        /* in worker->hungry: not reading, kept has no memory for its frame yet */
    bool answered;      /* in worker->answered */
    bool arrived;       /* in worker->arrived: */
    struct slice input; /* read in this turn and not used yet; lent from the worker */
    size_t share_i;     /* of the worker's batch: where the requests of this input begin */
    size_t share_n;
    struct outbuf out;     /* text, also where it leaves in records */
    struct sealed *sealed; /* NULL = what crosses the socket is text */
    size_t out_counted;    /* bytes of it in world->out_waiting */
    mono_us progress_at;   /* is_stuck: when output last went */
    struct filters *filters;
    struct command_claims claims; /* keys that its client was told to load */
    TAILQ_ENTRY(conn) arrival;
    TAILQ_ENTRY(conn) hungering;
    LIST_ENTRY(conn) all;
    LIST_ENTRY(conn) subscribing;
    LIST_ENTRY(conn) waiting;
    LIST_ENTRY(conn) stuck;
};

/** Serve fd, which is taken, as is its place in the counts of connections (both also on errors). NULL =
 *  no memory, or too many strangers. */
struct conn *conn_new(struct worker *w, int fd);

/** Carry out what all connections of w read in this turn, in the order of arrival. */
void conn_use_arrived(struct worker *w);

/** Its login had shares: what it says behind it, the rest of c->input with it, and what it hears from now on
 *  is in records under keys. What waits to be sent is not. May close c. Copies keys. */
void conn_seal(struct conn *c, const struct tunnel *keys);

/** Close at once, after one last try to send; frees c when no ticket is under way. */
void conn_end(struct conn *c);

/** Free a closed connection whose tickets will not come back. */
void conn_free(struct conn *c);

/** A ticket of c came back: append the reply. Takes t. May free c. */
void conn_answer(struct conn *c, struct ticket *t);

/** Append p if a filter of c wants it; conn_finish() must follow. NULL = push `all`. */
void conn_push(struct conn *c, const struct push *p);

/** The client does not read what it asks for: forget its output, serve it no more. conn_finish() must
 *  follow, and will close it. */
void conn_give_up(struct conn *c);

/** Send, close or watch c as its state demands. Ends every dealing with c. May free c. */
void conn_finish(struct conn *c);

/** Tickets are to be had again: go on. May free c. */
void conn_resume(struct conn *c);

/** Has the client not taken output for too long? */
bool conn_is_slow(const struct conn *c, mono_us now);
