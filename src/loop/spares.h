/**
 * loop/spares.h - output memory of connections that have nothing to send, for those that will.
 *
 * Most connections are idle most of the time, and idle ones own no buffers: memory goes from one to the
 * next, the piece that was used last first, since it is nearest. What would exceed the limits is freed.
 * Thread: one.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "loop/outbuf.h"

#define SPARES_MAX       64           /* pieces, */
#define SPARES_PIECE_MAX (256U << 10) /* bytes of one, */
#define SPARES_LEN_MAX   (1U << 20)   /* and of all */

struct spare {
    uint8_t *at;
    size_t cap;
};

/** Begins all zero: with none. */
struct spares {
    size_t n;
    size_t len; /* bytes of all */
    struct spare all[SPARES_MAX];
};

/** Keep the memory of an empty buffer, which has none afterwards; beyond a limit it is freed. */
void spares_keep(struct spares *s, struct outbuf *from);

/** Let a buffer that has no memory use some; it has none afterwards when there is none. */
void spares_lend(struct spares *s, struct outbuf *to);

/** Free all. */
void spares_fini(struct spares *s);
