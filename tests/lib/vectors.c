#include "vectors.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SCRUBJAY_VECTORS_DIR
#define SCRUBJAY_VECTORS_DIR "proto/vectors"
#endif

#define LINE_MAX_LEN 65536
#define NIBBLE_NONE  16u

/** What is being loaded, and how far it is. */
struct load {
    const char *name;
    const char *field; /* NULL: the field without a name */
    bool inside;       /* the lines read now belong to field */
    uint8_t *at;
    size_t len;
    size_t cap;
};

static void die(const struct load *l, const char *what)
{
    fprintf(stderr, "vectors: %s.hex, field %s: %s\n", l->name,
            l->field == NULL ? "(without a name)" : l->field, what);
    abort();
}

static FILE *open_file(const struct load *l)
{
    char path[4096];
    const char *dir = getenv("SCRUBJAY_VECTORS");
    if (dir == NULL)
        dir = SCRUBJAY_VECTORS_DIR;
    const int len = snprintf(path, sizeof path, "%s/%s.hex", dir, l->name);
    if (len < 0 || (size_t)len >= sizeof path)
        die(l, "the path is too long");
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        die(l, "cannot be opened");
    }
    return file;
}

static unsigned nibble_of(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = strchr(digits, c);
    return c == '\0' || at == NULL ? NIBBLE_NONE : (unsigned)(at - digits) % 16;
}

/** Append the bytes written as pairs of hex digits, with blanks between pairs. */
static void append_hex(struct load *l, const char *hex)
{
    while (*hex != '\0') {
        if (isspace((unsigned char)*hex)) {
            hex++;
            continue;
        }
        const unsigned high = nibble_of(hex[0]);
        const unsigned low = nibble_of(hex[1]);
        if (high == NIBBLE_NONE || low == NIBBLE_NONE)
            die(l, "is not hex");
        if (l->len == l->cap)
            die(l, "does not fit the buffer");
        l->at[l->len++] = (uint8_t)(high << 4 | low);
        hex += 2;
    }
}

/** Take one line in: a comment, the begin of a field, or more hex. */
static void take_line(struct load *l, char *line)
{
    if (line[strspn(line, " \t\r\n")] == '#')
        return;
    char *colon = strchr(line, ':');
    if (colon != NULL) {
        *colon = '\0';
        l->inside = l->field != NULL && strcmp(line, l->field) == 0;
        if (l->inside && l->len > 0)
            die(l, "stands there a second time");
        line = colon + 1;
    }
    if (l->inside)
        append_hex(l, line);
}

size_t vectors_load(const char *name, const char *field, uint8_t *buf, size_t cap)
{
    static char line[LINE_MAX_LEN];
    struct load l = {.name = name, .field = field, .inside = field == NULL, .cap = cap};
    l.at = buf;
    FILE *file = open_file(&l);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strlen(line) == sizeof line - 1)
            die(&l, "has a line that is too long");
        take_line(&l, line);
    }
    fclose(file);
    if (l.len == 0)
        die(&l, "is missing or empty");
    return l.len;
}
