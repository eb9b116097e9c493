/**
 * wire/object.h - msgpack values read one after the other, with their types and ranges checked.
 *
 * Private to `wire`. The scan runs before msgpack-c sees a byte, so a declared length is never
 * believed; the objects lie in a zone that was made at start and never grows. Reading an array is
 * sticky, as in base/bytes.h: after the first error every read gives 0, nil or an empty slice, and
 * the error is looked at once. Never recurses and never decides what a field means.
 */
#pragma once

#include <msgpack/object.h>
#include <msgpack/zone.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/scan.h"

/** Room for the objects of one message. Must not be copied. */
struct object_room {
    msgpack_zone zone;
    struct scan_limits limits;
};

/**
 * Take the room that messages within limits can need: the one use of the heap, at start.
 *
 * limits:  depth_max at most SCAN_DEPTH_MAX. Copied.
 * Returns: false when the heap is empty, and then r must not be used nor released.
 */
bool object_room_init(struct object_room *r, const struct scan_limits *limits);

/** Give the room back to the heap. */
void object_room_fini(struct object_room *r);

/**
 * Take a decoder of len bytes, which begins with its object_room, from the arena, and make that room.
 *
 * Returns: NULL when the arena is too small or the heap empty.
 */
void *object_codec_new(struct arena *arena, size_t len, const struct scan_limits *limits);

/** Give the room of such a decoder back to the heap; nothing for NULL. */
void object_codec_free(void *codec);

/**
 * Decode the one msgpack value that bytes hold: scan_value() first, then msgpack-c.
 *
 * bytes:   hostile.
 * Errors:  ERR_LIMIT; ERR_MALFORMED, also for a value that is not all there, and for bytes behind it.
 *          *out is unchanged on every error.
 * Lends:   the objects from r, until its next decode or fini; strings and bins in them from bytes.
 */
MUST_USE enum err object_decode_whole(struct object_room *r, struct slice bytes,
                                      msgpack_object *out);

/** Reads the elements of one array in their order. Elements that are not read are skipped: that is
 *  how fields of later versions pass. */
struct object_reader {
    const msgpack_object *at; /* the next element */
    uint32_t left;            /* elements not read yet */
    enum err err;             /* OK, ERR_MALFORMED or ERR_LIMIT */
};

/** Begin reading o; the reader has ERR_MALFORMED when o is no array. Lends o. */
struct object_reader object_reader_of(const msgpack_object *o);

/** The next element whatever it is; NULL and ERR_MALFORMED when there is none. Lends. */
const msgpack_object *object_next(struct object_reader *r);

/** Is the next element nil? Then it is read, else it stays. false after an error. */
bool object_nil(struct object_reader *r);

/** The next element, an unsigned integer of at most max; otherwise 0 and ERR_MALFORMED. */
uint64_t object_u64(struct object_reader *r, uint64_t max);

/** As object_u64, at most UINT32_MAX. */
uint32_t object_u32(struct object_reader *r);

/** As object_u64, at most UINT8_MAX. */
uint8_t object_u8(struct object_reader *r);

/** The next element, a boolean; otherwise false and ERR_MALFORMED. */
bool object_bool(struct object_reader *r);

/** The next element, a str; ERR_LIMIT when it has more than len_max bytes. Lends from the input. */
struct slice object_str(struct object_reader *r, size_t len_max);

/** As object_str, but a bin. */
struct slice object_bin(struct object_reader *r, size_t len_max);

/** As object_str, but a str or a bin. */
struct slice object_bytes(struct object_reader *r, size_t len_max);

/** The next element, a bin of exactly 8 bytes, as a big-endian number. */
uint64_t object_bin64(struct object_reader *r);

/** The next element, an array of at most n_max elements (ERR_LIMIT): a reader of its elements, which
 *  has the same error when there is one. Errors of the inner reader do not reach r: object_join(). */
struct object_reader object_array(struct object_reader *r, uint32_t n_max);

/** Hand the error of an inner reader on to r, which keeps its own when it has one. */
void object_join(struct object_reader *r, const struct object_reader *inner);

/** Note an error found by the caller, unless there is one already. */
void object_fail(struct object_reader *r, enum err err);
