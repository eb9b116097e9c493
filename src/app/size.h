/** app/size.h - how much memory there is. root: "" but in tests. */
#pragma once

#include <stdint.h>

/** The cgroup's memory limit in bytes; 0 = none. */
uint64_t size_memory_limit(const char *root);

/** What a percentage is of: the cgroup's limit, else the machine's memory; 0 = cannot be told. */
uint64_t size_memory_whole(const char *root);
