#include "cli/field.h"

#include <string.h>

const char *field_text(const json_t *object, const char *name)
{
    return field_text_or(object, name, "");
}

const char *field_text_or(const json_t *object, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : otherwise;
}

bool field_is(const json_t *object, const char *name, const char *text)
{
    return strcmp(field_text(object, name), text) == 0;
}

uint64_t field_number(const json_t *object, const char *name)
{
    const json_int_t value = json_integer_value(json_object_get(object, name));
    return value > 0 ? (uint64_t)value : 0;
}

bool field_lists(const json_t *array, const char *text)
{
    size_t i;
    json_t *one;
    json_array_foreach(array, i, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), text) == 0)
            return true;
    }
    return false;
}
