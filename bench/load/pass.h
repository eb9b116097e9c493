/**
 * load/pass.h - connections log in before they are timed, where a node has clients (proto/client.md).
 *
 * Never goes on without a login that was asked for: errors end the program.
 */
#pragma once

#include "seal/clients.h"

/** Whom to log in as: the client of the file at path, as `jay --client-key` reads it, or where path is NULL
 *  of the one that SCRUBJAY_CLIENT_KEY names. NULL: nobody. Lends, until it is called again. */
const struct clients_one *pass_find(const char *path);

/** Log in on a connected socket that blocks. text: the server, for errors. */
void pass_show(const struct clients_one *own, int fd, const char *text);
