/** calm.h - a calm life beside the same life without any fault: what do faults cost in hits? */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "script.h"
#include "seed.h"

/** Run the world of this script without its acts, and hold the hits of `rough`, which it was with them,
 *  against that. Returns: false, and says why on out, when either a check was broken or too many hits
 *  were lost. quiet: the result of that run. */
bool calm_compare(const struct script *sc, const struct seed_result *rough, FILE *out,
                  struct seed_result *quiet);
