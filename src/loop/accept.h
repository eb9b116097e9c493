/**
 * loop/accept.h - new connections: within the limits, and to the worker that has the fewest.
 *
 * Every worker has a listener on the same port, and the system spreads connections over them by a hash:
 * some get far more than others. So whoever accepts hands the connection to the worker that has the
 * fewest, before anything was read from it; later it stays where it is. A worker that does not turn, or
 * whose queue is full, is given none. Thread: the worker's, unless it says otherwise.
 */
#pragma once

#include <stdbool.h>

#include <ev.h>

#define ACCEPT_MAX       16  /* of one turn: those who are there are served in between */
#define ACCEPT_QUEUE_MAX 256 /* handed to one worker, and not yet taken */

struct worker;

/** The listener of io->data, a worker, is readable. */
void accept_ready(struct ev_loop *ev, ev_io *io, int revents);

/** Connections were handed to wake->data, a worker. */
void accept_handed(struct ev_loop *ev, ev_async *wake, int revents);

/** Hand fd, which counts as one of w's already, to w. Takes fd, unless the answer is false: then there
 *  are ACCEPT_QUEUE_MAX. Thread: any worker's. */
bool accept_hand(struct worker *w, int fd);

/** Close what was handed to w and will not be taken: it ended. Thread: control. */
void accept_drop(struct worker *w);
