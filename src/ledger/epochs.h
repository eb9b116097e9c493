/**
 * ledger/epochs.h - a map from epochs to small numbers, of fixed capacity.
 *
 * Never knows what the numbers mean, and never holds epoch 0.
 * Source: linear probing with backward shifts on removal, Knuth, TAOCP 3, 6.4, algorithm R.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

#define LEDGER_EPOCHS_NONE UINT32_MAX

struct epochs_cell {
    uint64_t epoch; /* 0 = empty */
    uint32_t value;
};

struct epochs {
    struct epochs_cell *cells;
    uint32_t mask;
    uint64_t seed; /* against epochs chosen to fall together */
};

/** Make an empty map for at most max epochs; false when it does not fit. */
bool ledger_epochs_init(struct arena *arena, struct epochs *e, uint32_t max, uint64_t seed);

/** The number of an epoch; LEDGER_EPOCHS_NONE when it is not there. */
uint32_t ledger_epochs_find(const struct epochs *e, uint64_t epoch);

/** Add an epoch that is not there (asserted). */
void ledger_epochs_add(struct epochs *e, uint64_t epoch, uint32_t value);

/** Remove an epoch that is there (asserted). */
void ledger_epochs_remove(struct epochs *e, uint64_t epoch);
