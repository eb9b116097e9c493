/**
 * minimise.h - looks for a smaller script that breaks the same check.
 *
 * Leaves out classes, nodes, time, and then single acts, and keeps what still fails. Every try is a
 * process of its own: a failed assertion, or a loop without end, ends only that.
 * Source: delta debugging, Zeller and Hildebrandt (2002).
 */
#pragma once

#include <stdio.h>

#include "checklist.h"
#include "script.h"

#define MINIMISE_CPU_S 300

/** Minimise a script that breaks `check`, and print what is left and how to run it. */
void minimise(const struct script *sc, enum check check, FILE *out);
