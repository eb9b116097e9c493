/**
 * loop/alarm.h - when a counter that should stand still is worth a line of the log: once a minute.
 *
 * Who sends what we must refuse does so a thousand times. Never reads a clock, never logs.
 */
#pragma once

#include <stdbool.h>

#include "base/time.h"

#define ALARM_PAUSE (60 * US_PER_SEC) /* between two lines */

/** One counter. All zero before the first look. */
struct alarm {
    uint64_t told; /* the counter, as of the last line */
    mono_us told_at;
    bool ever;
};

/** Look at the counter. Returns: by how much it grew since the last line, if a line is due now, else 0. */
uint64_t alarm_due(struct alarm *a, uint64_t count, mono_us now);
