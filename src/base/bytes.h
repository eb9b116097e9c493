/**
 * base/bytes.h - sticky big-endian cursors: read or write straight on, look at the error once.
 *
 * After the first failure every further call does nothing and returns 0 or an empty slice, so codecs
 * need no check between fields. Source of the habit: wire_ctx of Knot DNS.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct reader {
    struct slice rest; /* what has not been read yet */
    enum err err;      /* OK or ERR_SHORT */
};

/** Begin reading bytes from their start. Lends bytes. */
struct reader reader_of(struct slice bytes);

/** The next unsigned integer, big-endian; 0 and ERR_SHORT when it is not all there. */
uint8_t read_u8(struct reader *r);
uint16_t read_u16(struct reader *r); /**< as read_u8, 2 bytes */
uint32_t read_u32(struct reader *r); /**< as read_u8, 4 bytes */
uint64_t read_u64(struct reader *r); /**< as read_u8, 8 bytes */

/** The next n bytes, lent from the input; an empty slice and ERR_SHORT when they are not all there. */
struct slice read_bytes(struct reader *r, size_t n);

/** OK when all was read without error; ERR_MALFORMED when bytes remain; else the sticky error. */
MUST_USE enum err read_end(const struct reader *r);

struct writer {
    uint8_t *at;
    size_t len;   /* bytes written */
    size_t cap;   /* bytes of room at `at` */
    enum err err; /* OK or ERR_SPACE */
};

/** Begin writing into the cap bytes at `at`. Lends `at`. */
struct writer writer_of(void *at, size_t cap);

/** The same where it is needed: to copy what was just written in parts makes the processor wait. */
void writer_begin(struct writer *w, void *at, size_t cap);

/** Append an unsigned integer, big-endian; ERR_SPACE and no change when it does not fit. */
void write_u8(struct writer *w, uint8_t value);
void write_u16(struct writer *w, uint16_t value); /**< as write_u8, 2 bytes */
void write_u32(struct writer *w, uint32_t value); /**< as write_u8, 4 bytes */
void write_u64(struct writer *w, uint64_t value); /**< as write_u8, 8 bytes */

/** Append a copy of bytes, whole or (ERR_SPACE) not at all. */
void write_bytes(struct writer *w, struct slice bytes);

/** What was written so far, lent from the writer's buffer. */
struct slice writer_slice(const struct writer *w);
