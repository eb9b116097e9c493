/**
 * app/cgroup.h - what the control group of this process grants, version 1 or 2.
 *
 * A limit may stand in the group itself or in any above it: the smallest counts. In a container the
 * path that /proc tells may not exist under /sys; then the root of the mount is the container's own
 * group. Source: cgroups(7), Documentation/admin-guide/cgroup-v2.rst.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CGROUP_LINE_MAX 256

/** Is handed one file of one group, its first line without the end of line. */
typedef void cgroup_line(void *ctx, const char *line);

/** Which files to look for. */
struct cgroup_files {
    const char *controller; /* version 1: "memory", "cpu" */
    const char *v1;         /* file in its folder */
    const char *v2;         /* file in the unified folder */
};

/** Hand the first line of the file of our group and of all above it to visit. root: "" but in tests. */
void cgroup_visit(const char *root, const struct cgroup_files *files, cgroup_line *visit_v1,
                  cgroup_line *visit_v2, void *ctx);

/** Read the first line of a file. false when there is none. */
bool cgroup_read_line(const char *path, char out[CGROUP_LINE_MAX]);
