/** load/pass.h - connections log in before they are timed, where a node has clients (proto/client.md). */
#pragma once

#include "seal/clients.h"

/** Read the line of a client's own file, as `jay --client-key` does. Errors end the program. */
void pass_read(const char *path, struct clients_one *out);

/** Log in on a connected socket that blocks. text: the server, for errors, which end the program. */
void pass_show(const struct clients_one *own, int fd, const char *text);
