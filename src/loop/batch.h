/**
 * loop/batch.h - requests that arrived together, taken apart before the first is carried out.
 *
 * Plain requests are decoded and the memory that they will need is asked for: most of a request's time
 * is waiting for it, and here the waits overlap. Carries nothing out and changes nothing, so the order
 * of effects is that of the frames. Thread: the worker's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "node/command.h"
#include "wire/client.h"

#define BATCH_MAX 64

/** One frame. */
struct batch_one {
    struct slice frame; /* without its length; an empty one has no address */
    size_t len;         /* with it */
    bool is_plain;
    struct command_plain plain; /* when is_plain: prepared */
};

struct batch {
    size_t n;
    size_t likely_len; /* of a value: what the last gets were answered with */
    struct batch_one all[BATCH_MAX];
};

/** Take whole frames at the front of bytes apart and append them to b, until it is full. Lends bytes to
 *  b. Returns: how many. */
size_t batch_add(struct batch *b, const struct command_ctx *ctx, const struct client_codec *codec,
                 struct slice bytes);

/** All were added that will be: ask for the memory that they will need. */
void batch_hint(struct batch *b);

/** A get was answered with a reply of so many bytes. */
void batch_learn(struct batch *b, size_t reply_len);
