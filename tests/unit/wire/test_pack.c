#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "wire/object.h"
#include "wire/pack.h"

static const struct {
    uint64_t value;
    size_t len;
} integers[] = {{0, 1},         {127, 1},        {128, 2},
                {255, 2},       {256, 3},        {65535, 3},
                {65536, 5},     {UINT32_MAX, 5}, {(uint64_t)UINT32_MAX + 1, 9},
                {UINT64_MAX, 9}};

Test(pack, an_integer_takes_its_shortest_form)
{
    for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
        struct packer p = packer_measuring();
        pack_u64(&p, integers[i].value);
        cr_expect(p.len == integers[i].len, "%zu", i);
    }
}

static void pack_some(struct packer *p)
{
    static const uint8_t long_bytes[300] = {1, 2, 3};
    pack_array(p, 9);
    pack_nil(p);
    pack_bool(p, true);
    pack_u64(p, 70000);
    pack_map(p, 1);
    pack_str(p, slice_text("k"));
    pack_bin(p, slice_of(long_bytes, sizeof long_bytes));
    pack_bin64(p, UINT64_C(0x0102030405060708));
    pack_str_or_nil(p, (struct slice){0});
    pack_bin_or_nil(p, slice_text("x"));
    pack_str_or_nil(p, slice_text("y"));
    pack_bin_or_nil(p, (struct slice){0});
}

Test(pack, measuring_tells_the_length_that_is_written)
{
    uint8_t buf[1000];
    struct writer w = writer_of(buf, sizeof buf);
    struct packer p = packer_of(&w);
    struct packer m = packer_measuring();
    pack_some(&p);
    pack_some(&m);
    cr_assert(w.err == OK);
    cr_expect(m.len == w.len && p.len == w.len);
}

/** Every packing call with n as its value or length. */
static void pack_each(struct packer *p, const uint8_t *bytes, size_t n)
{
    pack_u64(p, n);
    pack_u64(p, (uint64_t)n << 32);
    pack_array(p, n);
    pack_map(p, n);
    pack_str(p, slice_of(bytes, n));
    pack_bin(p, slice_of(bytes, n));
}

Test(pack, what_is_measured_is_what_msgpack_c_writes_at_every_edge)
{
    static const size_t edges[] = {0,   1,   14,  15,    16,    17,    30,    31,   32,
                                   33,  126, 127, 128,   129,   254,   255,   256,  257,
                                   258, 300, 999, 65534, 65535, 65536, 65537, 70000};
    static uint8_t bytes[70000], buf[2 * sizeof bytes + 64];
    for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
        struct writer w = writer_of(buf, sizeof buf);
        struct packer p = packer_of(&w);
        struct packer m = packer_measuring();
        pack_each(&p, bytes, edges[i]);
        pack_each(&m, bytes, edges[i]);
        cr_assert(w.err == OK);
        cr_expect(m.len == w.len && p.len == w.len, "%zu", edges[i]);
    }
}

Test(pack, too_little_room_is_an_error_at_every_length)
{
    uint8_t buf[1000];
    struct packer m = packer_measuring();
    pack_some(&m);
    for (size_t cap = 0; cap < m.len; cap++) {
        struct writer w = writer_of(buf, cap);
        struct packer p = packer_of(&w);
        pack_some(&p);
        cr_assert(w.err == ERR_SPACE && w.len <= cap);
    }
}

Test(pack, what_is_packed_reads_back)
{
    const struct scan_limits limits = {.depth_max = 2, .nodes_max = 20};
    struct object_room room;
    uint8_t buf[1000];
    struct writer w = writer_of(buf, sizeof buf);
    struct packer p = packer_of(&w);
    msgpack_object value;
    cr_assert(object_room_init(&room, &limits));
    pack_some(&p);
    cr_assert(object_decode_whole(&room, writer_slice(&w), &value) == OK);
    struct object_reader r = object_reader_of(&value);
    cr_expect(object_nil(&r));
    cr_expect(object_bool(&r));
    cr_expect(object_u64(&r, UINT64_MAX) == 70000);
    cr_expect(object_next(&r)->type == MSGPACK_OBJECT_MAP);
    cr_expect(object_bin64(&r) == UINT64_C(0x0102030405060708));
    cr_expect(object_nil(&r));
    cr_expect(slice_eq(object_bin(&r, 1), slice_text("x")));
    cr_expect(slice_eq(object_str(&r, 1), slice_text("y")));
    cr_expect(object_nil(&r));
    cr_expect(r.err == OK && r.left == 0);
    object_room_fini(&room);
}
