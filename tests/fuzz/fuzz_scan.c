/** tests/fuzz/fuzz_scan.c - what the scan accepts, msgpack-c accepts, with the length it was told and
 *  without a single allocation beyond the room for as many objects as the scan counted. */

#include <assert.h>
#include <msgpack/unpack.h>
#include <stdint.h>

#include "wire/scan.h"

#define NODES 4096

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static const struct scan_limits limits = {.depth_max = SCAN_DEPTH_MAX, .nodes_max = NODES};

/** Within the limits nothing is declared that the zone has no room for, even when bytes are short. */
static void unpack(struct slice bytes, enum err scanned, const struct scan_size *size)
{
    msgpack_zone zone;
    msgpack_object object;
    size_t off = 0;
    const uint32_t nodes = scanned == OK ? size->nodes : NODES;
    assert(msgpack_zone_init(&zone, nodes * sizeof(msgpack_object)));
    const void *head = zone.chunk_list.head;
    const msgpack_unpack_return got =
        msgpack_unpack((const char *)bytes.at, bytes.len, &off, &zone, &object);
    assert(zone.chunk_list.head == head);
    if (scanned == OK) {
        assert(got == MSGPACK_UNPACK_SUCCESS || got == MSGPACK_UNPACK_EXTRA_BYTES);
        assert(off == size->len);
    } else {
        assert(got == MSGPACK_UNPACK_CONTINUE);
    }
    msgpack_zone_destroy(&zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    struct scan_size size = {0};
    const struct slice bytes = {.at = at, .len = len};
    const enum err err = scan_value(bytes, &limits, &size);
    if (err == OK || err == ERR_SHORT)
        unpack(bytes, err, &size);
    return 0;
}
