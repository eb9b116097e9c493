#include "wire/object.h"

#include <assert.h>
#include <msgpack/unpack.h>

/* msgpack-c takes sizeof(msgpack_object) for each element of an array and twice that for each pair
 * of a map, aligned to 8 bytes which each such block is anyway. Every node but the outermost is such
 * an element, so one chunk of this size is never outgrown. */
#define ZONE_SLACK 64

bool object_room_init(struct object_room *r, const struct scan_limits *limits)
{
    assert(limits->depth_max <= SCAN_DEPTH_MAX);
    r->limits = *limits;
    return msgpack_zone_init(&r->zone, limits->nodes_max * sizeof(msgpack_object) + ZONE_SLACK);
}

void object_room_fini(struct object_room *r)
{
    msgpack_zone_destroy(&r->zone);
}

void *object_codec_new(struct arena *arena, size_t len, const struct scan_limits *limits)
{
    assert(len >= sizeof(struct object_room));
    void *codec = arena_take(arena, 1, len);
    return codec != NULL && object_room_init(codec, limits) ? codec : NULL;
}

void object_codec_free(void *codec)
{
    if (codec != NULL)
        object_room_fini(codec);
}

/** Let msgpack-c see exactly the bytes that the scan has measured. */
static enum err unpack(struct object_room *r, struct slice value, msgpack_object *out)
{
    msgpack_object object;
    size_t off = 0;
    msgpack_zone_clear(&r->zone);
    const msgpack_unpack_return got =
        msgpack_unpack((const char *)value.at, value.len, &off, &r->zone, &object);
    if (got != MSGPACK_UNPACK_SUCCESS || off != value.len)
        return ERR_MALFORMED;
    *out = object;
    return OK;
}

enum err object_decode_whole(struct object_room *r, struct slice bytes, msgpack_object *out)
{
    struct scan_size size;
    const enum err err = scan_value(bytes, &r->limits, &size);
    if (err != OK)
        return err == ERR_SHORT ? ERR_MALFORMED : err;
    if (size.len != bytes.len)
        return ERR_MALFORMED;
    return unpack(r, bytes, out);
}

void object_fail(struct object_reader *r, enum err err)
{
    if (r->err == OK)
        r->err = err;
}

struct object_reader object_reader_of(const msgpack_object *o)
{
    if (o->type != MSGPACK_OBJECT_ARRAY)
        return (struct object_reader){.err = ERR_MALFORMED};
    return (struct object_reader){.at = o->via.array.ptr, .left = o->via.array.size, .err = OK};
}

const msgpack_object *object_next(struct object_reader *r)
{
    if (r->left == 0)
        object_fail(r, ERR_MALFORMED);
    if (r->err != OK)
        return NULL;
    r->left--;
    return r->at++;
}

/** The next element when it is of this type; otherwise NULL and ERR_MALFORMED. */
static const msgpack_object *next_of(struct object_reader *r, msgpack_object_type type)
{
    const msgpack_object *o = object_next(r);
    if (o == NULL || o->type == type)
        return o;
    object_fail(r, ERR_MALFORMED);
    return NULL;
}

bool object_nil(struct object_reader *r)
{
    if (r->err != OK || r->left == 0 || r->at->type != MSGPACK_OBJECT_NIL)
        return false;
    return object_next(r) != NULL;
}

uint64_t object_u64(struct object_reader *r, uint64_t max)
{
    const msgpack_object *o = next_of(r, MSGPACK_OBJECT_POSITIVE_INTEGER);
    if (o == NULL)
        return 0;
    if (o->via.u64 > max) {
        object_fail(r, ERR_MALFORMED);
        return 0;
    }
    return o->via.u64;
}

uint32_t object_u32(struct object_reader *r)
{
    return (uint32_t)object_u64(r, UINT32_MAX);
}

uint8_t object_u8(struct object_reader *r)
{
    return (uint8_t)object_u64(r, UINT8_MAX);
}

bool object_bool(struct object_reader *r)
{
    const msgpack_object *o = next_of(r, MSGPACK_OBJECT_BOOLEAN);
    return o != NULL && o->via.boolean;
}

/** msgpack-c leaves any pointer in an empty string, so an empty slice never uses it. */
static struct slice limited(struct object_reader *r, const char *at, uint32_t len, size_t len_max)
{
    if (len > len_max)
        object_fail(r, ERR_LIMIT);
    if (r->err != OK || len == 0)
        return (struct slice){0};
    return slice_of(at, len);
}

struct slice object_str(struct object_reader *r, size_t len_max)
{
    const msgpack_object *o = next_of(r, MSGPACK_OBJECT_STR);
    if (o == NULL)
        return (struct slice){0};
    return limited(r, o->via.str.ptr, o->via.str.size, len_max);
}

struct slice object_bin(struct object_reader *r, size_t len_max)
{
    const msgpack_object *o = next_of(r, MSGPACK_OBJECT_BIN);
    if (o == NULL)
        return (struct slice){0};
    return limited(r, o->via.bin.ptr, o->via.bin.size, len_max);
}

struct slice object_bytes(struct object_reader *r, size_t len_max)
{
    const bool text = r->err == OK && r->left > 0 && r->at->type == MSGPACK_OBJECT_STR;
    return text ? object_str(r, len_max) : object_bin(r, len_max);
}

uint64_t object_bin64(struct object_reader *r)
{
    const struct slice bin = object_bin(r, SIZE_MAX);
    if (bin.len != sizeof(uint64_t)) {
        object_fail(r, ERR_MALFORMED);
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < bin.len; i++)
        value = value << 8 | bin.at[i];
    return value;
}

struct object_reader object_array(struct object_reader *r, uint32_t n_max)
{
    const msgpack_object *o = next_of(r, MSGPACK_OBJECT_ARRAY);
    if (o != NULL && o->via.array.size > n_max)
        object_fail(r, ERR_LIMIT);
    if (r->err != OK)
        return (struct object_reader){.err = r->err};
    return object_reader_of(o);
}

void object_join(struct object_reader *r, const struct object_reader *inner)
{
    if (inner->err != OK)
        object_fail(r, inner->err);
}
