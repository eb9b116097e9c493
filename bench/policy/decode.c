#include "policy/decode.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"

#define DIGITS_MAX 18 /* of a number in a text: it fits an int64_t, whatever the digits */

/** What is being read, and where. */
struct source {
    const char *path;
    struct slice rest;
    size_t record; /* from 1 */
    struct records *out;
    struct fault *fault;
};

struct format {
    const char *name;
    const char *hint; /* in the name of a file of this format */
    size_t record_len;
    bool (*record)(struct source *s); /* takes one record off rest */
};

static bool add(struct source *s, uint64_t id, uint32_t size)
{
    struct records *r = s->out;
    if (r->n == DECODE_REQUESTS_MAX)
        return fault_tell(s->fault, "%s: record %zu: more requests than the limit of %u", s->path,
                          s->record, DECODE_REQUESTS_MAX);
    if (r->n == r->cap) {
        const size_t cap = r->cap == 0 ? 4096 : 2 * r->cap;
        struct record *at = realloc(r->at, cap * sizeof *at);
        if (at == NULL)
            return fault_tell(s->fault, "%s: record %zu: no memory", s->path, s->record);
        r->at = at;
        r->cap = cap;
    }
    r->at[r->n++] = (struct record){.id = id, .size = size};
    return true;
}

static void skip(struct source *s, size_t n)
{
    s->rest = slice_of(s->rest.at + n, s->rest.len - n);
}

/** Take a number and the blanks before it off line. false: it has none, or one of too many digits. */
static bool take_number(struct slice *line, uint64_t *out)
{
    size_t from = 0;
    while (from < line->len && (line->at[from] == ' ' || line->at[from] == '\t'))
        from++;
    size_t to = from;
    for (*out = 0; to < line->len && line->at[to] >= '0' && line->at[to] <= '9'; to++) {
        if (to - from == DIGITS_MAX)
            return false;
        *out = *out * 10 + (line->at[to] - '0');
    }
    *line = slice_of(line->at + to, line->len - to);
    return to > from;
}

static bool take_arc(struct source *s)
{
    const uint8_t *end = memchr(s->rest.at, '\n', s->rest.len);
    const size_t len = end == NULL ? s->rest.len : (size_t)(end - s->rest.at);
    struct slice line = slice_of(s->rest.at, len);
    uint64_t numbers[4];
    skip(s, len + (end != NULL));
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (!take_number(&line, &numbers[i]))
            return fault_tell(s->fault,
                              "%s: record %zu: field %zu is not a number of at most %d digits",
                              s->path, s->record, i + 1, DIGITS_MAX);
    }
    if (numbers[1] < 1 || numbers[1] > DECODE_BLOCKS_MAX)
        return fault_tell(s->fault, "%s: record %zu: %llu blocks; the limits are 1 and %u", s->path,
                          s->record, (unsigned long long)numbers[1], DECODE_BLOCKS_MAX);
    for (uint64_t i = 0; i < numbers[1]; i++) {
        if (!add(s, numbers[0] + i, 1))
            return false;
    }
    return true;
}

static bool take_oracle(struct source *s)
{
    uint64_t id;
    uint32_t size;
    memcpy(&id, s->rest.at + 4, sizeof id);
    memcpy(&size, s->rest.at + 12, sizeof size);
    skip(s, 24);
    if (size == 0)
        return fault_tell(s->fault, "%s: record %zu: size 0; the least is 1", s->path, s->record);
    return add(s, le64toh(id), le32toh(size));
}

static bool take_u64(struct source *s)
{
    uint64_t id;
    memcpy(&id, s->rest.at, sizeof id);
    skip(s, sizeof id);
    return add(s, be64toh(id), 1);
}

static bool take_u32(struct source *s)
{
    uint32_t id;
    memcpy(&id, s->rest.at, sizeof id);
    skip(s, sizeof id);
    return add(s, be32toh(id), 1);
}

static const struct format FORMATS[TRACE_FORMATS] = {
    [TRACE_ARC] = {"arc", ".lis", 1, take_arc},
    [TRACE_ORACLE] = {"oracle", "oracleGeneral", 24, take_oracle},
    [TRACE_U64] = {"u64", "scarab", 8, take_u64},
    [TRACE_U32] = {"u32", "cache2k", 4, take_u32},
};

bool decode_format(const char *name, enum trace_format *out)
{
    for (unsigned i = 0; i < TRACE_FORMATS; i++) {
        if (strcmp(FORMATS[i].name, name) == 0) {
            *out = (enum trace_format)i;
            return true;
        }
    }
    return false;
}

bool decode_guess(const char *path, enum trace_format *out)
{
    const char *slash = strrchr(path, '/');
    for (unsigned i = 0; i < TRACE_FORMATS; i++) {
        if (strstr(slash == NULL ? path : slash, FORMATS[i].hint) != NULL) {
            *out = (enum trace_format)i;
            return true;
        }
    }
    return false;
}

/* NOLINTNEXTLINE(readability-function-size): what to read, how, and where to tell of it. */
bool decode(const char *path, enum trace_format format, struct slice bytes, struct records *out,
            struct fault *fault)
{
    const struct format *f = &FORMATS[format];
    struct source s = {.path = path, .rest = bytes, .out = out, .fault = fault};
    while (s.rest.len > 0) {
        s.record++;
        if (s.rest.len < f->record_len)
            return fault_tell(fault, "%s: record %zu: cut off: %zu bytes; a record has %zu", path,
                              s.record, s.rest.len, f->record_len);
        if (!f->record(&s))
            return false;
    }
    return out->n > 0 || fault_tell(fault, "%s: record 1: there is none", path);
}
