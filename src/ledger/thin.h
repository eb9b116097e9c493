/**
 * ledger/thin.h - the targets of dots that left the log, 16 bytes each.
 *
 * What is found here has lost its kind but for "one key" or "one tag", and its version, digest and
 * softness with it: applied as a plain dot it kills more than the original, never less. Kinds that are
 * wider than a tag, and the beginnings of quarantines, have no such form and are never here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "ledger/chain.h"
#include "ledger/log.h"

struct thin_record {
    uint64_t hash;
    uint64_t name; /* seq, slot and class, packed */
};

struct thin {
    struct thin_record *ring; /* NULL when there is none */
    struct chains chains;
};

/** Make an empty log of max records, a power of two (asserted) or 0; false when it does not fit. */
bool ledger_thin_init(struct arena *arena, struct thin *thin, uint32_t max);

/** Records ever added: the position of the next one. */
uint64_t ledger_thin_added(const struct thin *thin);

/** Keep the thin form of a record, when it has one. */
void ledger_thin_add(struct thin *thin, const struct log_record *r);

/** Find a dot; key->since counts records of this log. Sets kind, seq and hash of *out, clears the rest. */
bool ledger_thin_find(const struct thin *thin, const struct log_key *key, struct dot *out);
