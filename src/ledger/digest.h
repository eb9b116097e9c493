/**
 * ledger/digest.h - a hash of the whole vector, kept up to date by one subtraction and one addition.
 *
 * The sum does not depend on the order of origins, so two nodes that covered the same have the same
 * hash however they came to it. Origins with applied = 0 add nothing: having heard of an origin is
 * no difference. Never looks at heads or windows.
 */
#pragma once

#include <stdint.h>

#include "base/hash.h"
#include "ledger/ledger.h"
#include "ledger/origin.h"

struct digest {
    struct hkey hkey;
    uint64_t sum;
    uint64_t groups[LEDGER_GROUPS]; /* the parts of sum, by epoch mod LEDGER_GROUPS */
};

/** Replace what o adds to the sums by what it adds with its present `applied`, not 0 (asserted). */
void ledger_digest_update(struct digest *digest, struct origin *o);

/** Add or subtract what an origin without a slot, applied up to `last`, not 0 (asserted), adds. */
void ledger_digest_add(struct digest *digest, uint64_t epoch, uint64_t last);
void ledger_digest_subtract(struct digest *digest, uint64_t epoch, uint64_t last); /**< as above */

/** o, applied up to `last` without having been summed, takes over what is in the sums for it. */
void ledger_digest_inherit(const struct digest *digest, struct origin *o);
