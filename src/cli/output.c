#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/jay.h"

#define NAME_MAX_LEN 256

static void say(const char *format, va_list args)
{
    fputs("jay: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void jay_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

enum jay_exit jay_usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    return JAY_USAGE;
}

static enum jay_exit exit_of(enum scrubjay_status status)
{
    switch (status) {
    case SCRUBJAY_OK:
        return JAY_OK;
    case SCRUBJAY_INVALID:
        return JAY_USAGE;
    case SCRUBJAY_CONNECT:
    case SCRUBJAY_PROTOCOL:
    case SCRUBJAY_UNKNOWN:
        return JAY_CONNECT;
    case SCRUBJAY_TIMEOUT:
        return JAY_TIMEOUT;
    case SCRUBJAY_DENIED:
        return JAY_PERMISSION;
    default:
        return JAY_NEGATIVE;
    }
}

enum jay_exit jay_judge(const struct jay *j, enum scrubjay_status status)
{
    if (status != SCRUBJAY_OK && scrubjay_error(j->client)[0] != '\0')
        jay_say("%s", scrubjay_error(j->client));
    return exit_of(status);
}

void jay_time_now(char out[JAY_TIME_MAX])
{
    struct timespec now;
    struct tm parts;
    char second[sizeof "2026-11-22T03:25:54"];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    if (strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        second[0] = '\0';
    snprintf(out, JAY_TIME_MAX, "%s.%03ldZ", second, now.tv_nsec / 1000000);
}

void jay_print_json(json_t *value, bool one_line)
{
    const size_t layout = one_line ? JSON_COMPACT : JSON_INDENT(2);
    if (value != NULL)
        json_dumpf(value, stdout, layout | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(value);
}

void jay_print_raw(struct scrubjay_bytes bytes)
{
    fwrite(bytes.at, 1, bytes.len, stdout);
    if (isatty(STDOUT_FILENO))
        putchar('\n');
}

void jay_print_escaped(struct scrubjay_bytes bytes)
{
    const unsigned char *at = bytes.at;
    for (size_t i = 0; i < bytes.len; i++) {
        if (at[i] == '\\' || at[i] < ' ' || at[i] == 0x7F)
            printf("\\x%02x", at[i]);
        else
            putchar(at[i]);
    }
}

/* ---- `name value` lines ---- */

/** One line to be printed; both texts owned. */
struct line {
    char *name;
    char *value;
};

struct lines {
    struct line *at;
    size_t n;
    size_t cap;
};

static void add_line(struct lines *l, const char *name, char *value)
{
    if (l->n == l->cap) {
        const size_t cap = l->cap > 0 ? 2 * l->cap : 64;
        struct line *at = realloc(l->at, cap * sizeof *at);
        if (at == NULL) {
            free(value);
            return;
        }
        l->at = at;
        l->cap = cap;
    }
    l->at[l->n++] = (struct line){.name = strdup(name), .value = value};
}

/** Strings without their quotes, everything else as JSON says it. */
static char *value_text(const json_t *value)
{
    if (json_is_string(value))
        return strdup(json_string_value(value));
    return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9));
}

/** Add value under name; members and elements of it under longer names. */
/* NOLINTNEXTLINE(misc-no-recursion): at most SCAN_DEPTH_MAX deep, as jay_json_of() made it */
static void flatten(struct lines *l, const char *name, const json_t *value)
{
    char inner[NAME_MAX_LEN];
    const char *dot = name[0] != '\0' ? "." : "";
    const char *key;
    json_t *member;
    size_t i;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)value, key, member)
        {
            snprintf(inner, sizeof inner, "%s%s%s", name, dot, key);
            flatten(l, inner, member);
        }
    } else if (json_is_array(value) && json_array_size(value) > 0) {
        json_array_foreach(value, i, member)
        {
            snprintf(inner, sizeof inner, "%s%s%zu", name, dot, i);
            flatten(l, inner, member);
        }
    } else {
        add_line(l, name, value_text(value));
    }
}

static int by_name(const void *a, const void *b)
{
    const struct line *left = a, *right = b;
    return strverscmp(left->name, right->name);
}

void jay_print_lines(const json_t *object)
{
    struct lines l = {0};
    size_t width = 0;
    flatten(&l, "", object);
    if (l.n > 0)
        qsort(l.at, l.n, sizeof *l.at, by_name);
    for (size_t i = 0; i < l.n; i++)
        width = strlen(l.at[i].name) > width ? strlen(l.at[i].name) : width;
    for (size_t i = 0; i < l.n; i++) {
        printf("%-*s  %s\n", (int)width, l.at[i].name, l.at[i].value);
        free(l.at[i].name);
        free(l.at[i].value);
    }
    free(l.at);
}
