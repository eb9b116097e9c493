/**
 * ledger/retired.h - the ring of origins that ended, each with its last sequence.
 *
 * Entries are numbered from 1 in the order of retirement, so that another node can ask for those that
 * it has not seen by one number. The newest pushes out the oldest. Never touches the vector hash.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "ledger/ended.h"
#include "ledger/epochs.h"

struct retired_entry {
    struct retired is;
    uint64_t born; /* L before the origin was first heard of */
};

struct retired_ring {
    struct retired_entry *at; /* epoch 0 = none; entry number i at i & (max - 1) */
    uint32_t max;             /* 0 = every origin is forgotten at once */
    uint32_t added;           /* the newest number */
    uint32_t forgotten;       /* the newest number that was pushed out */
    struct epochs index;      /* places in `at` */
};

/** Make an empty ring of max entries, a power of two (asserted) or 0; false when it does not fit. */
bool ledger_retired_init(struct arena *arena, struct retired_ring *ring, uint32_t max,
                         uint64_t seed);

/** The entry of an epoch, lent; NULL when there is none. */
struct retired_entry *ledger_retired_find(const struct retired_ring *ring, uint64_t epoch);

/** Add an entry that is not there. Returns: false, or true and in *forgotten what is lost by it. */
bool ledger_retired_add(struct retired_ring *ring, const struct retired_entry *e,
                        struct retired *forgotten);

/** Take an entry out: its number stays empty. */
void ledger_retired_remove(struct retired_ring *ring, struct retired_entry *e);
