/** http/inspect.h - the same JSON values for clients of the native protocol, as msgpack. */
#pragma once

#include "http/route.h"

/** A loop_inspect over a struct http_site: members, stats, node, vectors. */
size_t http_inspect(void *site, enum client_op what, uint8_t **msgpack);
