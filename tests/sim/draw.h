/**
 * draw.h - draws what goes wrong in a world from its seed.
 *
 * Swarm testing: each seed first draws how many of the allowed classes it has, and which, and then how
 * badly and how often each of them happens, so that no class hides another. Every class draws from its
 * own stream of numbers: leaving one out does not move the others.
 * Source: Groce et al., "Swarm testing" (2012).
 */
#pragma once

#include <stdint.h>

#include "script.h"

/** Draw classes from those allowed, and acts, into *sc, whose seed and size are set. */
void draw_script(struct script *sc, uint32_t allowed);

/** The same for a calm life: one fault after the other, of any allowed class but those that last for a
 *  whole life, each followed by nine times as long without any. */
void draw_calm_script(struct script *sc, uint32_t allowed);
