#include "cli/text.h"

#include <string.h>

#include "base/attr.h"

#define TEN_YEARS_MS 315360000000ULL

/** Digits at the start of text, at most 15 of them. Returns: what follows, NULL when there are none. */
static const char *read_digits(const char *text, uint64_t *value)
{
    const size_t n = strspn(text, "0123456789");
    *value = 0;
    if (n == 0 || n > 15)
        return NULL;
    for (size_t i = 0; i < n; i++)
        *value = *value * 10 + (uint64_t)(text[i] - '0');
    return text + n;
}

bool text_duration(const char *text, uint64_t *ms)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

    uint64_t value;
    const char *rest = read_digits(text, &value);
    if (rest == NULL)
        return false;
    if (*rest == '\0' && value == 0) {
        *ms = 0;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (strcmp(rest, units[i].name) != 0)
            continue;
        if (value > TEN_YEARS_MS / units[i].ms)
            return false;
        *ms = value * units[i].ms;
        return true;
    }
    return false;
}

bool text_count(const char *text, uint64_t *n)
{
    uint64_t value;
    const char *rest = read_digits(text, &value);
    if (rest == NULL || *rest != '\0' || value == 0 || value > UINT32_MAX)
        return false;
    *n = value;
    return true;
}

bool text_number(const char *text, uint64_t *n)
{
    uint64_t value = 0;
    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text))
        return false;
    for (; *text != '\0'; text++) {
        const uint64_t digit = (uint64_t)(*text - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *n = value;
    return true;
}
