#include <assert.h>

#include "base/bytes.h"
#include "wire/client_codec.h"
#include "wire/client_fault.h"
#include "wire/client_stranger.h"

#define LENGTH_LEN 4

struct client_codec *client_codec_new(struct arena *arena, uint32_t value_max)
{
    static const struct scan_limits limits = {.depth_max = CLIENT_DEPTH_MAX,
                                              .nodes_max = CLIENT_NODES_MAX};
    assert(value_max <= CLIENT_VALUE_LIMIT);
    struct client_codec *c = object_codec_new(arena, sizeof *c, &limits);
    if (c != NULL)
        c->value_max = value_max;
    return c;
}

void client_codec_free(struct client_codec *c)
{
    object_codec_free(c);
}

/** The first whole frame of bytes, if its declared length is within the limit. */
static inline enum err find_frame(struct slice bytes, const struct client_limit *limit,
                                  struct slice *frame, size_t *need, struct client_fault *fault)
{
    struct reader r = reader_of(bytes);
    const uint32_t len = read_u32(&r);
    *need = LENGTH_LEN;
    if (r.err != OK)
        return ERR_SHORT;
    if (len > limit->max) {
        *fault = (struct client_fault){.close = true};
        return client_limit_check(limit, len, fault);
    }
    *need = LENGTH_LEN + (size_t)len;
    if (r.rest.len < len)
        return ERR_SHORT;
    *frame = read_bytes(&r, len);
    return OK;
}

enum err client_frame(const struct client_codec *c, struct slice bytes, struct slice *frame,
                      size_t *need, struct client_fault *fault)
{
    const struct client_limit limit = {"FRAME_TOO_LONG", "frame", "bytes",
                                       (uint64_t)c->value_max + CLIENT_FRAME_EXTRA};
    return find_frame(bytes, &limit, frame, need, fault);
}

enum err client_stranger_frame(struct slice bytes, struct slice *frame, size_t *need,
                               struct client_fault *fault)
{
    static const struct client_limit limit = {"FRAME_TOO_LONG",
                                              "frame of a client that has not logged in", "bytes",
                                              CLIENT_STRANGER_FRAME_MAX};
    return find_frame(bytes, &limit, frame, need, fault);
}
