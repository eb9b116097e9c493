/**
 * wire/pack.h - msgpack values appended to a writer, or only measured.
 *
 * Private to `wire`. The same calls write and measure, so a length told beforehand is the length
 * written. Integers take their shortest form. Errors are the writer's sticky ERR_SPACE.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/slice.h"

struct packer {
    struct writer *w; /* NULL: count only */
    size_t len;       /* bytes packed so far, whether or not they fitted */
};

/** Begin packing into w. Lends w. */
struct packer packer_of(struct writer *w);

/** Begin measuring: nothing is written, p.len counts. */
struct packer packer_measuring(void);

void pack_nil(struct packer *p);                       /**< nil */
void pack_bool(struct packer *p, bool value);          /**< a boolean */
void pack_u64(struct packer *p, uint64_t value);       /**< an unsigned integer */
void pack_array(struct packer *p, size_t n);           /**< the head of an array of n values */
void pack_map(struct packer *p, size_t n);             /**< the head of a map of n pairs */
void pack_str(struct packer *p, struct slice bytes);   /**< a str; copies bytes */
void pack_bin(struct packer *p, struct slice bytes);   /**< a bin; copies bytes */
void pack_bin64(struct packer *p, uint64_t value);     /**< a bin of 8 bytes, big-endian */
void pack_raw(struct packer *p, struct slice msgpack); /**< bytes that are msgpack already */

/** nil when bytes is empty, else as pack_str. */
void pack_str_or_nil(struct packer *p, struct slice bytes);

/** nil when bytes is empty, else as pack_bin. */
void pack_bin_or_nil(struct packer *p, struct slice bytes);
