#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "system.h"

bool conn_send(struct conn *c, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    while (len > 0) {
        const ssize_t sent = send(c->fd, at, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            poll(&(struct pollfd){.fd = c->fd, .events = POLLOUT}, 1, 1000);
            continue;
        }
        if (sent <= 0)
            return false;
        at += sent;
        len -= (size_t)sent;
    }
    return true;
}

bool conn_read(struct conn *c, int wait_ms)
{
    if (wait_ms > 0)
        poll(&(struct pollfd){.fd = c->fd, .events = POLLIN}, 1, wait_ms);
    const ssize_t got = recv(c->fd, c->in + c->in_len, INPUT_MAX - c->in_len, MSG_DONTWAIT);
    if (got <= 0)
        return false;
    c->in_len += (size_t)got;
    return true;
}

void conn_drop(struct conn *c, size_t n)
{
    memmove(c->in, c->in + n, c->in_len - n);
    c->in_len -= n;
}

bool number_of(const void *text, size_t len, uint64_t *number)
{
    const char *at = text;
    if (len < 5 || memcmp(at, "lat:", 4) != 0)
        return false;
    *number = 0;
    for (size_t i = 4; i < len; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(at[i] - '0');
    }
    return true;
}
