/**
 * load/tally.h - what a run has counted: answers, times, and errors by name.
 *
 * One writer each; tallies of several threads are merged at the end.
 */
#pragma once

#include <stdint.h>

#include "base/histogram.h"
#include "base/slice.h"

#define TALLY_NAMES    16
#define TALLY_NAME_MAX 64

/** Errors of one name. */
struct tally_error {
    char name[TALLY_NAME_MAX];
    uint64_t n;
};

struct tally {
    uint64_t requests, hits, misses, verified;
    uint64_t refused; /* fills after a miss that somebody else's write forestalled */
    uint64_t errors;  /* of all names, in every stage */
    struct tally_error named[TALLY_NAMES];
    uint32_t named_n;
    struct histogram sent; /* from sending to the answer */
    struct histogram due;  /* from when it should have been sent: with a rate only */
};

/** Count n errors of a name. Its bytes may be hostile: what is not plain text is told as "?". The last
 *  place collects whatever does not fit. */
void tally_error(struct tally *t, struct slice name, uint64_t n);

/** Add everything of `from` to `into`. */
void tally_merge(struct tally *into, const struct tally *from);
