#include "wire/client_stranger.h"

#include "base/bytes.h"
#include "wire/client_fault.h"
#include "wire/scan.h"

#define LENGTH_LEN 4

enum err client_stranger_frame(struct slice bytes, struct slice *frame, size_t *need,
                               struct client_fault *fault)
{
    static const struct client_limit limit = {"FRAME_TOO_LONG",
                                              "frame of a client that has not logged in", "bytes",
                                              CLIENT_STRANGER_FRAME_MAX};
    struct reader r = reader_of(bytes);
    const uint32_t len = read_u32(&r);
    *need = LENGTH_LEN;
    if (r.err != OK)
        return ERR_SHORT;
    if (len > limit.max) {
        *fault = (struct client_fault){.close = true};
        return client_limit_check(&limit, len, fault);
    }
    *need = LENGTH_LEN + (size_t)len;
    if (r.rest.len < len)
        return ERR_SHORT;
    *frame = read_bytes(&r, len);
    return OK;
}

enum err client_stranger_check(struct slice frame, struct client_fault *fault)
{
    static const struct scan_limits limits = {.depth_max = CLIENT_STRANGER_DEPTH_MAX,
                                              .nodes_max = CLIENT_STRANGER_NODES_MAX};
    struct scan_size size;
    const enum err err = scan_value(frame, &limits, &size);
    if (err == OK)
        return OK; /* what may follow is the decoder's to refuse */
    *fault = (struct client_fault){.close = true};
    client_fault_begin(fault, "MALFORMED");
    client_fault_say(fault, "before a login a frame has at most 16 values and 3 levels");
    return err == ERR_LIMIT ? err : ERR_MALFORMED;
}
