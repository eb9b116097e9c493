/**
 * base/rights.h - what a client may do: four capabilities, as a set of bits.
 *
 * Never decides which operation needs which: that is the table of operations in `wire`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/** One capability. */
enum right {
    RIGHT_READ = 1 << 0,       /* get, mget, subscribe */
    RIGHT_WRITE = 1 << 1,      /* fill, put, touch, and intents */
    RIGHT_INVALIDATE = 1 << 2, /* invalidate */
    RIGHT_ADMIN = 1 << 3       /* look at the node and its cluster */
};

#define RIGHTS_N        4
#define RIGHTS_ALL      15
#define RIGHTS_TEXT_MAX 32 /* bytes of all words, separators and the NUL */

/** The word for one capability, "read"; NULL when right is none of them. Lends static text. */
const char *rights_word(unsigned right);

/** The capability of a word; 0 when there is none. */
uint8_t rights_named(struct slice word);

/** Write the words of a set, with separator between them, and a NUL. Returns: out. */
const char *rights_text(uint8_t rights, const char *separator, char out[RIGHTS_TEXT_MAX]);
