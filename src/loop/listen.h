/**
 * loop/listen.h - sockets that others can reach: made, bound, and explained when that fails.
 *
 * All sockets are non-blocking and close-on-exec. A v6 wildcard also takes IPv4.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/err.h"

/** What to bind. */
struct listen_cfg {
    struct addr addr; /* port 0 = any free port */
    const char *what; /* for people: "clients", "gossip"; lent */
    int type;         /* SOCK_STREAM (it listens, too) or SOCK_DGRAM */
    bool shared;      /* SO_REUSEPORT: several sockets of this process share the port */
};

/**
 * Make and bind one socket.
 *
 * why:    a text for people on errors: the address, what the system said, what to try.
 * Errors: ERR_IO; nothing stays open.
 * Gives:  *fd, to be closed by the caller, and *bound, the address with its real port.
 */
MUST_USE enum err listen_open(const struct listen_cfg *cfg, int *fd, struct addr *bound, char *why,
                              size_t why_cap);

/**
 * Is the port of cfg free? SO_REUSEPORT would silently share it with another process of the same
 * user, so it is asked first without. Errors: ERR_IO as listen_open().
 */
MUST_USE enum err listen_check_free(const struct listen_cfg *cfg, char *why, size_t why_cap);
