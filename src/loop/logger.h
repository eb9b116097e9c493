/**
 * loop/logger.h - log lines for people and collectors: logfmt or JSON, one write each, to one file.
 *
 *     ts=2024-05-01T12:00:00.123Z level=info msg="member joined" member=b address=10.0.0.2:6248
 *
 * Keys, values, tags and secrets of users are never logged; callers see to that.
 * Thread: any. A line over the rate limit is dropped and counted; the next line that passes says how
 * many were.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define LOGGER_LINE_MAX   2048 /* bytes of one line; longer ones are cut */
#define LOGGER_PER_SECOND 200  /* lines; errors are not limited */
#define LOGGER_TEXT_MAX   24   /* enough for a number as text */

enum logger_level {
    LOGGER_DEBUG,
    LOGGER_INFO,
    LOGGER_WARN,
    LOGGER_ERROR,
    LOGGER_LEVELS
};

struct logger_cfg {
    enum logger_level level; /* lines below it are not written */
    bool json;               /* else logfmt */
    int fd;                  /* 0 = standard error; lent */
};

struct logger {
    _Atomic int level;
    bool json;
    int fd;
    pthread_mutex_t mutex; /* guards what follows */
    uint64_t second;       /* of the rate limit's window */
    uint32_t written;      /* lines in this second */
    uint64_t suppressed;   /* since the last line that passed */
    _Atomic uint64_t lines_total;
    _Atomic uint64_t suppressed_total;
};

/** One `name=value` of a line. */
struct logger_field {
    const char *name;   /* snake_case */
    struct slice value; /* lent for the call */
    bool bare;          /* a number: no quotes in JSON */
};

/** What a line says. */
struct logger_line {
    uint64_t wall_ms; /* since 1970 */
    enum logger_level level;
    const char *msg;
    const struct logger_field *fields;
    size_t fields_n;
};

/** Begin logging. */
void logger_init(struct logger *l, const struct logger_cfg *cfg);

/** Release the mutex. The file stays open. */
void logger_fini(struct logger *l);

/** Change the level from now on. */
void logger_level_set(struct logger *l, enum logger_level level);

/** Write one line, stamped with the wall clock. n fields; fields may be NULL when n is 0. */
void logger_say(struct logger *l, enum logger_level level, const char *msg,
                const struct logger_field *fields, size_t n);

/** A field with a text. Lends text. */
struct logger_field logger_text(const char *name, const char *text);

/** A field with a number, written into room, which the field lends. */
struct logger_field logger_number(const char *name, uint64_t number, char room[LOGGER_TEXT_MAX]);

/** Format a line, its end of line included. Returns: bytes written, at most cap. Pure. */
size_t logger_format(const struct logger_line *line, bool json, char *out, size_t cap);

/** "debug", "info", "warn", "error". Static. */
const char *logger_level_text(enum logger_level level);

/** The level that text names; false when it names none, and *out is unchanged. */
bool logger_level_of(const char *text, enum logger_level *out);
