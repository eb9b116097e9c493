/** seed.h - one random world: faults by script, then healing, then the core must agree. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "marks.h"
#include "script.h"
#include "world.h"

/** What a seed, or many, came to. */
struct seed_result {
    bool failed;
    enum check check;   /* that was broken, when failed */
    uint64_t failed_us; /* when, from the start of the world */
    uint64_t fingerprint;
    uint64_t simulated_us; /* times nodes */
    uint64_t quiet_us;     /* of these: a life once more, without its faults */

    struct {
        uint64_t reads, hits;
    } quiet; /* in that life */

    uint64_t settled_us; /* from healing to agreement */
    struct sim_counters counters;
    struct marks marks;
    struct checked checked;
    uint32_t mark_seeds[MARKS_MAX]; /* of a sum: seeds that hit it */
};

/** Run the world of a script; a violation is printed to out, unless that is NULL. watch: a key whose
 *  life is printed; -1 = none. */
void seed_run(const struct script *sc, int64_t watch, FILE *out, struct seed_result *result);

/** Add one result to a sum. */
void seed_add(struct seed_result *sum, const struct seed_result *one);

/** The world that is running now, for a handler of SIGABRT; NULL when none is. */
struct sim *seed_world(void);

/** A story has begun a world, or ended it (NULL). */
void seed_watch(struct sim *s);
