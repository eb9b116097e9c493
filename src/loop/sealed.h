/**
 * loop/sealed.h - a connection whose login had shares: what was read is opened, what leaves is sealed.
 *
 * Stands between the socket and what the connection keeps: its waiting output and its unfinished frames are
 * text, with the limits that they have on any connection. Beside that it holds a part of a record that came,
 * and four records that leave, at most, and neither while the connection is idle. Never knows what a frame
 * is. Thread: the worker's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/time.h"
#include "loop/kept.h"
#include "loop/outbuf.h"
#include "seal/tunnel.h"

/** Holds secrets. */
struct sealed {
    struct tunnel tunnel;
    struct kept kept;   /* a record that is not whole yet, */
    mono_us begun;      /* and when it was; 0 = there is none */
    struct outbuf wire; /* records that wait to be sent; at first, what was said before them */
    size_t claimed;     /* so many bytes at the front of the output are in wire */
};

/** Begin. What waits in out goes as it is, what comes behind it is sealed. Copies keys. NULL = no memory. */
struct sealed *sealed_new(const struct tunnel *keys, const struct outbuf *out);

/** Wipe and release. NULL is allowed. */
void sealed_free(struct sealed *s, struct kept_room *room);

/** Bytes of a record that is not whole yet. */
size_t sealed_kept(const struct sealed *s);

/** Bytes of records that wait to be sent. */
size_t sealed_waiting(const struct sealed *s);

/**
 * Open what was read.
 *
 * at:     sealed_kept() bytes of room, and behind them the n bytes that were read, hostile. Afterwards the
 *         text of all records that are whole; the rest is kept.
 * Errors: ERR_LIMIT, ERR_MALFORMED, ERR_UNAUTHENTIC (it is none of the client's records), ERR_FULL (no
 *         memory, or no numbers): nothing of it may be used, and the connection has to be closed.
 */
MUST_USE enum err sealed_open(struct sealed *s, struct kept_room *room, uint8_t *at, size_t n,
                              size_t *text_len);

/** Seal what waits in out and send it, until the system takes no more; it leaves out when its record has
 *  gone as a whole. *sent: bytes that went. */
enum outbuf_state sealed_flush(struct sealed *s, struct outbuf *out, int fd, size_t *sent);

/** The output was forgotten: forget its records, too. The client can open nothing any more. */
void sealed_forget(struct sealed *s);
