#include "app/size.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cgroup.h"

/* Version 1 has no word for "no limit" but a number near 2^63, rounded to pages. */
#define NO_LIMIT_FROM (1ULL << 60)

static void keep_smallest(void *ctx, const char *line)
{
    uint64_t *smallest = ctx;
    char *end = NULL;
    const unsigned long long bytes = strtoull(line, &end, 10);
    if (end == line || *end != '\0' || bytes == 0 || bytes >= NO_LIMIT_FROM)
        return; /* "max", or nothing that could be a limit */
    if (*smallest == 0 || bytes < *smallest)
        *smallest = bytes;
}

/** The machine's memory, the first line of meminfo: "MemTotal:  16316412 kB". 0 = cannot be told. */
static uint64_t machine_memory(const char *root)
{
    static const char NAME[] = "MemTotal:";
    char path[PATH_MAX];
    char line[CGROUP_LINE_MAX];
    (void)snprintf(path, sizeof path, "%s/proc/meminfo", root);
    if (!cgroup_read_line(path, line) || strncmp(line, NAME, sizeof NAME - 1) != 0)
        return 0;
    return strtoull(line + sizeof NAME - 1, NULL, 10) * 1024;
}

uint64_t size_memory_limit(const char *root)
{
    static const struct cgroup_files FILES = {"memory", "memory.limit_in_bytes", "memory.max"};
    uint64_t smallest = 0;
    cgroup_visit(root, &FILES, keep_smallest, keep_smallest, &smallest);
    const uint64_t machine = machine_memory(root);
    return machine != 0 && smallest > machine ? 0 : smallest;
}

uint64_t size_memory_whole(const char *root)
{
    const uint64_t limit = size_memory_limit(root);
    return limit != 0 ? limit : machine_memory(root);
}
