#include "loop/logger.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "loop/clock.h"

#define TAIL_ROOM 8 /* always left for the end of the line */

static const char *const LEVELS[LOGGER_LEVELS] = {"debug", "info", "warn", "error"};

/** The line as far as it is; what does not fit is left out. */
struct line {
    char *at;
    size_t len;
    size_t cap;
    bool json;
};

static void put(struct line *l, const char *bytes, size_t n)
{
    if (n > l->cap - l->len)
        n = l->cap - l->len;
    memcpy(l->at + l->len, bytes, n);
    l->len += n;
}

static void put_text(struct line *l, const char *text)
{
    put(l, text, strlen(text));
}

/** Would logfmt readers split or misread this value without quotes? */
static bool needs_quotes(struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t c = value.at[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
            return true;
    }
    return value.len == 0;
}

static void put_escaped(struct line *l, struct slice value)
{
    for (size_t i = 0; i < value.len; i++) {
        const char c = (char)value.at[i];
        char escaped[8];
        if (c == '"' || c == '\\') {
            put(l, (const char[]){'\\', c}, 2);
        } else if ((uint8_t)c < ' ' || (uint8_t)c >= 0x7f) {
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)(uint8_t)c);
            put_text(l, escaped);
        } else {
            put(l, &c, 1);
        }
    }
}

static void put_quoted(struct line *l, struct slice value)
{
    put_text(l, "\"");
    put_escaped(l, value);
    put_text(l, "\"");
}

static void put_field(struct line *l, const struct logger_field *f)
{
    if (l->json) {
        put_text(l, l->len == 1 ? "\"" : ",\"");
        put_text(l, f->name);
        put_text(l, "\":");
    } else {
        put_text(l, l->len == 0 ? "" : " ");
        put_text(l, f->name);
        put_text(l, "=");
    }
    const bool bare = l->json ? f->bare : !needs_quotes(f->value);
    if (bare)
        put(l, (const char *)f->value.at, f->value.len);
    else
        put_quoted(l, f->value);
}

/** RFC 3339 in UTC with milliseconds. */
static void put_time(struct line *l, uint64_t wall_ms)
{
    char text[48];
    struct tm tm;
    const time_t seconds = (time_t)(wall_ms / 1000);
    if (gmtime_r(&seconds, &tm) == NULL)
        return;
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    len += (size_t)snprintf(text + len, sizeof text - len, ".%03uZ", (unsigned)(wall_ms % 1000));
    put_field(l, &(struct logger_field){.name = "ts", .value = slice_of(text, len)});
}

/** Cut in the middle of a JSON string, a line would not parse: whole fields only. */
static void put_whole(struct line *l, const struct logger_field *f)
{
    const struct line before = *l;
    put_field(l, f);
    if (l->len == l->cap)
        *l = before;
}

size_t logger_format(const struct logger_line *line, bool json, char *out, size_t cap)
{
    if (cap <= TAIL_ROOM)
        return 0;
    struct line l = {.cap = cap - TAIL_ROOM, .json = json};
    const struct logger_field level = logger_text("level", logger_level_text(line->level));
    const struct logger_field msg = logger_text("msg", line->msg);
    l.at = out;
    if (json)
        put_text(&l, "{");
    put_time(&l, line->wall_ms);
    put_whole(&l, &level);
    put_whole(&l, &msg);
    for (size_t i = 0; i < line->fields_n; i++)
        put_whole(&l, &line->fields[i]);
    l.cap = cap;
    put_text(&l, json ? "}\n" : "\n");
    return l.len;
}

void logger_init(struct logger *l, const struct logger_cfg *cfg)
{
    *l = (struct logger){.json = cfg->json, .fd = cfg->fd == 0 ? STDERR_FILENO : cfg->fd};
    atomic_init(&l->level, (int)cfg->level);
    pthread_mutex_init(&l->mutex, NULL);
}

void logger_fini(struct logger *l)
{
    pthread_mutex_destroy(&l->mutex);
}

void logger_level_set(struct logger *l, enum logger_level level)
{
    atomic_store_explicit(&l->level, (int)level, memory_order_relaxed);
}

static bool writes(const struct logger *l, enum logger_level level)
{
    return (int)level >= atomic_load_explicit(&l->level, memory_order_relaxed);
}

/** May one more line be written? *missed is then how many were not, since the last one. */
static bool admit(struct logger *l, const struct logger_line *line, uint64_t *missed)
{
    pthread_mutex_lock(&l->mutex);
    if (line->wall_ms / 1000 != l->second) {
        l->second = line->wall_ms / 1000;
        l->written = 0;
    }
    const bool passes = l->written < LOGGER_PER_SECOND || line->level >= LOGGER_ERROR;
    *missed = l->suppressed;
    l->written += passes;
    l->suppressed = passes ? 0 : l->suppressed + 1;
    pthread_mutex_unlock(&l->mutex);
    return passes;
}

/** Nothing can be told about a log that cannot be written to. */
static void write_out(int fd, const char *bytes, size_t n)
{
    const ssize_t written = write(fd, bytes, n);
    (void)written;
}

static void say_suppressed(struct logger *l, uint64_t wall_ms, uint64_t missed)
{
    char room[LOGGER_TEXT_MAX];
    char text[LOGGER_LINE_MAX];
    const struct logger_field field = logger_number("suppressed", missed, room);
    const struct logger_line line = {.wall_ms = wall_ms,
                                     .level = LOGGER_WARN,
                                     .msg = "log lines suppressed",
                                     .fields = &field,
                                     .fields_n = 1};
    write_out(l->fd, text, logger_format(&line, l->json, text, sizeof text));
}

void logger_say(struct logger *l, enum logger_level level, const char *msg,
                const struct logger_field *fields, size_t n)
{
    if (!writes(l, level))
        return;
    char text[LOGGER_LINE_MAX];
    uint64_t missed = 0;
    const struct logger_line line = {
        .wall_ms = clock_wall_ms(), .level = level, .msg = msg, .fields = fields, .fields_n = n};
    if (!admit(l, &line, &missed)) {
        atomic_fetch_add_explicit(&l->suppressed_total, 1, memory_order_relaxed);
        return;
    }
    if (missed > 0)
        say_suppressed(l, line.wall_ms, missed);
    atomic_fetch_add_explicit(&l->lines_total, 1, memory_order_relaxed);
    write_out(l->fd, text, logger_format(&line, l->json, text, sizeof text));
}

struct logger_field logger_text(const char *name, const char *text)
{
    return (struct logger_field){.name = name, .value = slice_text(text)};
}

struct logger_field logger_number(const char *name, uint64_t number, char room[LOGGER_TEXT_MAX])
{
    const int len = snprintf(room, LOGGER_TEXT_MAX, "%llu", (unsigned long long)number);
    return (struct logger_field){.name = name, .value = slice_of(room, (size_t)len), .bare = true};
}

const char *logger_level_text(enum logger_level level)
{
    assert((unsigned)level < LOGGER_LEVELS);
    return LEVELS[level];
}

bool logger_level_of(const char *text, enum logger_level *out)
{
    for (size_t i = 0; i < ARRAY_LEN(LEVELS); i++) {
        if (strcmp(text, LEVELS[i]) == 0) {
            *out = (enum logger_level)i;
            return true;
        }
    }
    return false;
}
