#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "client/inside.h"

#define READ_MIN 16384
#define IDLE_MS  1000 /* after this long without traffic the node may have closed the connection */

void link_close(struct scrubjay *c)
{
    if (c->fd < 0)
        return;
    close(c->fd);
    c->fd = -1;
    buffer_clear(&c->in);
    buffer_clear(&c->out);
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

/** One recv, without waiting. Nothing there is no error. */
static enum scrubjay_status read_now(struct scrubjay *c)
{
    if (!buffer_reserve(&c->in, READ_MIN))
        return lose(c, "memory is out");
    const ssize_t n = recv(c->fd, c->in.at + c->in.end, c->in.cap - c->in.end, MSG_DONTWAIT);
    if (n == 0)
        return lose(c, "the node closed it");
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? SCRUBJAY_OK : lose(c, strerror(errno));
    c->in.end += (size_t)n;
    c->used_ms = clock_ms();
    return SCRUBJAY_OK;
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

enum scrubjay_status link_send(struct scrubjay *c, struct buffer *b, uint64_t deadline_ms)
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
