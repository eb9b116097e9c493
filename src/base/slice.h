/** base/slice.h - a borrowed run of bytes. A slice never owns what it points at. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const uint8_t *at; /* may be NULL only when len is 0 */
    size_t len;        /* bytes */
};

/** A slice over len bytes at `at`. Lends the memory of `at`. */
struct slice slice_of(const void *at, size_t len);

/** A slice over a NUL-terminated string, without the NUL. Lends the memory of text. */
struct slice slice_text(const char *text);

/** Do a and b hold the same bytes? Not constant time: never for secrets. */
bool slice_eq(struct slice a, struct slice b);

/** Does s begin with the bytes of prefix? */
bool slice_starts(struct slice s, struct slice prefix);
