#include "http/to_msgpack.h"

#include <string.h>

static void put(struct http_text *out, uint8_t tag, uint64_t value, size_t len)
{
    uint8_t bytes[9] = {tag};
    for (size_t i = 0; i < len; i++)
        bytes[1 + i] = (uint8_t)(value >> 8 * (len - 1 - i));
    http_text_add(out, bytes, 1 + len);
}

static void put_unsigned(struct http_text *out, uint64_t value)
{
    if (value <= 0x7f)
        put(out, (uint8_t)value, 0, 0);
    else if (value <= UINT8_MAX)
        put(out, 0xcc, value, 1);
    else if (value <= UINT16_MAX)
        put(out, 0xcd, value, 2);
    else if (value <= UINT32_MAX)
        put(out, 0xce, value, 4);
    else
        put(out, 0xcf, value, 8);
}

static void put_negative(struct http_text *out, int64_t value)
{
    const uint64_t bits =
        (uint64_t)value; /* two's complement; the tag says how much of it counts */
    if (value >= -32)
        put(out, (uint8_t)bits, 0, 0);
    else if (value >= INT8_MIN)
        put(out, 0xd0, bits, 1);
    else if (value >= INT16_MIN)
        put(out, 0xd1, bits, 2);
    else if (value >= INT32_MIN)
        put(out, 0xd2, bits, 4);
    else
        put(out, 0xd3, bits, 8);
}

static void put_real(struct http_text *out, double value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    put(out, 0xcb, bits, 8);
}

/** Tags of a kind whose lengths have a short form: the tag of that form, and how far it reaches. */
struct lengths {
    uint8_t tiny;
    uint8_t tiny_max;
    uint8_t by_8; /* 0 = the kind has no such form */
    uint8_t by_16;
    uint8_t by_32;
};

static void put_length(struct http_text *out, const struct lengths *l, size_t n)
{
    if (n <= l->tiny_max)
        put(out, (uint8_t)(l->tiny | n), 0, 0);
    else if (n <= UINT8_MAX && l->by_8 != 0)
        put(out, l->by_8, n, 1);
    else if (n <= UINT16_MAX)
        put(out, l->by_16, n, 2);
    else
        put(out, l->by_32, n, 4);
}

static void put_text(struct http_text *out, const char *text, size_t len)
{
    static const struct lengths STR = {0xa0, 31, 0xd9, 0xda, 0xdb};
    put_length(out, &STR, len);
    http_text_add(out, text, len);
}

/* NOLINTBEGIN(misc-no-recursion): values are made here and are at most five deep */
static void put_array(struct http_text *out, const json_t *array)
{
    static const struct lengths ARRAY = {0x90, 15, 0, 0xdc, 0xdd};
    const size_t n = json_array_size(array);
    put_length(out, &ARRAY, n);
    for (size_t i = 0; i < n; i++)
        http_to_msgpack(out, json_array_get(array, i));
}

static void put_object(struct http_text *out, json_t *object)
{
    static const struct lengths MAP = {0x80, 15, 0, 0xde, 0xdf};
    put_length(out, &MAP, json_object_size(object));
    for (void *i = json_object_iter(object); i != NULL; i = json_object_iter_next(object, i)) {
        const char *name = json_object_iter_key(i);
        put_text(out, name, strlen(name));
        http_to_msgpack(out, json_object_iter_value(i));
    }
}

void http_to_msgpack(struct http_text *out, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        put_object(out, value);
        break;
    case JSON_ARRAY:
        put_array(out, value);
        break;
    case JSON_STRING:
        put_text(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        if (json_integer_value(value) < 0)
            put_negative(out, json_integer_value(value));
        else
            put_unsigned(out, (uint64_t)json_integer_value(value));
        break;
    case JSON_REAL:
        put_real(out, json_real_value(value));
        break;
    case JSON_TRUE:
        put(out, 0xc3, 0, 0);
        break;
    case JSON_FALSE:
        put(out, 0xc2, 0, 0);
        break;
    case JSON_NULL:
        put(out, 0xc0, 0, 0);
        break;
    }
}

/* NOLINTEND(misc-no-recursion) */
