/** load/dial.h - connections to one server, over TCP or a Unix socket. */
#pragma once

#include <stdint.h>

#include <sys/socket.h>

struct dial {
    struct sockaddr_storage to;
    socklen_t len;
    const char *text; /* as it was given */
};

/** Find HOST:PORT, [HOST]:PORT, or the path of a Unix socket. Lends text. Errors end the program. */
void dial_find(struct dial *d, const char *text);

/** One connection more, not blocking. Errors end the program. */
int dial_open(const struct dial *d);
