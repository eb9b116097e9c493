/** checked.h - noting that a check is held against something: one that never is cannot fail. */
#pragma once

#include <stdbool.h>

#include "checklist.h"
#include "world.h"

/** A check is about to be held against something. */
static inline void sim_checked(struct sim *s, enum check check)
{
    s->checked.times[check]++;
}

/** The same, where it is held against this one only if that is so. */
static inline void sim_checked_if(struct sim *s, enum check check, bool is)
{
    s->checked.times[check] += is;
}
