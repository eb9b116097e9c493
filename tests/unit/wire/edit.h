/**
 * edit.h - a msgpack value written again with one part changed, for tests of decoders.
 *
 * A path names a part: "" the value itself, "8.0.2" element 2 of element 0 of element 8.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define EDIT_CAP 131072

struct edit {
    const char *path;   /* the part that is replaced; NULL for none */
    struct slice with;  /* by this msgpack value */
    int leaf;           /* the how manyth integer is replaced, from 0; -1 for none */
    bool grow;          /* every array gets two more elements, apart from `lists` */
    const char *list;   /* path of an array that must not grow, or NULL */
    const char *list_b; /* one more */
    bool done;          /* set when something was replaced */
    int leaves;         /* set: integers in the value */
};

/** Write `bytes`, one msgpack value, as e wants it into out. Returns: the length. Aborts when bytes
 *  are no msgpack value or out is too small. */
size_t edit_value(struct edit *e, struct slice bytes, uint8_t out[EDIT_CAP]);
