/**
 * loop/request.h - what one frame of a client leads to: a reply, a ticket for control, or a filter.
 *
 * Decides nothing about the meaning of requests: that is node/command.h. Thread: the worker's.
 */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "base/time.h"
#include "loop/conn.h"
#include "loop/ticket.h"
#include "wire/client.h"

/**
 * Carry out one whole frame of c.
 * Returns: false when it has to wait for a ticket; c is then paused, and the frame was not used.
 */
bool request_run(struct conn *c, mono_us now, struct slice frame);

/** Carry out a prepared plain request of c: it never waits. */
void request_run_plain(struct conn *c, const struct command_call *call,
                       const struct command_plain *plain);

/** Carry out a get that waited, for one more time. false: it is to wait on. */
bool request_again(struct conn *c, const struct client_request *request,
                   const struct command_call *call);

/** One step of a dry run. Returns: true when the reply was appended, or cannot be. */
bool request_count(struct conn *c, const struct client_request *request,
                   const struct command_call *call, struct command_dry_run *run);

/** Append an error reply; when the fault says so, c ends. */
void request_refuse(struct conn *c, const struct client_fault *fault);

/** Append the reply to a ticket that came back. false: no room, c must be closed. */
bool request_answer(struct conn *c, const struct ticket *t);
