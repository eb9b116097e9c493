/**
 * http/to_msgpack.h - a JSON value as one msgpack value, for clients that ask over their own protocol.
 *
 * Texts become str, whole numbers int, others float 64; the order of members stays. Source: the
 * msgpack specification (always the shortest form of a number and of a length).
 */
#pragma once

#include <jansson.h>

#include "http/text.h"

/** Append value, which is lent and not changed. Out of memory: out->failed. */
void http_to_msgpack(struct http_text *out, json_t *value);
