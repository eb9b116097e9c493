/**
 * tests/e2e/history/recent.h - stamps that were acknowledged lately, for readers who ask to be after one.
 *
 * Never blocks for long. Any thread.
 */
#pragma once

#include <scrubjay/client.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

/** A stamp that was acknowledged, and one key that it covers. */
struct recent {
    struct scrubjay_stamp stamp;
    uint32_t id, key;
};

/** Keep one; the oldest of 64 is forgotten. Copies r. */
void recent_keep(const struct recent *r);

/** Any of those kept. Returns: false when there is none. */
bool recent_recall(struct rng *rng, struct recent *out);
