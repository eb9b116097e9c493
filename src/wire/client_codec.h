/**
 * wire/client_codec.h - the memory of one decoder, shared by the files that decode for clients.
 *
 * Private to `wire`. Everything is taken in client_codec_new(); nothing grows later.
 */
#pragma once

#include <assert.h>

#include "wire/client.h"
#include "wire/client_answer.h"
#include "wire/object.h"

struct client_codec {
    struct object_room room; /* first: object_codec_new() */
    uint32_t value_max;
    struct slice targets[CLIENT_MGET_MAX];
    struct client_fill fills[CLIENT_MFILL_MAX];
    struct slice filters[2 * CLIENT_SUBSCRIPTIONS_MAX];
    struct slice names[CLIENT_ACKED_MAX]; /* of nodes, read by clients; tokens go to targets */
};

static_assert(CLIENT_TARGETS_MAX <= CLIENT_MGET_MAX, "targets and keys share one array");
