#include "load/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "load/fatal.h"
#include "load/number.h"

#define ORACLE_RECORD 24 /* u32 time, u64 id, u32 size, i64 next; little-endian */
#define BLOCKS_MAX    (1U << 20)

/** A trace under way. */
struct reading {
    struct trace *out;
    struct number numbers;
    size_t cap;
};

static void add(struct reading *g, uint64_t id)
{
    struct trace *t = g->out;
    if (t->n == g->cap) {
        g->cap = g->cap == 0 ? 65536 : g->cap * 2;
        uint32_t *wider = realloc(t->keys, g->cap * sizeof *wider);
        if (wider == NULL)
            fatal(EXIT_ERRORS, "no memory for a trace of %zu requests", g->cap);
        t->keys = wider;
    }
    t->keys[t->n++] = number_of(&g->numbers, id);
}

/* ---- formats ---- */

/** Digits at *at, which is moved behind them and the blanks after them. */
static bool take_number(const uint8_t **at, const uint8_t *end, uint64_t *out)
{
    const uint8_t *p = *at;
    *out = 0;
    while (p < end && *p >= '0' && *p <= '9')
        *out = *out * 10 + (uint64_t)(*p++ - '0');
    const bool some = p > *at;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    *at = p;
    return some;
}

static const char *parse_lis(struct reading *g, const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        uint64_t start, count;
        if (!take_number(&at, end, &start) || !take_number(&at, end, &count))
            return "a line does not begin with two numbers";
        if (count > BLOCKS_MAX)
            return "a request for over 1,048,576 blocks";
        for (uint64_t i = 0; i < count; i++)
            add(g, start + i);
        const uint8_t *line = memchr(at, '\n', (size_t)(end - at));
        at = line != NULL ? line + 1 : end;
    }
    return NULL;
}

static const char *parse_oracle(struct reading *g, const uint8_t *at, const uint8_t *end)
{
    for (; end - at >= ORACLE_RECORD; at += ORACLE_RECORD) {
        uint64_t id = 0;
        for (int i = 7; i >= 0; i--)
            id = id << 8 | at[4 + i];
        add(g, id);
    }
    return at == end ? NULL : "the last record of 24 bytes is cut";
}

static const char *parse_be32(struct reading *g, const uint8_t *at, const uint8_t *end)
{
    struct reader r = reader_of(slice_of(at, (size_t)(end - at)));
    while (r.rest.len >= sizeof(uint32_t))
        add(g, read_u32(&r));
    return r.rest.len == 0 ? NULL : "the last id of 4 bytes is cut";
}

static const char *parse_be64(struct reading *g, const uint8_t *at, const uint8_t *end)
{
    struct reader r = reader_of(slice_of(at, (size_t)(end - at)));
    while (r.rest.len >= sizeof(uint64_t))
        add(g, read_u64(&r));
    return r.rest.len == 0 ? NULL : "the last id of 8 bytes is cut";
}

static const struct {
    const char *name;
    const char *(*parse)(struct reading *g, const uint8_t *at, const uint8_t *end);
} FORMATS[] = {
    {"lis", parse_lis}, {"oracle", parse_oracle}, {"be32", parse_be32}, {"be64", parse_be64}};

static bool is_format(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(FORMATS); i++)
        if (strcmp(FORMATS[i].name, name) == 0)
            return true;
    return false;
}

const char *trace_parse(const char *format, const uint8_t *at, size_t len, struct trace *out)
{
    struct reading g = {.out = out};
    const char *wrong = "an unknown format";
    *out = (struct trace){0};
    for (size_t i = 0; i < ARRAY_LEN(FORMATS); i++)
        if (strcmp(FORMATS[i].name, format) == 0)
            wrong = FORMATS[i].parse(&g, at, at + len);
    out->keys_n = g.numbers.n;
    number_free(&g.numbers);
    return wrong;
}

void trace_free(struct trace *t)
{
    free(t->keys);
    *t = (struct trace){0};
}

/* ---- files ---- */

