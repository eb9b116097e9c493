/** http/later.h - answers that wait for the node: a command, and what its reply is turned into. */
#pragma once

#include "http/pages.h"

/** Fills out in; loop and reply are lent for the call. */
typedef void http_answer(struct loop *l, const struct node_reply *reply, struct http_reply *out);

/** Give the node a command, which is lent for the call; when its reply comes, answer. Out of memory:
 *  answered at once. */
void http_later_command(const struct http_call *call, const struct node_command *command,
                        http_answer *answer);

/** Say why the node did not ask all members; busy is for when it asks too much already. */
void http_later_refused(struct http_reply *out, enum err err, const char *busy);
