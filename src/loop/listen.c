#include "loop/listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "loop/address.h"

#define BACKLOG 1024

static const char *advise(int err)
{
    switch (err) {
    case EADDRINUSE:
        return "another process listens there; stop it, or choose another port (0 = any free one)";
    case EADDRNOTAVAIL:
        return "this machine does not have that address; try 127.0.0.1 or 0.0.0.0";
    case EACCES:
        return "ports below 1024 need CAP_NET_BIND_SERVICE; choose a higher one";
    case EAFNOSUPPORT:
        return "the system has no IPv6; use an IPv4 address";
    case EMFILE:
        return "raise the limit of open files (ulimit -n)";
    default:
        return "check the address";
    }
}

static enum err explain(const struct listen_cfg *cfg, char *why, size_t why_cap)
{
    const int err = errno;
    char text[ADDRESS_TEXT_MAX];
    (void)snprintf(why, why_cap, "cannot listen on %s for %s: %s (%s)",
                   address_format(&cfg->addr, text), cfg->what, strerror(err), advise(err));
    return ERR_IO;
}

static bool turn_on(int fd, int level, int option)
{
    const int one = 1;
    return setsockopt(fd, level, option, &one, sizeof one) == 0;
}

static bool set_options(int fd, const struct listen_cfg *cfg)
{
    const bool stream = cfg->type == SOCK_STREAM;
    const int only = !address_is_any(&cfg->addr);
    if (stream && !turn_on(fd, SOL_SOCKET, SO_REUSEADDR))
        return false;
    if (cfg->shared && !turn_on(fd, SOL_SOCKET, SO_REUSEPORT))
        return false;
    return cfg->addr.ip_len == 4 ||
           setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0;
}

static bool bind_to(int fd, const struct addr *addr)
{
    struct address_sock sock;
    if (address_to_sock(addr, address_family(addr), &sock) != OK) {
        errno = EAFNOSUPPORT;
        return false;
    }
    return bind(fd, (const struct sockaddr *)&sock.at, sock.len) == 0;
}

static bool tell_bound(int fd, struct addr *bound)
{
    struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
        return false;
    *bound = address_of_sock(&at);
    return true;
}

static bool set_up(int fd, const struct listen_cfg *cfg, struct addr *bound)
{
    return set_options(fd, cfg) && bind_to(fd, &cfg->addr) && tell_bound(fd, bound) &&
           (cfg->type != SOCK_STREAM || listen(fd, BACKLOG) == 0);
}

enum err listen_open(const struct listen_cfg *cfg, int *fd, struct addr *bound, char *why,
                     size_t why_cap)
{
    const int made =
        socket(address_family(&cfg->addr), cfg->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0)
        return explain(cfg, why, why_cap);
    if (!set_up(made, cfg, bound)) {
        const enum err err = explain(cfg, why, why_cap);
        close(made);
        return err;
    }
    *fd = made;
    return OK;
}

enum err listen_check_free(const struct listen_cfg *cfg, char *why, size_t why_cap)
{
    struct listen_cfg alone = *cfg;
    struct addr bound;
    int fd = -1;
    alone.shared = false;
    if (cfg->addr.port == 0)
        return OK;
    const enum err err = listen_open(&alone, &fd, &bound, why, why_cap);
    if (err == OK)
        close(fd);
    return err;
}
