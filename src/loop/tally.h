/**
 * loop/tally.h - what a worker counts of the requests of its clients: answers, errors, and how long they took.
 *
 * The fast path must not feel it: answers to gets are added up in plain memory and told once for each write
 * to a socket, and of the requests that are answered at once only every LOOP_SAMPLE-th is timed. No line of
 * memory is written by two threads. Thread: the worker's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/time.h"
#include "loop/worker.h"

/** Of those that are answered at once and timed: is it this one's turn? */
static inline bool tally_is_due(struct worker *w)
{
    if (--w->sample_left > 0)
        return false;
    w->sample_left = LOOP_SAMPLE;
    return true;
}

/** Are requests of this op timed? */
bool tally_times(uint32_t op);

/** A request of this op, which was read at since, has its answer. Ops that are not timed: nothing. */
void tally_time(struct worker *w, uint32_t op, mono_us since);

/** This reply, a whole frame, is about to be sent: count it if it is an error. Empty: there is none yet. */
void tally_reply(struct worker *w, uint32_t op, struct slice reply);

/** A request of this op, 0 for one that was not understood, was refused. */
void tally_error(struct worker *w, uint32_t op);

/** Tell everybody what keys were answered with since the last time. */
void tally_tell(struct worker *w);
