#include "base/bytes.h"

#include <assert.h>
#include <string.h>

struct reader reader_of(struct slice bytes)
{
    return (struct reader){.rest = bytes, .err = OK};
}

struct slice read_bytes(struct reader *r, size_t n)
{
    if (r->err == OK && r->rest.len < n)
        r->err = ERR_SHORT;
    if (r->err != OK || n == 0)
        return (struct slice){0};
    const struct slice taken = {.at = r->rest.at, .len = n};
    r->rest.at += n;
    r->rest.len -= n;
    return taken;
}

static uint64_t read_be(struct reader *r, size_t n)
{
    const struct slice bytes = read_bytes(r, n);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | bytes.at[i];
    return value;
}

uint8_t read_u8(struct reader *r)
{
    return (uint8_t)read_be(r, 1);
}

uint16_t read_u16(struct reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t read_u32(struct reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t read_u64(struct reader *r)
{
    return read_be(r, 8);
}

enum err read_end(const struct reader *r)
{
    if (r->err != OK)
        return r->err;
    return r->rest.len == 0 ? OK : ERR_MALFORMED;
}

struct writer writer_of(void *at, size_t cap)
{
    assert(at != NULL || cap == 0);
    return (struct writer){.at = at, .cap = cap, .err = OK};
}

void write_bytes(struct writer *w, struct slice bytes)
{
    if (w->err == OK && w->cap - w->len < bytes.len)
        w->err = ERR_SPACE;
    if (w->err != OK || bytes.len == 0)
        return;
    memcpy(w->at + w->len, bytes.at, bytes.len);
    w->len += bytes.len;
}

static void write_be(struct writer *w, uint64_t value, size_t n)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
    write_bytes(w, slice_of(bytes, n));
}

void write_u8(struct writer *w, uint8_t value)
{
    write_be(w, value, 1);
}

void write_u16(struct writer *w, uint16_t value)
{
    write_be(w, value, 2);
}

void write_u32(struct writer *w, uint32_t value)
{
    write_be(w, value, 4);
}

void write_u64(struct writer *w, uint64_t value)
{
    write_be(w, value, 8);
}

struct slice writer_slice(const struct writer *w)
{
    return slice_of(w->at, w->len);
}
