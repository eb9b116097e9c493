/**
 * policy/unpack.h - a whole file in memory, unpacked if its name ends in .zst or .xz.
 *
 * unpack_zstd() and unpack_xz() are those of the libraries where these were there at build time, else
 * pipes through the programs of that name. Never looks at what the bytes mean.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "policy/fault.h"

#define UNPACK_CHUNK ((size_t)1 << 18)
#define UNPACK_MAX   ((size_t)4 << 30) /* bytes, unpacked */

/** Bytes that grow. All zero is empty; free() `at` in the end. */
struct blob {
    uint8_t *at;
    size_t len, cap;
};

/** Make room for UNPACK_CHUNK more bytes behind len. Errors: ERR_LIMIT (UNPACK_MAX, or memory). */
MUST_USE enum err blob_grow(struct blob *b);

/** Append the rest of `in`, as it lies. Errors: ERR_LIMIT, ERR_IO. */
MUST_USE enum err unpack_plain(FILE *in, struct blob *out);

/** Append the rest of `in`, unpacked. Errors: ERR_MALFORMED (out has what came before), ERR_LIMIT, ERR_IO. */
MUST_USE enum err unpack_zstd(FILE *in, struct blob *out);
MUST_USE enum err unpack_xz(FILE *in, struct blob *out); /**< the same for xz */

/** Read the whole file at path, unpacked by its name. false: *fault names the file and the trouble. */
bool unpack_file(const char *path, struct blob *out, struct fault *fault);
