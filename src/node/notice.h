/**
 * node/notice.h - what the node has to tell its driver that is neither packet nor stream.
 *
 * Replies are never lost: the driver drains after every input (NOTICE_MAX allows for 1,024 inputs).
 * When applied dots come faster than they are taken, or their names outgrow the buffer, they fold into
 * one "everything": a subscriber drops more than it had to, never less.
 */
#pragma once

#include "base/arena.h"
#include "node/node.h"

#define NOTICE_MAX     8192
#define NOTICE_APPLIED 4096  /* at most so many of them are applied dots */
#define NOTICE_NAMES   65536 /* bytes for the names of members and dots that wait */

struct notices;

/** Make an empty queue. NULL when the arena is too small. */
struct notices *notices_new(struct arena *arena);

/** Queue an output that lends nothing (REPLY, RESOLVE, STATE, LEFT). */
void notice_add(struct notices *q, const struct node_out *out);

/** Queue an applied dot, its name copied; folds when there is no room. */
void notice_applied(struct notices *q, const struct dot *d);

/** Queue "everything may have changed". */
void notice_everything(struct notices *q);

/** Queue a membership event; its names are copied. Dropped when there is no room: it is a log line. */
void notice_event(struct notices *q, enum swim_event_kind event, const struct swim_member *member);

/** Take the oldest; false when empty. Lends names until the queue is next added to. */
bool notice_take(struct notices *q, struct node_out *out);

/** Is nothing waiting? */
bool notices_empty(const struct notices *q);
