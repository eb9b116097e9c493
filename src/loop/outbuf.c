#include "loop/outbuf.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>

#define CAP_MIN 4096

void outbuf_init(struct outbuf *o, size_t max)
{
    *o = (struct outbuf){.max = max};
}

void outbuf_fini(struct outbuf *o)
{
    free(o->at);
    *o = (struct outbuf){.max = o->max};
}

size_t outbuf_len(const struct outbuf *o)
{
    return o->len - o->sent;
}

struct slice outbuf_rest(const struct outbuf *o)
{
    return o->len == o->sent ? (struct slice){0} : slice_of(o->at + o->sent, outbuf_len(o));
}

void outbuf_drop(struct outbuf *o, size_t n)
{
    assert(n <= outbuf_len(o));
    o->sent += n;
    if (o->sent == o->len)
        o->sent = o->len = 0;
}

/** Move what waits to the front: the room of what was sent is room again. */
static void close_ranks(struct outbuf *o)
{
    if (o->sent == 0)
        return;
    memmove(o->at, o->at + o->sent, outbuf_len(o));
    o->len -= o->sent;
    o->sent = 0;
}

static size_t grown_cap(const struct outbuf *o, size_t wanted)
{
    size_t cap = o->cap < CAP_MIN ? CAP_MIN : o->cap;
    while (cap < wanted)
        cap *= 2;
    return cap;
}

uint8_t *outbuf_reserve(struct outbuf *o, size_t n)
{
    if (n > o->max || outbuf_len(o) > o->max - n)
        return NULL;
    if (o->cap - o->len < n)
        close_ranks(o);
    if (o->cap - o->len < n) {
        const size_t cap = grown_cap(o, o->len + n);
        uint8_t *at = realloc(o->at, cap);
        if (at == NULL)
            return NULL;
        o->at = at;
        o->cap = cap;
    }
    return o->at + o->len;
}

void outbuf_commit(struct outbuf *o, size_t n)
{
    assert(n <= o->cap - o->len);
    o->len += n;
}

enum outbuf_state outbuf_flush(struct outbuf *o, int fd)
{
    if (outbuf_len(o) == 0)
        return OUTBUF_EMPTY;
    const ssize_t n = send(fd, o->at + o->sent, outbuf_len(o), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? OUTBUF_WAITING : OUTBUF_BROKEN;
    outbuf_drop(o, (size_t)n);
    return outbuf_len(o) > 0 ? OUTBUF_WAITING : OUTBUF_EMPTY;
}

uint8_t *outbuf_give(struct outbuf *o, size_t *cap)
{
    assert(outbuf_len(o) == 0);
    uint8_t *at = o->at;
    *cap = o->cap;
    *o = (struct outbuf){.max = o->max};
    return at;
}

void outbuf_take(struct outbuf *o, uint8_t *at, size_t cap)
{
    assert(o->at == NULL);
    o->at = at;
    o->cap = cap;
}
