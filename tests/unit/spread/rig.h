/** rig.h - a spread in its own block of memory, and short words for what happens to it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spread/spread.h"

#define SELF 0x5E1FULL
#define ROOM 1000
#define MS   US_PER_MS

struct rig {
    struct spread *s;
    void *mem;
    uint64_t seq; /* newest issued */
};

/** 8 links, 256 recent dots, 4 KiB of names, 64 relayed dots; 1 ms, 10 ms and 100 ms. */
struct spread_cfg small_cfg(void);

/** Make a rig, or fail the test. Free it with drop(). */
struct rig make(const struct spread_cfg *cfg);
void drop(struct rig *r);

/** Bring up links 1..n at time 0, all from head 0. */
void link_up(struct rig *r, uint64_t n);

/** Issue n key dots named "key". */
void issue(struct rig *r, mono_us now, uint64_t n);

/** The member covered 1..applied and the bits of mask. */
void ack(struct rig *r, mono_us now, uint64_t id, uint64_t applied, uint64_t mask);

/** One output, decoded. */
struct sent {
    uint64_t to;
    size_t n;       /* dots */
    size_t named_n; /* dots with their name */
    uint64_t first; /* sequence of the first dot, 0 for a bare head */
    uint64_t last;
    uint64_t last_of_first_run; /* before the sequence falls for the first time */
    size_t len;
};

/** Tick and take one output. false when none is due. */
bool next(struct rig *r, mono_us now, struct sent *out);

/** Tick and drop all outputs that are due; returns how many there were. */
size_t drain(struct rig *r, mono_us now);

/** As drain(), from now on for as long as the copies of one try take. */
size_t drain_try(struct rig *r, mono_us now);

/** The link as people see it; it must exist. */
struct spread_view view(const struct rig *r, uint64_t id);

/** The seed of random tests: SEED of the environment, else fixed. */
uint64_t test_seed(void);
