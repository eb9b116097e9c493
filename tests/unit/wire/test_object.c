#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "wire/object.h"

#define NODES 64

static struct object_room room_of(uint32_t nodes_max)
{
    const struct scan_limits limits = {.depth_max = SCAN_DEPTH_MAX, .nodes_max = nodes_max};
    struct object_room room;
    cr_assert(object_room_init(&room, &limits));
    return room;
}

#define BYTES(...) slice_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/** The zone adds a chunk in front of the first when it grows. */
static void expect_no_growth(struct slice bytes, uint32_t nodes)
{
    struct object_room room = room_of(nodes);
    const void *head = room.zone.chunk_list.head;
    msgpack_object value;
    for (int i = 0; i < 3; i++) {
        cr_assert(object_decode_whole(&room, bytes, &value) == OK);
        cr_expect(room.zone.chunk_list.head == head, "no chunk was added");
    }
    object_room_fini(&room);
}

Test(object, a_message_at_the_node_limit_never_grows_the_zone)
{
    uint8_t flat[3 + NODES] = {0xDC, 0, NODES - 1};
    expect_no_growth(slice_of(flat, 3 + NODES - 1), NODES);
    uint8_t map[1 + 30] = {0x8F};
    expect_no_growth(slice_of(map, sizeof map), 31);
    uint8_t nest[SCAN_DEPTH_MAX];
    memset(nest, 0x91, sizeof nest);
    nest[SCAN_DEPTH_MAX - 1] = 0x90;
    expect_no_growth(slice_of(nest, sizeof nest), SCAN_DEPTH_MAX);
    uint8_t empties[16] = {0x9F};
    memset(empties + 1, 0x90, 15);
    expect_no_growth(slice_of(empties, sizeof empties), 16);
    memset(empties + 1, 0x80, 15);
    expect_no_growth(slice_of(empties, sizeof empties), 16);
}

/** A decoder as they are made: the room first. */
struct codec {
    struct object_room room;
    uint8_t rest[100];
};

Test(object, a_decoder_is_made_whole_or_not_at_all)
{
    const struct scan_limits limits = {.depth_max = 2, .nodes_max = NODES};
    uint8_t mem[2 * sizeof(struct codec)];
    msgpack_object value;
    struct arena arena;
    arena_init(&arena, mem, sizeof(struct codec) - 1);
    cr_expect(object_codec_new(&arena, sizeof(struct codec), &limits) == NULL);
    arena_init(&arena, mem, sizeof mem);
    struct codec *c = object_codec_new(&arena, sizeof *c, &limits);
    cr_assert(c != NULL);
    cr_expect(object_decode_whole(&c->room, BYTES(0x91, 0x90), &value) == OK);
    cr_expect(object_decode_whole(&c->room, BYTES(0x91, 0x91, 0x90), &value) == ERR_LIMIT);
    object_codec_free(c);
    object_codec_free(NULL);
}

Test(object, bytes_behind_a_whole_value_are_malformed)
{
    struct object_room room = room_of(8);
    msgpack_object value;
    cr_expect(object_decode_whole(&room, BYTES(0x91, 1), &value) == OK);
    cr_expect(object_decode_whole(&room, BYTES(0x91, 1, 0), &value) == ERR_MALFORMED);
    object_room_fini(&room);
}

Test(object, a_value_that_is_cut_is_malformed)
{
    struct object_room room = room_of(8);
    msgpack_object value = {.type = MSGPACK_OBJECT_BOOLEAN};
    cr_expect(object_decode_whole(&room, BYTES(0x92, 1), &value) == ERR_MALFORMED);
    cr_expect(object_decode_whole(&room, (struct slice){0}, &value) == ERR_MALFORMED);
    cr_expect(object_decode_whole(&room, BYTES(0xDD, 0xFF, 0, 0, 0), &value) == ERR_LIMIT);
    cr_expect(value.type == MSGPACK_OBJECT_BOOLEAN, "out is unchanged");
    object_room_fini(&room);
}

/** Reads element 0 of bytes as each type and gives the errors. */
struct errs {
    enum err u64, boolean, str, bin, either, bin64, array;
};

static struct errs errs_of(struct slice bytes)
{
    struct object_room room = room_of(32);
    msgpack_object value;
    cr_assert(object_decode_whole(&room, bytes, &value) == OK);
    struct object_reader r[7];
    for (size_t i = 0; i < ARRAY_LEN(r); i++)
        r[i] = object_reader_of(&value);
    object_u64(&r[0], 100);
    object_bool(&r[1]);
    object_str(&r[2], 2);
    object_bin(&r[3], 2);
    object_bytes(&r[4], 2);
    object_bin64(&r[5]);
    object_array(&r[6], 2);
    object_room_fini(&room);
    return (struct errs){r[0].err, r[1].err, r[2].err, r[3].err, r[4].err, r[5].err, r[6].err};
}

