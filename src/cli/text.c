#include "cli/text.h"

#include <ctype.h>
#include <string.h>

#include "base/attr.h"

#define WORD_MAX     31
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

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const int low = tolower((unsigned char)c);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

bool text_hex_read(const char *text, uint8_t *out, size_t cap, size_t *len)
{
    const size_t n = strlen(text);
    if (n == 0 || n % 2 != 0 || n / 2 > cap)
        return false;
    for (size_t i = 0; i < n / 2; i++) {
        const int high = digit_of(text[2 * i]);
        const int low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    *len = n / 2;
    return true;
}

void text_hex_write(const void *at, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = at;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 0x0F];
    }
    out[2 * len] = '\0';
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/** Are the letters before i of a and before j of b swapped neighbours? */
static bool is_swap(const char *a, size_t i, const char *b, size_t j)
{
    return i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
}

/** Distances between the first i letters of one word and the first j of the other. */
struct distances {
    size_t at[WORD_MAX + 1][WORD_MAX + 1];
};

/** The distance at (i, j) from its neighbours. */
static size_t step(const struct distances *d, const char *a, size_t i, const char *b, size_t j)
{
    if (i == 0 || j == 0)
        return i + j;
    const size_t replaced = d->at[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
    const size_t moved = least(d->at[i - 1][j], d->at[i][j - 1]) + 1;
    const size_t best = least(replaced, moved);
    return is_swap(a, i, b, j) ? least(best, d->at[i - 2][j - 2] + 1) : best;
}

size_t text_distance(const char *a, const char *b)
{
    struct distances d;
    const size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return SIZE_MAX;
    for (size_t i = 0; i <= a_len; i++) {
        for (size_t j = 0; j <= b_len; j++)
            d.at[i][j] = step(&d, a, i, b, j);
    }
    return d.at[a_len][b_len];
}

const char *text_closest(const char *word, const char *const *names, size_t n)
{
    const char *closest = NULL;
    size_t best = least(strlen(word) / 2, 3) + 1; /* half of the word mistyped is another word */
    for (size_t i = 0; i < n; i++) {
        const size_t distance = text_distance(word, names[i]);
        if (distance < best) {
            best = distance;
            closest = names[i];
        }
    }
    return closest;
}
