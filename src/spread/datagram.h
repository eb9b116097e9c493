/**
 * spread/datagram.h - which dots of a fan one datagram holds.
 *
 * Never decides when to send and never changes a link.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spread/link.h"
#include "spread/recent.h"
#include "wire/dots.h"

/** Part of a fan's dots to be written, and how. */
struct run {
    uint64_t lo;
    uint64_t hi;
    bool named; /* with names: first transmissions only */
    bool relay; /* two-hop dots ask the receiver to pass them on */
};

/** What came of writing a run. */
struct written {
    uint64_t next; /* first dot that was left out for want of room; run->hi + 1 when none was */
    uint64_t n;    /* dots written */
    uint64_t left; /* dots passed over because they cannot be sent: the member must pull them */
};

/** Append the dots of a run that k's member did not cover, until one does not fit. */
struct written spread_write_run(const struct recent *r, const struct link *k, const struct run *run,
                                struct dots_writer *w);

/** Append up to 3 of the newest dots up to `newest` that k's member did not cover. Returns: how many. */
uint64_t spread_write_trailing(const struct recent *r, const struct link *k, uint64_t newest,
                               struct dots_writer *w);

/** Append hot dots for k, at most max bytes, and count their extra sends in k. Returns: how many. */
uint64_t spread_write_hot(const struct recent *r, struct link *k, struct dots_writer *w,
                          size_t max);
