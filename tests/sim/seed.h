/** seed.h - one random world: faults by swarm, then healing, then everything must agree. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "world.h"

struct seed_cfg {
    uint64_t seed;
    uint32_t nodes;
    uint64_t length_us; /* of the time with faults */
    uint32_t faults;    /* classes allowed */
    bool sealed;
    int64_t watch; /* key whose life is printed; -1 = none */
};

/** What a seed, or many, came to. */
struct seed_result {
    bool failed;
    uint64_t fingerprint;
    uint64_t simulated_us; /* times nodes */
    uint64_t settled_us;   /* from healing to agreement */
    struct sim_counters counters;
};

/** Run one seed; a violation is printed to out. */
void seed_run(const struct seed_cfg *cfg, FILE *out, struct seed_result *result);

/** Add one result to a sum. */
void seed_add(struct seed_result *sum, const struct seed_result *one);

/** The world that is running now, for a handler of SIGABRT; NULL when none is. */
struct sim *seed_world(void);

/** A story has begun a world, or ended it (NULL). */
void seed_watch(struct sim *s);
