/**
 * ledger/running.h - the sum over the contents of an origin, with checkpoints every 256 sequences.
 *
 * Sequences are added in their order, none left out since the last restart, so two checkpoints differ
 * by the sum over exactly the sequences between them. Never says what the sum was before a restart.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/dot.h"
#include "base/hash.h"
#include "ledger/sums.h"

#define LEDGER_RUNNING_STEP 256 /* sequences between two checkpoints: equal on all nodes */
#define LEDGER_RUNNING_KEPT 8

struct running_point {
    uint64_t seq;
    uint64_t sum;
};

struct running {
    uint64_t sum;
    uint64_t n; /* checkpoints since the restart; the last LEDGER_RUNNING_KEPT are held */
    struct running_point at[LEDGER_RUNNING_KEPT];
};

/** Drop what was summed up: a sequence has no content here. */
void ledger_running_restart(struct running *r);

/** Add d, the next in order: only its name, its target and whether it is a key or a tag count. */
void ledger_running_add(struct running *r, const struct hkey *hkey, const struct dot *d);

/** The sum between the oldest and the newest checkpoint; false when there are not two. */
bool ledger_running_newest(const struct running *r, struct ledger_sum *out);

/** Find out->sum between out->lo and out->hi; false when one of them is no checkpoint held here. */
bool ledger_running_between(const struct running *r, struct ledger_sum *out);
