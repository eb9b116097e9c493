/**
 * wire/client_plain.h - the shapes of requests that arrive most, read without building a tree.
 *
 * A plain request is a get without options, or a fill with no other option than ttl_ms; or many of them
 * in one: an mget without options, or an mfill whose entries have no other option than ttl_ms. Whatever is
 * not one, or breaks any rule or limit, is not looked at further: client_request_decode() reads it,
 * and tells its sender what is wrong. What both accept, both read alike. Total on hostile bytes;
 * never allocates.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "wire/client.h"

/** A plain request. Slices are lent from the frame. */
struct client_plain {
    uint32_t id;
    uint32_t op; /* OP_GET or OP_FILL */
    struct slice ns;
    struct slice key;
    struct slice value; /* OP_FILL, as all that follow; else empty */
    struct slice token;
    uint64_t ttl_ms; /* 0 = none given */
};

/**
 * Read one frame (without its length) if it is a plain request.
 *
 * frame:   hostile.
 * Returns: false when it is not, and then *out is unspecified.
 */
bool client_plain_read(const struct client_codec *c, struct slice frame, struct client_plain *out);

/**
 * Read one frame (without its length) if it is a plain mget or mfill.
 *
 * frame:   hostile.
 * Returns: false when it is not, and then *out is unchanged.
 * Lends:   *out from frame and c until the next decode, as client_request_decode() does.
 */
bool client_plain_many(struct client_codec *c, struct slice frame, struct client_request *out);