/** Ids of 8 bytes are hashes, or numbers whose upper half is zero; those of 4 bytes are numbers. */
static const char *guess_ids(const uint8_t *at, size_t len)
{
    bool high = false, all_small = true;
    for (size_t i = 0; i + 8 <= len; i += 8) {
        high = high || at[i] != 0 || at[i + 1] != 0 || at[i + 2] != 0 || at[i + 3] != 0;
        all_small = all_small && at[i] == 0 && at[i + 4] == 0;
    }
    return len % 8 != 0 || (high && all_small) ? "be32" : "be64";
}

static const char *format_of(const char *file, const uint8_t *at, size_t len)
{
    if (strstr(file, ".lis") != NULL)
        return "lis";
    if (strstr(file, ".oracleGeneral") != NULL)
        return "oracle";
    return guess_ids(at, len);
}

static bool ends(const char *text, const char *with)
{
    const size_t len = strlen(text), with_len = strlen(with);
    return len >= with_len && strcmp(text + len - with_len, with) == 0;
}

/** Start a program whose output goes into fd. */
static void start(char *const args[], int fd, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    if (posix_spawnp(pid, args[0], &actions, NULL, args, environ) != 0)
        fatal(EXIT_ERRORS, "cannot unpack %s: is %s installed?", args[3], args[0]);
    posix_spawn_file_actions_destroy(&actions);
}

/** Start `program -dc -- file`. Returns: what it writes; *pid is to be waited for. */
static int unpack(char *program, char *file, pid_t *pid)
{
    int fds[2];
    char option[] = "-dc", dashes[] = "--";
    char *args[] = {program, option, dashes, file, NULL};
    if (pipe2(fds, O_CLOEXEC) != 0)
        fatal(EXIT_ERRORS, "cannot unpack %s: %s", file, strerror(errno));
    start(args, fds[1], pid);
    close(fds[1]);
    return fds[0];
}

/** All that comes out of fd; *len bytes, to be freed. */
static uint8_t *read_all(int fd, size_t *len)
{
    size_t cap = 1U << 20;
    uint8_t *at = fatal_calloc(cap, 1);
    *len = 0;
    for (;;) {
        const ssize_t got = read(fd, at + *len, cap - *len);
        if (got <= 0)
            break;
        *len += (size_t)got;
        if (*len < cap)
            continue;
        cap *= 2;
        uint8_t *wider = realloc(at, cap);
        if (wider == NULL)
            fatal(EXIT_ERRORS, "no memory for a trace of %zu bytes", cap);
        at = wider;
    }
    close(fd);
    return at;
}

static uint8_t *read_file(char *file, size_t *len)
{
    char zstd[] = "zstd", xz[] = "xz";
    pid_t pid = 0;
    int fd, status = 0;
    if (ends(file, ".zst"))
        fd = unpack(zstd, file, &pid);
    else if (ends(file, ".xz"))
        fd = unpack(xz, file, &pid);
    else
        fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fatal(EXIT_USAGE, "cannot read the trace %s: %s", file, strerror(errno));
    uint8_t *at = read_all(fd, len);
    if (pid > 0 && (waitpid(pid, &status, 0) != pid || status != 0))
        fatal(EXIT_USAGE, "cannot unpack the trace %s", file);
    return at;
}

void trace_read(const char *file, struct trace *out)
{
    char path[4096];
    const char *colon = strrchr(file, ':');
    const char *format = colon != NULL && is_format(colon + 1) ? colon + 1 : NULL;
    const size_t path_len = format != NULL ? (size_t)(colon - file) : strlen(file);
    size_t len;
    if (path_len == 0 || path_len >= sizeof path)
        fatal(EXIT_USAGE, "the name of a trace has %zu bytes; the limit is 4,095", path_len);
    memcpy(path, file, path_len);
    path[path_len] = '\0';
    uint8_t *bytes = read_file(path, &len);
    if (format == NULL)
        format = format_of(path, bytes, len);
    const char *wrong = trace_parse(format, bytes, len, out);
    free(bytes);
    if (wrong != NULL)
        fatal(EXIT_USAGE, "the trace %s, read as %s: %s", path, format, wrong);
    if (out->n == 0)
        fatal(EXIT_USAGE, "the trace %s is empty", path);
}
