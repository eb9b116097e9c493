#include <criterion/criterion.h>
#include <msgpack.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "http/to_msgpack.h"

/* NOLINTBEGIN(misc-no-recursion): as deep as the values below */
/** Is what msgpack-c reads the same as the JSON value? */
static bool equals(const msgpack_object *o, const json_t *value);

static bool object_equals(const msgpack_object_map *map, const json_t *value)
{
    if (map->size != json_object_size(value))
        return false;
    for (uint32_t i = 0; i < map->size; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%.*s", (int)map->ptr[i].key.via.str.size,
                       map->ptr[i].key.via.str.ptr);
        if (!equals(&map->ptr[i].val, json_object_get(value, name)))
            return false;
    }
    return true;
}

static bool array_equals(const msgpack_object_array *array, const json_t *value)
{
    if (array->size != json_array_size(value))
        return false;
    for (uint32_t i = 0; i < array->size; i++) {
        if (!equals(&array->ptr[i], json_array_get(value, i)))
            return false;
    }
    return true;
}

static bool equals(const msgpack_object *o, const json_t *value)
{
    switch (o->type) {
    case MSGPACK_OBJECT_MAP:
        return json_is_object(value) && object_equals(&o->via.map, value);
    case MSGPACK_OBJECT_ARRAY:
        return json_is_array(value) && array_equals(&o->via.array, value);
    case MSGPACK_OBJECT_STR:
        return json_is_string(value) && o->via.str.size == json_string_length(value) &&
               (o->via.str.size == 0 ||
                memcmp(o->via.str.ptr, json_string_value(value), o->via.str.size) == 0);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return json_is_integer(value) && o->via.u64 == (uint64_t)json_integer_value(value);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return json_is_integer(value) && o->via.i64 == json_integer_value(value);
    case MSGPACK_OBJECT_FLOAT64:
        return json_is_real(value) && o->via.f64 == json_real_value(value);
    case MSGPACK_OBJECT_BOOLEAN:
        return json_is_boolean(value) && o->via.boolean == json_is_true(value);
    case MSGPACK_OBJECT_NIL:
        return json_is_null(value);
    default:
        return false;
    }
}

/* NOLINTEND(misc-no-recursion) */

/** Takes value. Returns the bytes written. */
static size_t survives(json_t *value)
{
    struct http_text text = {0};
    msgpack_object object;
    msgpack_zone zone;
    size_t used = 0;
    cr_assert_not_null(value);
    http_to_msgpack(&text, value);
    cr_assert_not(text.failed);
    cr_assert(msgpack_zone_init(&zone, 2048));
    cr_assert_eq(msgpack_unpack(text.at, text.len, &used, &zone, &object), MSGPACK_UNPACK_SUCCESS);
    cr_assert(equals(&object, value));
    const size_t len = text.len;
    cr_assert_eq(used, len);
    msgpack_zone_destroy(&zone);
    http_text_fini(&text);
    json_decref(value);
    return len;
}

Test(to_msgpack, integers_take_their_shortest_form)
{
    static const struct {
        json_int_t value;
        size_t len;
    } cases[] = {{0, 1},      {127, 1},    {128, 2},         {255, 2},           {256, 3},
                 {65535, 3},  {65536, 5},  {4294967295, 5},  {4294967296, 9},    {INT64_MAX, 9},
                 {-1, 1},     {-32, 1},    {-33, 2},         {-128, 2},          {-129, 3},
                 {-32768, 3}, {-32769, 5}, {-2147483648, 5}, {-2147483649LL, 9}, {INT64_MIN, 9}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        cr_assert_eq(survives(json_integer(cases[i].value)), cases[i].len, "case %zu", i);
}

Test(to_msgpack, texts_of_every_length_class)
{
    static char bytes[70000];
    static const size_t lens[] = {0, 1, 31, 32, 255, 256, 65535, 65536, 70000};
    memset(bytes, 'x', sizeof bytes);
    for (size_t i = 0; i < ARRAY_LEN(lens); i++)
        survives(json_stringn(bytes, lens[i]));
    survives(json_string("gr\xc3\xbc\xc3\x9f"));
}

Test(to_msgpack, arrays_and_objects_of_every_length_class)
{
    static const size_t lens[] = {0, 1, 15, 16, 65535, 65536};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        json_t *array = json_array();
        json_t *object = json_object();
        for (size_t j = 0; j < lens[i]; j++) {
            char key[24];
            (void)snprintf(key, sizeof key, "k%zu", j);
            json_array_append_new(array, json_integer((json_int_t)j));
            json_object_set_new(object, key, json_true());
        }
        survives(array);
        survives(object);
    }
}

Test(to_msgpack, everything_else)
{
    survives(json_null());
    survives(json_true());
    survives(json_false());
    cr_assert_eq(survives(json_real(1.25)), 9);
    survives(json_real(-0.0));
    survives(json_pack("{s:[i,{s:n}], s:f, s:{}}", "a", 1, "b", "c", 2.5, "d"));
}
