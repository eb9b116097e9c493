/** cli/secret.h - files of keys, read whole, and clients that log in with one. */
#pragma once

#include "cli/jay.h"

#define JAY_SECRET_MAX 65536

/** Read a whole file of less than JAY_SECRET_MAX bytes, and warn when others may read it too. out has
 *  room for so many, and holds secrets afterwards. */
enum jay_exit jay_read_secret(const char *path, uint8_t *out, size_t *len);

/** Make a client of the node at server, with the key of j->client_key when there is one. */
enum jay_exit jay_client_of(const struct jay *j, const char *server, struct scrubjay **out);
