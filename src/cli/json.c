#include <inttypes.h>
#include <msgpack.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "cli/jay.h"
#include "wire/scan.h"

#define EXACT_MAX (UINT64_C(1) << 53) /* above it, readers of JSON lose digits */

json_t *jay_json_bytes(struct scrubjay_bytes bytes)
{
    json_t *text = json_stringn(bytes.at, bytes.len);
    if (text != NULL)
        return text;
    const size_t cap = sodium_base64_encoded_len(bytes.len, sodium_base64_VARIANT_ORIGINAL);
    char *base64 = malloc(cap);
    if (base64 == NULL)
        return NULL;
    sodium_bin2base64(base64, cap, bytes.at, bytes.len, sodium_base64_VARIANT_ORIGINAL);
    json_t *value = json_pack("{s:s}", "base64", base64);
    free(base64);
    return value;
}

json_t *jay_json_hex(struct scrubjay_bytes bytes)
{
    char *text = malloc(2 * bytes.len + 1);
    if (text == NULL)
        return NULL;
    hex_write(bytes.at, bytes.len, text);
    json_t *value = json_string(text);
    free(text);
    return value;
}

json_t *jay_json_number(uint64_t value)
{
    char hex[17];
    if (value <= EXACT_MAX)
        return json_integer((json_int_t)value);
    snprintf(hex, sizeof hex, "%016" PRIx64, value);
    return json_string(hex);
}

/* The three that follow call each other, at most SCAN_DEPTH_MAX deep: the scan went before.
 * NOLINTBEGIN(misc-no-recursion) */

static json_t *json_of(const msgpack_object *o);

static json_t *json_array_of(const msgpack_object_array *a)
{
    json_t *array = json_array();
    for (uint32_t i = 0; i < a->size; i++)
        json_array_append_new(array, json_of(&a->ptr[i]));
    return array;
}

/** Members whose names are not text cannot be said in JSON and are left out. */
static json_t *json_object_of(const msgpack_object_map *m)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < m->size; i++) {
        const msgpack_object *key = &m->ptr[i].key;
        if (key->type != MSGPACK_OBJECT_STR)
            continue;
        json_t *name = json_stringn(key->via.str.ptr, key->via.str.size);
        if (name != NULL)
            json_object_set_new(object, json_string_value(name), json_of(&m->ptr[i].val));
        json_decref(name);
    }
    return object;
}

static json_t *json_of(const msgpack_object *o)
{
    switch (o->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean(o->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return jay_json_number(o->via.u64);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return json_integer(o->via.i64);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return json_real(o->via.f64);
    case MSGPACK_OBJECT_STR:
        return jay_json_bytes((struct scrubjay_bytes){o->via.str.ptr, o->via.str.size});
    case MSGPACK_OBJECT_BIN:
        return jay_json_bytes((struct scrubjay_bytes){o->via.bin.ptr, o->via.bin.size});
    case MSGPACK_OBJECT_ARRAY:
        return json_array_of(&o->via.array);
    case MSGPACK_OBJECT_MAP:
        return json_object_of(&o->via.map);
    default:
        return json_null();
    }
}

/* NOLINTEND(misc-no-recursion) */

json_t *jay_json_of(struct scrubjay_bytes msgpack)
{
    /* msgpack-c believes every length that it reads, so the scan goes first. */
    static const struct scan_limits limits = {.depth_max = SCAN_DEPTH_MAX, .nodes_max = 1U << 20};
    struct scan_size size;
    msgpack_object o;
    msgpack_zone zone;
    json_t *value = NULL;
    size_t off = 0;
    if (scan_value(slice_of(msgpack.at, msgpack.len), &limits, &size) != OK)
        return NULL;
    if (!msgpack_zone_init(&zone, MSGPACK_ZONE_CHUNK_SIZE))
        return NULL;
    if (msgpack_unpack(msgpack.at, size.len, &off, &zone, &o) == MSGPACK_UNPACK_SUCCESS)
        value = json_of(&o);
    msgpack_zone_destroy(&zone);
    return value;
}
