/** app/cpus.h - how many CPUs this process may use. */
#pragma once

#include <stdint.h>

/**
 * The least of the CPUs that the scheduler lets us run on and of the cgroup's quota, rounded up; 1 to
 * LOOP_WORKERS_MAX. root: "" but in tests.
 */
uint32_t cpus_granted(const char *root);

/** The cgroup's quota in CPUs, rounded up; 0 = none. */
uint32_t cpus_quota(const char *root);
