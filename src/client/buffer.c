#include <stdlib.h>
#include <string.h>

#include "client/inside.h"

#define LEAST_CAP 16384

/** Twice the capacity until need fits. */
static size_t grown(size_t cap, size_t need)
{
    size_t next = cap > 0 ? cap : LEAST_CAP;
    while (next < need)
        next *= 2;
    return next;
}

/** Move the bytes that count to the front: what is in front of them was read or sent. */
static void compact(struct buffer *b)
{
    if (b->start == 0)
        return;
    if (b->end > b->start)
        memmove(b->at, b->at + b->start, b->end - b->start);
    b->end -= b->start;
    b->start = 0;
}

bool buffer_reserve(struct buffer *b, size_t n)
{
    if (b->cap - b->end >= n)
        return true;
    compact(b);
    if (b->cap - b->end >= n)
        return true;
    const size_t cap = grown(b->cap, b->end + n);
    uint8_t *at = realloc(b->at, cap);
    if (at == NULL)
        return false;
    b->at = at;
    b->cap = cap;
    return true;
}

struct slice buffer_rest(const struct buffer *b)
{
    return b->end == b->start ? (struct slice){0} : slice_of(b->at + b->start, b->end - b->start);
}

void buffer_clear(struct buffer *b)
{
    b->start = 0;
    b->end = 0;
}

void buffer_free(struct buffer *b)
{
    free(b->at);
    *b = (struct buffer){0};
}
