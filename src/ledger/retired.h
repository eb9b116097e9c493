/**
 * ledger/retired.h - the ring of origins that ended, each with its last sequence.
 *
 * Entries are numbered from 1 in the order of retirement here, so that another node can ask for those
 * that it has not seen by one number. That order differs from node to node, so it does not decide what
 * the vector hash counts: the `max` entries with the highest epochs are counted, on all nodes alike. As
 * many others are still known and told; past that the one with the lowest number is dropped. Never
 * touches the vector hash.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "ledger/ended.h"
#include "ledger/epochs.h"

struct retired_entry {
    struct retired is; /* epoch 0 = none */
    uint64_t born;     /* L before the origin was first heard of */
    uint32_t number;
    bool counted;
};

struct retired_ring {
    struct retired_entry *at; /* `room` places */
    uint32_t *by_epoch;       /* the n places in use, epochs rising, then the free ones */
    uint32_t *by_number;      /* the n places in use, numbers rising */
    uint32_t max;             /* so many are counted; 0 = every origin is dropped at once */
    uint32_t room;
    uint32_t n;
    uint32_t added;      /* the newest number */
    uint32_t uncounted;  /* the newest number that ceased to be counted */
    uint32_t dropped;    /* the newest number that was dropped */
    struct epochs index; /* places in `at` */
};

/** What became of the ring by a change of one entry. */
struct retired_change {
    struct retired uncounted; /* not counted any more, perhaps what was added; epoch 0 = none */
    struct retired counted;   /* counted again; epoch 0 = none */
    bool dropped;             /* one is not known any more */
};

/** Make an empty ring that counts max entries; false when it does not fit. */
bool ledger_retired_init(struct arena *arena, struct retired_ring *ring, uint32_t max,
                         uint64_t seed);

/** The entry of an epoch, lent until the next change; NULL when there is none. */
struct retired_entry *ledger_retired_find(const struct retired_ring *ring, uint64_t epoch);

/** Add an entry that is not there; its number and whether it is counted are set here. */
struct retired_change ledger_retired_add(struct retired_ring *ring, const struct retired_entry *e);

/** Take an entry out: its number stays empty, and the next one may be counted in its place. */
struct retired_change ledger_retired_remove(struct retired_ring *ring, struct retired_entry *e);

/** Would an entry of this epoch, which is not there, be counted? */
bool ledger_retired_would_count(const struct retired_ring *ring, uint64_t epoch);

/** The entry with the least number past `number`, lent; NULL when there is none. */
const struct retired_entry *ledger_retired_past_number(const struct retired_ring *ring,
                                                       uint32_t number);

/** The entry with the least epoch past `epoch`, lent; NULL when there is none. */
const struct retired_entry *ledger_retired_above(const struct retired_ring *ring, uint64_t epoch);
