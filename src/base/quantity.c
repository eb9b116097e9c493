#include "base/quantity.h"

#include <stdbool.h>
#include <stddef.h>

#define FRACTION_MAX 6 /* digits after the point */

struct unit {
    const char *name;
    uint64_t factor;
};

struct number {
    uint64_t whole;
    uint64_t fraction; /* in parts of scale */
    uint64_t scale;    /* 10 to the number of digits after the point */
    struct slice unit;
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t count_digits(struct slice s)
{
    size_t n = 0;
    while (n < s.len && is_digit(s.at[n]))
        n++;
    return n;
}

static struct slice skip(struct slice s, size_t n)
{
    return (struct slice){.at = s.at + n, .len = s.len - n};
}

MUST_USE static enum err read_digits(struct slice *rest, uint64_t *out)
{
    const size_t n = count_digits(*rest);
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t digit = (uint64_t)(rest->at[i] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return ERR_LIMIT;
        value = value * 10 + digit;
    }
    *rest = skip(*rest, n);
    *out = value;
    return n == 0 ? ERR_MALFORMED : OK;
}

MUST_USE static enum err read_fraction(struct slice *rest, struct number *n)
{
    n->scale = 1;
    if (rest->len == 0 || rest->at[0] != '.')
        return OK;
    *rest = skip(*rest, 1);
    const size_t digits = count_digits(*rest);
    if (digits == 0 || digits > FRACTION_MAX)
        return ERR_MALFORMED;
    for (size_t i = 0; i < digits; i++)
        n->scale *= 10;
    return read_digits(rest, &n->fraction);
}

MUST_USE static enum err read_number(struct slice text, struct number *out)
{
    struct slice rest = text;
    struct number n = {.scale = 1};
    enum err err = read_digits(&rest, &n.whole);
    if (err == OK)
        err = read_fraction(&rest, &n);
    if (err != OK)
        return err;
    n.unit = rest;
    *out = n;
    return OK;
}

/** The factor of the unit; 0 when the table does not know it. */
static uint64_t factor_of(const struct unit *units, struct slice name)
{
    for (; units->name != NULL; units++) {
        if (slice_eq(slice_text(units->name), name))
            return units->factor;
    }
    return 0;
}

MUST_USE static enum err read_with(const struct unit *units, struct slice text, uint64_t *out)
{
    struct number n;
    const enum err err = read_number(text, &n);
    if (err != OK)
        return err;
    const bool bare_zero = n.unit.len == 0 && n.whole == 0 && n.fraction == 0;
    const uint64_t factor = bare_zero ? 1 : factor_of(units, n.unit);
    if (factor == 0)
        return ERR_MALFORMED;
    /* The fraction is below 10^6 and no factor is above 2^40: their product fits. */
    const uint64_t part = n.fraction * factor / n.scale;
    if (n.whole > (UINT64_MAX - part) / factor)
        return ERR_LIMIT;
    *out = n.whole * factor + part;
    return OK;
}

enum err quantity_us(struct slice text, uint64_t *out)
{
    static const struct unit UNITS[] = {{"us", 1},       {"ms", 1000},         {"s", 1000000},
                                        {"m", 60000000}, {"h", 3600000000ULL}, {NULL, 0}};
    return read_with(UNITS, text, out);
}

enum err quantity_bytes(struct slice text, uint64_t *out)
{
    static const struct unit UNITS[] = {{"B", 1},
                                        {"K", 1ULL << 10},
                                        {"KiB", 1ULL << 10},
                                        {"KB", 1000},
                                        {"M", 1ULL << 20},
                                        {"MiB", 1ULL << 20},
                                        {"MB", 1000000},
                                        {"G", 1ULL << 30},
                                        {"GiB", 1ULL << 30},
                                        {"GB", 1000000000},
                                        {"T", 1ULL << 40},
                                        {"TiB", 1ULL << 40},
                                        {"TB", 1000000000000ULL},
                                        {NULL, 0}};
    return read_with(UNITS, text, out);
}

enum err quantity_percent(struct slice text, uint32_t *out)
{
    uint64_t value = 0;
    struct slice rest = text;
    const enum err err = read_digits(&rest, &value);
    if (err != OK)
        return err;
    if (!slice_eq(rest, slice_text("%")))
        return ERR_MALFORMED;
    if (value < 1 || value > 100)
        return ERR_LIMIT;
    *out = (uint32_t)value;
    return OK;
}
