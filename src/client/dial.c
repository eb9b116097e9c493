#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "client/inside.h"

uint64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int clock_left(uint64_t deadline_ms)
{
    const uint64_t now = clock_ms();
    const uint64_t left = now < deadline_ms ? deadline_ms - now : 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}

/** Wait until the connection stands. Returns: 0, or an errno. */
static int await_connected(int fd, uint64_t deadline_ms)
{
    int error = 0;
    socklen_t len = sizeof error;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    for (;;) {
        const int n = poll(&p, 1, clock_left(deadline_ms));
        if (n == 0)
            return ETIMEDOUT;
        if (n > 0)
            break;
        if (errno != EINTR)
            return errno;
    }
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

/** Try one address. Returns: 0 with *out open, or an errno. */
static int try_address(const struct addrinfo *a, uint64_t deadline_ms, int *out)
{
    const int one = 1;
    const int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int error = connect(fd, a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS)
        error = await_connected(fd, deadline_ms);
    if (error == 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
        error = errno;
    if (error != 0)
        close(fd);
    else
        *out = fd;
    return error;
}

static enum scrubjay_status explain(struct scrubjay *c, int error)
{
    const char *at = c->address.text;
    if (error == ETIMEDOUT)
        return fail(
            c, SCRUBJAY_TIMEOUT,
            "cannot connect to %s: no answer within %u ms. Check the address and firewalls, "
            "or allow more time.",
            at, c->timeout_ms + c->extra_ms);
    if (error == ECONNREFUSED)
        return fail(c, SCRUBJAY_CONNECT,
                    "cannot connect to %s: nothing listens there. Start scrubjayd, or give the "
                    "address of its client listener.",
                    at);
    return fail(c, SCRUBJAY_CONNECT, "cannot connect to %s: %s. Check the address.", at,
                strerror(error));
}

enum scrubjay_status dial(struct scrubjay *c, uint64_t deadline_ms)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    int error = ENOENT;
    const int found = getaddrinfo(c->address.host, c->address.port, &hints, &list);
    if (found != 0)
        return fail(c, SCRUBJAY_CONNECT, "cannot resolve \"%s\": %s. Check the host's name.",
                    c->address.host, gai_strerror(found));
    for (const struct addrinfo *a = list; a != NULL && error != 0; a = a->ai_next)
        error = try_address(a, deadline_ms, &c->fd);
    freeaddrinfo(list);
    if (error != 0)
        return explain(c, error);
    c->used_ms = clock_ms();
    return SCRUBJAY_OK;
}
