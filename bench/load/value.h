/**
 * load/value.h - the one value that each key has, so that what comes back can be told right or wrong.
 *
 * A value begins with its key's number; the rest is cut from a fixed pattern, at a place that depends
 * on the key. It is the same in every run. Never keeps a value.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct value_book {
    uint8_t *pattern;
    uint32_t len; /* of every value */
};

/** Begin: values of len bytes. Ends the program when memory does. */
void value_book_init(struct value_book *b, uint32_t len);

/** Release the memory. */
void value_book_fini(struct value_book *b);

/** Write the value of key, b->len bytes. */
void value_write(const struct value_book *b, uint32_t key, uint8_t *at);

/** Is this the value of key? */
bool value_matches(const struct value_book *b, uint32_t key, struct slice bytes);
