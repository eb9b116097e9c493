/**
 * tests/e2e/keyed.h - programs of a story log in as jay does: with the line of the file that
 * SCRUBJAY_CLIENT_KEY names, where there is one.
 *
 * Never knows of comments in it, nor reads it twice for one client.
 */
#pragma once

#include <scrubjay/client.h>
#include <stdio.h>
#include <stdlib.h>

/** As scrubjay_new(), with the key of the environment. A file that cannot be used ends the program. */
static inline struct scrubjay *keyed_new(const struct scrubjay_options *options)
{
    const char *path = getenv("SCRUBJAY_CLIENT_KEY");
    struct scrubjay_options o = *options;
    char id[33] = "", key[45] = "";
    if (path == NULL || path[0] == '\0')
        return scrubjay_new(&o);
    FILE *file = fopen(path, "re");
    if (file == NULL || fscanf(file, "%32s %44s", id, key) != 2) {
        fprintf(stderr, "%s holds no key of a client\n", path);
        exit(2);
    }
    fclose(file);
    o.id = id;
    o.key = key;
    return scrubjay_new(&o);
}
