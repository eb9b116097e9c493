/** tests/fuzz/fuzz_stream.c - a stream frame's body that decodes encodes to bytes that decode to the
 *  same; whatever comes, nothing crashes. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "wire/dots.h"
#include "wire/stream.h"

#define ROOM (4 * STREAM_FRAME_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/** Two of them: the records that one decodes stay while the other decodes the copy. */
static struct stream_codec *codec(int which)
{
    static uint8_t mem[2][262144];
    static struct stream_codec *made[2];
    struct arena arena;
    if (made[which] == NULL) {
        arena_init(&arena, mem[which], sizeof mem[which]);
        made[which] = stream_codec_new(&arena);
        assert(made[which] != NULL);
    }
    return made[which];
}

static void round_trip(const struct stream_msg *m)
{
    static uint8_t first[ROOM], second[ROOM];
    struct stream_msg again;
    size_t first_len = 0, second_len = 0;
    assert(stream_encode(m, first, sizeof first, &first_len) == OK);
    assert(stream_decode(codec(1), slice_of(first, first_len), &again) == OK);
    assert(stream_encode(&again, second, sizeof second, &second_len) == OK);
    assert(first_len == second_len && memcmp(first, second, first_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    struct stream_msg m;
    if (len > STREAM_FRAME_MAX || stream_decode(codec(0), slice_of(at, len), &m) != OK)
        return 0;
    assert(m.records_n <= STREAM_RECORDS_MAX && m.ranges_n <= STREAM_RANGES_MAX);
    assert(m.entries_n <= ENTRIES_MAX);
    if (m.type == STREAM_DOTS)
        (void)!dots_check(m.bytes, NULL);
    if (m.type == STREAM_TOUCHED)
        assert(m.bytes.len == (m.everything ? 0 : (size_t)1 << (m.bucket_bits - 3)));
    round_trip(&m);
    return 0;
}
