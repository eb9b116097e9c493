/**
 * loop/hungry.h - connections whose long frames wait for memory, and whose frames have to go for them.
 *
 * A connection is not read while it waits; whoever came first is served first. So that unfinished frames
 * do not hold the memory for ever, one that others wait for has CONN_PROGRESS_US. Thread: the worker's.
 */
#pragma once

#include "base/time.h"

struct conn;
struct worker;

/** c begins to wait if its frame has no memory; conn_finish() must follow. */
void hungry_add(struct conn *c);

/** c waits no longer, if it did. */
void hungry_leave(struct conn *c);

/** Serve who waits, as long as there is room. May close and free connections. */
void hungry_feed(struct worker *w);

/** Once a second: while anybody waits, close the one that keeps most for a frame begun too long ago. */
void hungry_hasten(struct worker *w, mono_us now);

/** The connection of w that keeps most; NULL when none keeps anything. */
struct conn *hungry_largest(const struct worker *w);