#define BAD ERR_MALFORMED

Test(object, every_read_takes_its_own_type_only)
{
    const struct {
        struct slice bytes;
        struct errs want;
    } cases[] = {
        {BYTES(0x91, 100), {OK, BAD, BAD, BAD, BAD, BAD, BAD}},
        {BYTES(0x91, 101), {BAD, BAD, BAD, BAD, BAD, BAD, BAD}},
        {BYTES(0x91, 0xFF), {BAD, BAD, BAD, BAD, BAD, BAD, BAD}},             /* -1 */
        {BYTES(0x91, 0xD0, 0x80), {BAD, BAD, BAD, BAD, BAD, BAD, BAD}},       /* -128 */
        {BYTES(0x91, 0xD0, 0x05), {OK, BAD, BAD, BAD, BAD, BAD, BAD}},        /* 5, signed form */
        {BYTES(0x91, 0xCA, 0, 0, 0, 0), {BAD, BAD, BAD, BAD, BAD, BAD, BAD}}, /* 0.0 */
        {BYTES(0x91, 0xC3), {BAD, OK, BAD, BAD, BAD, BAD, BAD}},
        {BYTES(0x91, 0xC0), {BAD, BAD, BAD, BAD, BAD, BAD, BAD}},
        {BYTES(0x91, 0xA2, 'a', 'b'), {BAD, BAD, OK, BAD, OK, BAD, BAD}},
        {BYTES(0x91, 0xA3, 'a', 'b', 'c'), {BAD, BAD, ERR_LIMIT, BAD, ERR_LIMIT, BAD, BAD}},
        {BYTES(0x91, 0xC4, 2, 1, 2), {BAD, BAD, BAD, OK, OK, BAD, BAD}},
        {BYTES(0x91, 0xC4, 3, 1, 2, 3), {BAD, BAD, BAD, ERR_LIMIT, ERR_LIMIT, BAD, BAD}},
        {BYTES(0x91, 0xC4, 8, 1, 2, 3, 4, 5, 6, 7, 8),
         {BAD, BAD, BAD, ERR_LIMIT, ERR_LIMIT, OK, BAD}},
        {BYTES(0x91, 0x92, 1, 2), {BAD, BAD, BAD, BAD, BAD, BAD, OK}},
        {BYTES(0x91, 0x93, 1, 2, 3), {BAD, BAD, BAD, BAD, BAD, BAD, ERR_LIMIT}},
        {BYTES(0x91, 0x81, 1, 2), {BAD, BAD, BAD, BAD, BAD, BAD, BAD}},
        {BYTES(0x90), {BAD, BAD, BAD, BAD, BAD, BAD, BAD}},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct errs got = errs_of(cases[i].bytes);
        cr_expect(memcmp(&got, &cases[i].want, sizeof got) == 0, "case %zu", i);
    }
}

Test(object, after_an_error_nothing_more_is_read)
{
    struct object_room room = room_of(8);
    msgpack_object value;
    cr_assert(object_decode_whole(&room, BYTES(0x93, 0xC0, 7, 0xC0), &value) == OK);
    struct object_reader r = object_reader_of(&value);
    cr_expect(object_u64(&r, 9) == 0);
    cr_expect(r.err == ERR_MALFORMED);
    cr_expect(object_u64(&r, 9) == 0);
    cr_expect(!object_nil(&r));
    cr_expect(object_next(&r) == NULL);
    object_fail(&r, ERR_LIMIT);
    cr_expect(r.err == ERR_MALFORMED, "the first error stays");
    object_room_fini(&room);
}

Test(object, a_value_that_is_no_array_reads_as_an_error)
{
    const msgpack_object nil = {.type = MSGPACK_OBJECT_NIL};
    struct object_reader r = object_reader_of(&nil);
    cr_expect(r.err == ERR_MALFORMED && object_next(&r) == NULL);
}

/** msgpack-c lets empty strings point anywhere; they must not be followed. */
Test(object, empty_strings_point_nowhere)
{
    struct object_room room = room_of(8);
    msgpack_object value;
    cr_assert(object_decode_whole(&room, BYTES(0x92, 0xA0, 0xC4, 0), &value) == OK);
    struct object_reader r = object_reader_of(&value);
    const struct slice str = object_str(&r, 1);
    const struct slice bin = object_bin(&r, 1);
    cr_expect(str.at == NULL && str.len == 0);
    cr_expect(bin.at == NULL && bin.len == 0);
    cr_expect(r.err == OK);
    object_room_fini(&room);
}
