#include "wire/client_stranger.h"

#include "wire/client_fault.h"
#include "wire/scan.h"

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
