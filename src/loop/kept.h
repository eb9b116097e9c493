/**
 * loop/kept.h - input that a connection sent and that was not used yet, and what all may keep of it.
 *
 * A frame that is not whole, or what a connection sent that may not go on now. What was read is kept in
 * any case; memory for the rest of a long frame is taken in advance, but only while all connections
 * together have less than half of what they may. Never reads a socket, never closes a connection.
 * Thread: the worker's; struct kept_room is shared by all.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define KEPT_LONG (128U << 10) /* longer frames are read into memory of their own */

/** What all connections keep. */
struct kept_room {
    uint64_t max;              /* bytes; beyond them somebody has to go */
    _Atomic uint64_t used;     /* bytes taken, filled or not */
    _Atomic uint32_t hungry_n; /* connections that wait for room for a long frame */
};

/** What one connection keeps; begins zeroed. */
struct kept {
    uint8_t *at; /* NULL = nothing */
    size_t len;
    size_t cap;
    size_t need; /* bytes of the frame that it begins with; 0 = it was not looked at */
};

/** Keep a copy of rest, which must not be empty, where nothing is kept yet. need: as above. false: no
 *  memory, and nothing was kept. */
bool kept_put(struct kept *k, struct kept_room *room, struct slice rest, size_t need);

/** Does it begin with a long frame? */
bool kept_is_long(const struct kept *k);

/** Is there no memory yet for the rest of its long frame? */
bool kept_is_hungry(const struct kept *k);

/** Take memory for the rest of a long frame. false: there is no room for it now. */
bool kept_feed(struct kept *k, struct kept_room *room);

/** Take out what is kept, for the caller to free(); it counts no longer. */
struct slice kept_take(struct kept *k, struct kept_room *room);

/** Append rest to what was taken out. Takes kept. Returns: both, for the caller to free(); without an address
 *  when memory is out, and kept is freed. */
struct slice kept_join(struct slice kept, struct slice rest);

/** Forget what is kept. */
void kept_drop(struct kept *k, struct kept_room *room);

/** Do all together keep more than they may? */
bool kept_room_is_over(const struct kept_room *room);
