#include "app/cgroup.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define MOUNT "/sys/fs/cgroup"

bool cgroup_read_line(const char *path, char out[CGROUP_LINE_MAX])
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    const bool there = fgets(out, CGROUP_LINE_MAX, file) != NULL;
    (void)fclose(file);
    if (there)
        out[strcspn(out, "\n")] = '\0';
    return there;
}

/** One file to look for in a group and in those above it. */
struct climb {
    char folder[PATH_MAX]; /* of the mount */
    const char *file;
    cgroup_line *visit;
    void *ctx;
};

static void look(const struct climb *c, const char *group)
{
    char path[3 * PATH_MAX];
    char line[CGROUP_LINE_MAX];
    (void)snprintf(path, sizeof path, "%s%s/%s", c->folder, group, c->file);
    if (cgroup_read_line(path, line))
        c->visit(c->ctx, line);
}

/** From the group up to the root of the mount, "". */
static void climb(const struct climb *c, const char *group)
{
    char at[PATH_MAX];
    (void)snprintf(at, sizeof at, "%s", group);
    for (char *slash = strrchr(at, '/'); slash != NULL; slash = strrchr(at, '/')) {
        if (slash[1] != '\0')
            look(c, at);
        *slash = '\0';
    }
    look(c, "");
}

/** Is word one of the comma-separated list? */
static bool lists(const char *list, const char *word)
{
    const size_t len = strlen(word);
    while (*list != '\0') {
        const size_t n = strcspn(list, ",");
        if (n == len && strncmp(list, word, n) == 0)
            return true;
        list += n + (list[n] == ',');
    }
    return false;
}

/** One line of /proc/self/cgroup: `id:controllers:/group`; no controllers = version 2. */
static bool split(char *line, const char **controllers, const char **group)
{
    char *first = strchr(line, ':');
    char *second = first == NULL ? NULL : strchr(first + 1, ':');
    if (second == NULL)
        return false;
    *second = '\0';
    *controllers = first + 1;
    *group = second + 1;
    return true;
}

void cgroup_visit(const char *root, const struct cgroup_files *files, cgroup_line *visit_v1,
                  cgroup_line *visit_v2, void *ctx)
{
    char path[PATH_MAX];
    char line[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *controllers = NULL;
        const char *group = NULL;
        struct climb c = {.ctx = ctx};
        line[strcspn(line, "\n")] = '\0';
        if (!split(line, &controllers, &group))
            continue;
        const bool unified = controllers[0] == '\0';
        if (!unified && !lists(controllers, files->controller))
            continue;
        (void)snprintf(c.folder, sizeof c.folder, unified ? "%s%s" : "%s%s/%s", root, MOUNT,
                       controllers);
        c.file = unified ? files->v2 : files->v1;
        c.visit = unified ? visit_v2 : visit_v1;
        climb(&c, group);
    }
    if (file != NULL)
        (void)fclose(file);
}
