/**
 * base/quantity.h - numbers with units as people write them: "500ms", "64MiB", "1.5s".
 *
 * Digits, optionally a point and up to six more digits, and a unit that is never left out (but for
 * "0"): a bare number would leave people guessing. No sign, no blanks. Pure.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/**
 * Read a duration in us, ms, s, m or h. *out is in microseconds, rounded down.
 * Errors: ERR_MALFORMED, ERR_LIMIT (it does not fit); *out is unchanged.
 */
MUST_USE enum err quantity_us(struct slice text, uint64_t *out);

/**
 * Read a size in B; K, M, G, T with or without "iB" (1,024 each); KB, MB, GB, TB (1,000 each).
 * Errors: ERR_MALFORMED, ERR_LIMIT (it does not fit); *out, in bytes, is unchanged.
 */
MUST_USE enum err quantity_bytes(struct slice text, uint64_t *out);

/** Read "75%": 1 to 100, digits only. Errors: ERR_MALFORMED, ERR_LIMIT; *out is unchanged. */
MUST_USE enum err quantity_percent(struct slice text, uint32_t *out);
