/** load/dial.h - connections to one server, over TCP or a Unix socket. */
#pragma once

#include <stdint.h>

#include <sys/socket.h>

struct clients_one;

struct dial {
    struct sockaddr_storage to;
    socklen_t len;
    const char *text;              /* as it was given */
    const struct clients_one *own; /* whom connections log in as; NULL = as nobody */
};

/** Find HOST:PORT, [HOST]:PORT, or the path of a Unix socket; without a login. Lends text. Errors end the
 *  program. */
void dial_find(struct dial *d, const char *text);

/** One connection more, logged in, not blocking. Errors end the program. */
int dial_open(const struct dial *d);
