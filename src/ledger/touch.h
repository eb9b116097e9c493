/**
 * ledger/touch.h - when was each bucket of target hashes last touched, in terms of L?
 *
 * One word per bucket, and three for what no bucket can name: tags, whatever is wider, and everything.
 * What the words say is never too early: a dot that was heard after index x and covered left its mark
 * above x. Never forgets, so the answer has no horizon; it only loses precision with age.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"
#include "ledger/touched.h"

#define LEDGER_BUCKET_BITS_MIN 12
#define LEDGER_BUCKET_BITS_MAX 16

struct touch {
    uint64_t *at; /* L of the last touch of each bucket; 0 = never */
    uint8_t bits; /* log2 of the number of buckets */
    uint64_t tagged;
    uint64_t wide; /* prefixes, namespaces, the whole cache, and kinds unknown here */
    uint64_t all;
};

/** Make 2^bits untouched buckets, 12 to 16 bits (asserted); false when they do not fit. */
bool ledger_touch_init(struct arena *arena, struct touch *touch, uint8_t bits);

/** A dot took effect, and L is now l. */
void ledger_touch_dot(struct touch *touch, const struct dot *d, uint64_t l);

/** A range was covered of which no more is known than what another node says that it touched. */
void ledger_touch_known(struct touch *touch, const struct ledger_touched *what, uint64_t l);

/** A range was covered of which nothing is known. */
void ledger_touch_everything(struct touch *touch, uint64_t l);

/** What was touched past index x. */
void ledger_touch_since(const struct touch *touch, uint64_t x, struct ledger_touched *out);
