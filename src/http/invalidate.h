/**
 * http/invalidate.h - the body of POST /v1/invalidate: what is aimed at, under the client protocol's
 * limits.
 *
 * Never issues anything; it reads JSON into targets.
 */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "base/hash.h"
#include "node/node.h"
#include "node/stamp.h"
#include "wire/client.h"

/** A request that was understood. */
struct http_invalidate {
    json_t *root; /* the targets lend from it */
    struct node_target targets[NODE_TARGETS_MAX];
    size_t targets_n;
    struct client_ack ack; /* ACK_DEFAULT = what the namespace says */
    uint64_t timeout_us;
    struct slice ns;
};

/**
 * Read a body.
 *
 * body:    hostile.
 * Errors:  ERR_MALFORMED, ERR_LIMIT, ERR_UNKNOWN (a member that is not built); *fault has the client
 *          protocol's name of the error and a text, and nothing needs to be released.
 */
MUST_USE enum err http_invalidate_read(const struct hkey *hkey, struct slice body,
                                       struct http_invalidate *out, struct client_fault *fault);

/** Release what was read. */
void http_invalidate_fini(struct http_invalidate *i);

/** {"stamp", "acks": {"level", "reached", "applied", "missing"}} of dots that were issued; level is a
 *  word, or the number of nodes. NULL when memory ran out. */
json_t *http_invalidate_answer(const struct hkey *hkey, const struct node_reply *reply);
