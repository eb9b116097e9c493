#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "wire/stream.h"

#define ARENA 262144

/** A decoder and room for bytes. */
struct bench {
    uint8_t mem[ARENA];
    struct arena arena;
    struct stream_codec *codec;
    struct stream_msg out;
    uint8_t a[32768];
};

static struct bench *bench_new(void)
{
    struct bench *t = calloc(1, sizeof *t);
    arena_init(&t->arena, t->mem, sizeof t->mem);
    t->codec = stream_codec_new(&t->arena);
    cr_assert(t->codec != NULL);
    return t;
}

static void bench_free(struct bench *t)
{
    stream_codec_free(t->codec);
    free(t);
}

/** TOUCHED without ranges, with these flags and bits, and a bin of len bytes. */
static enum err decode_touched(struct bench *t, uint8_t flags, uint8_t bits, uint16_t len)
{
    static const uint8_t set[20000] = {0xFF};
    struct writer w = writer_of(t->a, sizeof t->a);
    write_bytes(&w, slice_text("\x95\x0a\x90"));
    write_u8(&w, 0xCC);
    write_u8(&w, flags);
    write_u8(&w, bits);
    write_u8(&w, 0xC5);
    write_u16(&w, len);
    write_bytes(&w, slice_of(set, len));
    return stream_decode(t->codec, writer_slice(&w), &t->out);
}

Test(stream_touched, a_bitmap_has_the_size_that_its_bits_say)
{
    struct bench *t = bench_new();
    for (uint8_t bits = 0; bits < 20; bits++) {
        for (uint16_t len = 256; len <= 16384; len *= 2) {
            const bool fits = bits >= 12 && bits <= 16 && len == 1U << (bits - 3);
            cr_expect(decode_touched(t, 0, bits, len) == (fits ? OK : ERR_MALFORMED), "%u, %u",
                      bits, len);
            cr_expect(decode_touched(t, 1, bits, len) == ERR_MALFORMED);
        }
        cr_expect(decode_touched(t, 1, bits, 0) == (bits >= 12 && bits <= 16 ? OK : ERR_MALFORMED));
    }
    bench_free(t);
}

Test(stream_touched, what_is_touched_in_a_later_way_touches_everything)
{
    struct bench *t = bench_new();
    for (unsigned flags = 4; flags < 256; flags++) {
        const bool empty = (flags & 1) != 0;
        cr_assert(decode_touched(t, (uint8_t)flags, 12, empty ? 0 : 512) == OK);
        cr_expect(t->out.everything && t->out.bytes.len == 0);
        cr_expect(t->out.tagged == ((flags & 2) != 0));
    }
    bench_free(t);
}

/* ---- our own mistakes ---- */

Test(stream_touched, half_a_retired_origin_is_our_mistake, .signal = SIGABRT)
{
    uint8_t buf[64] = {0};
    size_t len;
    const struct stream_msg m = {.type = STREAM_RETIRED, .bytes = slice_of(buf, 10)};
    (void)!stream_encode(&m, buf, sizeof buf, &len);
}

Test(stream_touched, everything_touched_and_yet_buckets_is_our_mistake, .signal = SIGABRT)
{
    uint8_t buf[1024] = {0};
    size_t len;
    const struct stream_msg m = {
        .type = STREAM_TOUCHED, .bytes = slice_of(buf, 512), .everything = true, .bucket_bits = 12};
    (void)!stream_encode(&m, buf, sizeof buf, &len);
}

Test(stream_touched, a_bitmap_of_another_size_is_our_mistake, .signal = SIGABRT)
{
    uint8_t buf[1024] = {0};
    size_t len;
    const struct stream_msg m = {
        .type = STREAM_TOUCHED, .bytes = slice_of(buf, 512), .bucket_bits = 13};
    (void)!stream_encode(&m, buf, sizeof buf, &len);
}
