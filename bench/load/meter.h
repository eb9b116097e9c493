/** load/meter.h - clocks: this machine's, and the processor time of a process, from the kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <sys/types.h>

/** The monotonic clock, in nanoseconds. */
uint64_t meter_now_ns(void);

/** Sleep until the monotonic clock shows that time. */
void meter_sleep_until(uint64_t ns);

/** The processor time of a process. */
struct meter {
    clockid_t clock;
    bool on; /* false: there is none to measure */
};

/** Begin with pid, 0 = none. Returns: 0, or an errno. */
int meter_open(struct meter *m, pid_t pid);

/** What all threads of the process have used since it began, those that ended included, in the kernel
 *  and in user code; in nanoseconds. 0 without a process; the last known value is not kept. */
uint64_t meter_cpu_ns(const struct meter *m);

/** The same of this program. */
uint64_t meter_own_ns(void);
