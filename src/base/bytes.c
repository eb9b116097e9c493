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

/* Of a word of n bytes the compiler makes one load and one swap. */

uint8_t read_u8(struct reader *r)
{
    const uint8_t *at = read_bytes(r, 1).at;
    return at == NULL ? 0 : at[0];
}

uint16_t read_u16(struct reader *r)
{
    const uint8_t *at = read_bytes(r, 2).at;
    return at == NULL ? 0 : (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint32_t read_u32(struct reader *r)
{
    const uint8_t *at = read_bytes(r, 4).at;
    return at == NULL ? 0 : be32(at);
}

uint64_t read_u64(struct reader *r)
{
    const uint8_t *at = read_bytes(r, 8).at;
    return at == NULL ? 0 : (uint64_t)be32(at) << 32 | be32(at + 4);
}

enum err read_end(const struct reader *r)
{
    if (r->err != OK)
        return r->err;
    return r->rest.len == 0 ? OK : ERR_MALFORMED;
}

void writer_begin(struct writer *w, void *at, size_t cap)
{
    assert(at != NULL || cap == 0);
    w->at = at;
    w->cap = cap;
    w->len = 0;
    w->err = OK;
}

struct writer writer_of(void *at, size_t cap)
{
    struct writer w;
    writer_begin(&w, at, cap);
    return w;
}

/** Room for n bytes, which then count as written. NULL: for none, or there is none, which is ERR_SPACE. */
static uint8_t *take_room(struct writer *w, size_t n)
{
    if (w->err == OK && w->cap - w->len < n)
        w->err = ERR_SPACE;
    if (w->err != OK || n == 0)
        return NULL;
    w->len += n;
    return w->at + w->len - n;
}

void write_bytes(struct writer *w, struct slice bytes)
{
    uint8_t *at = take_room(w, bytes.len);
    if (at != NULL)
        memcpy(at, bytes.at, bytes.len);
}

void write_u8(struct writer *w, uint8_t value)
{
    uint8_t *at = take_room(w, 1);
    if (at != NULL)
        at[0] = value;
}

void write_u16(struct writer *w, uint16_t value)
{
    uint8_t *at = take_room(w, 2);
    if (at == NULL)
        return;
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put_be32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

void write_u32(struct writer *w, uint32_t value)
{
    uint8_t *at = take_room(w, 4);
    if (at != NULL)
        put_be32(at, value);
}

void write_u64(struct writer *w, uint64_t value)
{
    uint8_t *at = take_room(w, 8);
    if (at == NULL)
        return;
    put_be32(at, (uint32_t)(value >> 32));
    put_be32(at + 4, (uint32_t)value);
}

struct slice writer_slice(const struct writer *w)
{
    return slice_of(w->at, w->len);
}
