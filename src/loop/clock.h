/** loop/clock.h - the two clocks: one that never goes back, and the wall's for people. Thread: any. */
#pragma once

#include "base/time.h"

/** Microseconds of CLOCK_BOOTTIME: goes on while the machine sleeps, never goes back. */
mono_us clock_now(void);

/** Milliseconds since 1970. Only for the generation and for log lines. */
uint64_t clock_wall_ms(void);
