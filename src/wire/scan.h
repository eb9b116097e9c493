/**
 * wire/scan.h - a structural walk over msgpack bytes before any decoder sees them.
 *
 * msgpack-c trusts declared lengths: five bytes can make it ask for gigabytes. The scan allocates
 * nothing, does not recurse, and accepts only what a decoder can take within the given limits.
 * Source: the MessagePack specification.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/** Bounds of one message. depth counts nested containers; a bare scalar has depth 0. */
struct scan_limits {
    uint32_t depth_max; /* at most SCAN_DEPTH_MAX */
    uint32_t nodes_max; /* every value counts one, containers and map keys included */
};

#define SCAN_DEPTH_MAX 16

/** What one complete value is made of. */
struct scan_size {
    size_t len;     /* bytes of the value */
    uint32_t nodes; /* values in it */
};

/**
 * Measure the one msgpack value at the start of bytes.
 *
 * bytes:   hostile.
 * Errors:  ERR_SHORT (more bytes could complete it), ERR_LIMIT (depth or nodes, told before any
 *          declared length is believed), ERR_MALFORMED (the byte 0xC1, or an extension type: none of
 *          our messages has one). *out is unchanged on every error.
 */
MUST_USE enum err scan_value(struct slice bytes, const struct scan_limits *limits,
                             struct scan_size *out);
