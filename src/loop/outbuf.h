/**
 * loop/outbuf.h - bytes that wait to be sent on one socket; grows on demand up to a limit.
 *
 * Reserve, write into the room, commit; flush sends as much as the system takes. An empty one
 * may hand its memory on. Thread: one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct outbuf {
    uint8_t *at;
    size_t sent; /* of the bytes at `at`: gone already */
    size_t len;  /* committed, sent ones included */
    size_t cap;
    size_t max; /* bytes that may wait */
};

/** Begin empty, without memory. */
void outbuf_init(struct outbuf *o, size_t max);

/** Release the memory. */
void outbuf_fini(struct outbuf *o);

/** Bytes that wait. */
size_t outbuf_len(const struct outbuf *o);

/** The bytes that wait. Lends from o until the next call. */
struct slice outbuf_rest(const struct outbuf *o);

/** The first n of the bytes that wait have gone by another way. */
void outbuf_drop(struct outbuf *o, size_t n);

/** Room for at least n bytes (o->cap - o->len are usable), lent until the next call; NULL = the limit
 *  would be exceeded, or no memory, and nothing changed. */
uint8_t *outbuf_reserve(struct outbuf *o, size_t n);

/** The first n bytes of the room were written: they wait now. */
void outbuf_commit(struct outbuf *o, size_t n);

enum outbuf_state {
    OUTBUF_EMPTY,
    OUTBUF_WAITING,
    OUTBUF_BROKEN /* the other end is gone */
};

/** Send with one system call what the system takes. */
enum outbuf_state outbuf_flush(struct outbuf *o, int fd);

/** Memory of an empty buffer, to be handed to another one: *cap bytes, or NULL. Gives. */
uint8_t *outbuf_give(struct outbuf *o, size_t *cap);

/** Let an empty buffer without memory use cap bytes at `at`. Takes (made by malloc). */
void outbuf_take(struct outbuf *o, uint8_t *at, size_t cap);
