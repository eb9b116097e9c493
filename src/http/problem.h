/**
 * http/problem.h - errors as application/problem+json.
 *
 * Source: RFC 9457 section 3; `code` is an extension member with the error's name in the client
 * protocol.
 */
#pragma once

#include "http/reply.h"

/**
 * Answer with a problem.
 *
 * code:    "KEY_TOO_LONG"; static.
 * detail:  a sentence for people: what is wrong and what would be right.
 */
void http_problem(struct http_reply *r, unsigned status, const char *code, const char *detail);
