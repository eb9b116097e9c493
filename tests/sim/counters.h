/**
 * counters.h - what a world counts, for people and for marks: 64-bit numbers and nothing else.
 */
#pragma once

#include <stdint.h>

struct sim_counters {
    uint64_t events, datagrams, datagram_bytes, lost, duplicated, overflowed, frames;
    uint64_t copies_refused; /* second copies that changed nothing */
    uint64_t replayed, damaged, too_long;
    uint64_t crashes, restarts, pauses, cuts, lookups, foreigners;
    uint64_t reads, hits, fills, refused, invalidations, puts, skipped;
    uint64_t gifts;                 /* entries taken over from another node's cache */
    uint64_t pulled, broad, relays; /* of processes that ended, and at the end of all */
    uint64_t inside;                /* dots that nodes issued of themselves */
    uint64_t after_reads, after_open, after_hits; /* open: the stamp was not covered */
    uint64_t bounded, certified, unproven;
    uint64_t stale_hits, turned_away, woken, loaders_gone;
    uint64_t soft, pairs, versioned, again;
    uint64_t level_nodes, level_all, level_quorum, level_missed, level_refused;
    uint64_t fenced_by_all, fenced_by_time;
    uint64_t begins, commits, aborts, clients_died, announced_puts, announced_stored;
    uint64_t kept;   /* copies found that nothing had ended */
    uint64_t cooled; /* effects of dots that keep a hot key from being stored */
    uint64_t mgets, mfills, touched, touched_none, several, storms;
    uint64_t clones;  /* processes begun with the random bytes of another */
    uint64_t poisons; /* told of such a process */
    uint64_t lists;   /* of keys, that went as one dot */
};

/** Add counters up. */
void sim_counters_add(struct sim_counters *sum, const struct sim_counters *more);
