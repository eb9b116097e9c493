#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "client/inside.h"

#define READ_MIN       16384
#define SEALED_AT_ONCE 4 /* records */
#define IDLE_MS        1000 /* after this long without traffic the node may have closed the connection */

void link_close(struct scrubjay *c)
{
    if (c->fd < 0)
        return;
    close(c->fd);
    c->fd = -1;
    buffer_clear(&c->in);
    buffer_clear(&c->out);
    buffer_clear(&c->wire_in);
    buffer_clear(&c->wire_out);
    tunnel_wipe(&c->keys);
    c->sealed = false;
    c->lent = 0;
    pipeline_lose(c);
    c->watch.lost = c->watch.lost || c->watch.active;
    c->watch.active = false;
}

void link_look(struct scrubjay *c)
{
    char byte;
    if (c->fd < 0)
        return;
    const ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        link_close(c);
}

void link_check(struct scrubjay *c)
{
    if (c->fd >= 0 && clock_ms() - c->used_ms >= IDLE_MS)
        link_look(c);
}

/** Wait for one of events. Errors: SCRUBJAY_TIMEOUT. */
static enum scrubjay_status await_events(struct scrubjay *c, short events, uint64_t deadline_ms,
                                         short *got)
{
    struct pollfd p = {.fd = c->fd, .events = events};
    int n;
    do {
        n = poll(&p, 1, clock_left(deadline_ms));
    } while (n < 0 && errno == EINTR);
    *got = p.revents;
    if (n > 0)
        return SCRUBJAY_OK;
    return fail(c, SCRUBJAY_TIMEOUT,
                "%s did not answer within %u ms. It may be overloaded, or the time too short.",
                c->address.text, c->timeout_ms + c->extra_ms);
}

static enum scrubjay_status lose(struct scrubjay *c, const char *why)
{
    link_close(c);
    return fail(c, SCRUBJAY_CONNECT,
                "the connection to %s broke: %s. The next call connects again.", c->address.text,
                why);
}

/** Open the records that are whole. */
static enum scrubjay_status open_records(struct scrubjay *c)
{
    struct buffer *from = &c->wire_in;
    struct tunnel_opened opened;
    uint8_t *at = from->at + from->start;
    if (tunnel_open(&c->keys.take, at, from->end - from->start, &opened) != OK)
        return lose(c, "what came is not what the node sent");
    if (opened.used == 0)
        return SCRUBJAY_OK;
    if (!buffer_reserve(&c->in, opened.text_len))
        return lose(c, "memory is out");
    memcpy(c->in.at + c->in.end, at, opened.text_len);
    c->in.end += opened.text_len;
    from->start += opened.used;
    return SCRUBJAY_OK;
}

enum scrubjay_status link_seal(struct scrubjay *c, const struct tunnel *keys)
{
    c->in.start += c->lent;
    c->lent = 0;
    const struct slice rest = buffer_rest(&c->in);
    if (!buffer_reserve(&c->wire_in, rest.len + READ_MIN))
        return lose(c, "memory is out");
    c->keys = *keys;
    c->owner = getpid();
    c->sealed = true;
    if (rest.len == 0)
        return SCRUBJAY_OK;
    memcpy(c->wire_in.at + c->wire_in.end, rest.at, rest.len);
    c->wire_in.end += rest.len;
    buffer_clear(&c->in);
    return open_records(c);
}

/** One recv, without waiting. Nothing there is no error. */
static enum scrubjay_status read_now(struct scrubjay *c)
{
    struct buffer *to = c->sealed ? &c->wire_in : &c->in;
    if (!buffer_reserve(to, READ_MIN))
        return lose(c, "memory is out");
    const ssize_t n = recv(c->fd, to->at + to->end, to->cap - to->end, MSG_DONTWAIT);
    if (n == 0)
        return lose(c, "the node closed it");
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? SCRUBJAY_OK : lose(c, strerror(errno));
    to->end += (size_t)n;
    c->used_ms = clock_ms();
    return c->sealed ? open_records(c) : SCRUBJAY_OK;
}

enum scrubjay_status link_read(struct scrubjay *c, uint64_t deadline_ms)
{
    short got;
    if (c->fd < 0)
        return fail(c, SCRUBJAY_CONNECT, "there is no connection to %s", c->address.text);
    const enum scrubjay_status status = await_events(c, POLLIN, deadline_ms, &got);
    return status == SCRUBJAY_OK ? read_now(c) : status;
}

/**
 * One send, without waiting. A node that refuses a frame says why and then closes: so a broken pipe is
 * not told here but by the read that follows, which finds the reason first.
 */
static void send_now(struct scrubjay *c, struct buffer *b)
{
    const ssize_t n = send(c->fd, b->at + b->start, b->end - b->start, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0)
        b->start += (size_t)n;
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        b->start = b->end;
}

/** Send all of b as it is. */
static enum scrubjay_status send_all(struct scrubjay *c, struct buffer *b, uint64_t deadline_ms)
{
    send_now(c, b);
    while (b->start < b->end) {
        short got;
        enum scrubjay_status status = await_events(c, POLLIN | POLLOUT, deadline_ms, &got);
        if (status == SCRUBJAY_OK && (got & POLLIN) != 0)
            status = read_now(c);
        if (status != SCRUBJAY_OK) {
            link_close(c);
            return status;
        }
        send_now(c, b);
    }
    return SCRUBJAY_OK;
}

/** Seal the next bytes of b, which count as sent. */
static enum scrubjay_status seal_some(struct scrubjay *c, struct buffer *b)
{
    struct buffer *to = &c->wire_out;
    buffer_clear(to);
    if (!buffer_reserve(to, SEALED_AT_ONCE * TUNNEL_RECORD_MAX))
        return lose(c, "memory is out");
    for (int i = 0; i < SEALED_AT_ONCE && b->start < b->end; i++) {
        const size_t left = b->end - b->start;
        const size_t n = left < TUNNEL_TEXT_MAX ? left : TUNNEL_TEXT_MAX;
        const size_t len =
            tunnel_seal(&c->keys.send, slice_of(b->at + b->start, n), to->at + to->end);
        if (len == 0)
            return lose(c, "its keys are used up");
        to->end += len;
        b->start += n;
    }
    return SCRUBJAY_OK;
}

enum scrubjay_status link_send(struct scrubjay *c, struct buffer *b, uint64_t deadline_ms)
{
    enum scrubjay_status status = SCRUBJAY_OK;
    if (!c->sealed)
        return send_all(c, b, deadline_ms);
    if (c->owner != getpid()) /* two processes would number their records alike, under one key */
        return lose(c, "another process opened it, of which this one is a fork");
    while (status == SCRUBJAY_OK && b->start < b->end) {
        status = seal_some(c, b);
        if (status == SCRUBJAY_OK)
            status = send_all(c, &c->wire_out, deadline_ms);
    }
    return status;
}
