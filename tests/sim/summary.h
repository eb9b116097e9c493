/** summary.h - what seeds came to, as one JSON document. */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "seed.h"

/** Write the sum of so many seeds: an object of numbers, with one of marks in it (name: seeds that hit
 *  it). */
void summary_json(const struct seed_result *sum, uint64_t seeds, FILE *out);
