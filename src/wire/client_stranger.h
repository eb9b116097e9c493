/**
 * wire/client_stranger.h - frames of a client that has not shown who it is: small ones only.
 *
 * Never decodes anything: what passes here goes to client_request_decode(), which then has little to do.
 */
#pragma once

#include "wire/client.h"

#define CLIENT_STRANGER_FRAME_MAX 256 /* bytes behind the length */
#define CLIENT_STRANGER_DEPTH_MAX 3   /* the request, its args, its options */
#define CLIENT_STRANGER_NODES_MAX 16
#define CLIENT_STRANGER_OUT_MAX   512 /* bytes of answers that it may leave waiting */

/** As client_frame(), with the limit CLIENT_STRANGER_FRAME_MAX. Lends *frame from bytes. */
MUST_USE enum err client_stranger_frame(struct slice bytes, struct slice *frame, size_t *need,
                                        struct client_fault *fault);

/** Is frame within the limits of depth and nodes? Errors: ERR_LIMIT, ERR_MALFORMED; *fault tells the
 *  client, and closes. */
MUST_USE enum err client_stranger_check(struct slice frame, struct client_fault *fault);
