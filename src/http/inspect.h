/** http/inspect.h - the same JSON values for clients of the native protocol, as msgpack. */
#pragma once

#include "http/route.h"

/** A loop_inspect over a struct http_site: members, stats, node, vectors, namespaces. */
size_t http_inspect(void *site, enum client_op what, uint8_t **msgpack);

/** A loop_told over a struct http_site: traces and surveys. */
size_t http_inspect_told(void *site, const struct node_reply *reply, uint8_t **msgpack);
