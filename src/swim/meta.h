/**
 * swim/meta.h - what a member tells of itself beside its capabilities.
 *
 * To swim these are bytes and no more: it keeps what the newest record said and tells it on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "wire/peer.h"

#define SWIM_META_MAX 16

/** Metadata of one member. */
struct swim_meta {
    uint8_t len; /* 0 = it tells nothing, or more than is kept here */
    uint8_t bytes[SWIM_META_MAX];
};

/** Do both tell the same? */
bool meta_eq(const struct swim_meta *a, const struct swim_meta *b);

/** What a record tells; nothing when it is longer than what is kept. */
struct swim_meta meta_of(const struct peer_record *r);
