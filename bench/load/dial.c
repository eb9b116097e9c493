#include "load/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include <netinet/tcp.h>
#include <sys/un.h>

#include "load/fatal.h"
#include "load/pass.h"

static void find_path(struct dial *d)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    const size_t len = strlen(d->text);
    if (len >= sizeof un.sun_path)
        fatal(EXIT_USAGE, "a path of %zu bytes; the limit is %zu", len, sizeof un.sun_path - 1);
    memcpy(un.sun_path, d->text, len + 1);
    memcpy(&d->to, &un, sizeof un);
    d->len = sizeof un;
}

/** "[::1]:6247" to host and port. */
static void split(const char *text, char host[256], const char **port)
{
    const char *colon = strrchr(text, ':');
    const char *from = text[0] == '[' ? text + 1 : text;
    size_t len = colon != NULL ? (size_t)(colon - from) : 0;
    if (from != text && len > 0)
        len -= colon[-1] == ']';
    if (colon == NULL || colon <= from || len == 0 || len > 255 || colon[1] == '\0')
        fatal(EXIT_USAGE, "\"%s\" is neither HOST:PORT nor a path from /", text);
    memcpy(host, from, len);
    host[len] = '\0';
    *port = colon + 1;
}

void dial_find(struct dial *d, const char *text)
{
    char host[256];
    const char *port;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    *d = (struct dial){.text = text};
    if (text[0] == '/') {
        find_path(d);
        return;
    }
    split(text, host, &port);
    const int error = getaddrinfo(host, port, &hints, &found);
    if (error != 0)
        fatal(EXIT_CONNECT, "cannot find %s: %s", text, gai_strerror(error));
    memcpy(&d->to, found->ai_addr, found->ai_addrlen);
    d->len = found->ai_addrlen;
    freeaddrinfo(found);
}

int dial_open(const struct dial *d)
{
    const int on = 1;
    const int fd = socket(d->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fatal(EXIT_CONNECT, "cannot connect to %s: %s%s", d->text, strerror(errno),
              errno == EMFILE ? "; raise ulimit -n" : "");
    if (connect(fd, (const struct sockaddr *)&d->to, d->len) != 0)
        fatal(EXIT_CONNECT, "cannot connect to %s: %s", d->text, strerror(errno));
    if (d->to.ss_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (d->own != NULL)
        pass_show(d->own, fd, d->text);
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}
