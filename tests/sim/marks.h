/**
 * marks.h - what should happen in some seeds, or the faults are not rough enough.
 *
 * A mark is hit in a seed when one of its nodes counted something, or the world did. Where a mark is
 * hit in no seed, a path of the core is not tried, whatever the number of seeds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sim;
struct sim_node;

#define MARKS_MAX 160

/** Marks hit in one seed. */
struct marks {
    bool hit[MARKS_MAX];
};

/** How many there are, and the name of one. Lends static text. */
uint32_t marks_n(void);
const char *mark_name(uint32_t i); /**< as marks_n */

/** Look at the counters of a node that is up. */
void marks_look(struct sim *s, const struct sim_node *n);

/** Look at the counters of the world. */
void marks_end(struct sim *s);
