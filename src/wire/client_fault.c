#include "wire/client_fault.h"

#include <assert.h>
#include <string.h>

#define QUOTED_MAX 40
#define DIGITS_MAX 27 /* of 2^64 - 1, separators and NUL included */

void client_fault_begin(struct client_fault *f, const char *name)
{
    assert(f != NULL);
    assert(name != NULL);
    f->name = name;
    f->text[0] = '\0';
}

static void say_bytes(struct client_fault *f, const char *at, size_t len)
{
    const size_t used = strlen(f->text);
    const size_t room = sizeof f->text - 1 - used;
    const size_t take = len < room ? len : room;
    memcpy(f->text + used, at, take);
    f->text[used + take] = '\0';
}

void client_fault_say(struct client_fault *f, const char *text)
{
    say_bytes(f, text, strlen(text));
}

void client_fault_say_number(struct client_fault *f, uint64_t value)
{
    char digits[DIGITS_MAX];
    size_t at = sizeof digits;
    for (size_t i = 0; i == 0 || value > 0; i++) {
        if (i > 0 && i % 3 == 0)
            digits[--at] = ',';
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    }
    say_bytes(f, digits + at, sizeof digits - at);
}

static bool is_plain(uint8_t byte)
{
    return byte >= ' ' && byte <= '~' && byte != '"';
}

void client_fault_say_quoted(struct client_fault *f, struct slice bytes)
{
    const size_t len = bytes.len < QUOTED_MAX ? bytes.len : QUOTED_MAX;
    char shown[QUOTED_MAX] = {0};
    for (size_t i = 0; i < len; i++)
        shown[i] = (char)(is_plain(bytes.at[i]) ? bytes.at[i] : '?');
    client_fault_say(f, "\"");
    say_bytes(f, shown, len);
    client_fault_say(f, len < bytes.len ? "...\"" : "\"");
}

enum err client_fault_plain(struct client_fault *f, const char *name, const char *text)
{
    client_fault_begin(f, name);
    client_fault_say(f, text);
    return ERR_MALFORMED;
}

enum err client_limit_check(const struct client_limit *limit, uint64_t n, struct client_fault *f)
{
    if (n <= limit->max)
        return OK;
    client_fault_begin(f, limit->name);
    client_fault_say(f, limit->what);
    client_fault_say(f, " has ");
    client_fault_say_number(f, n);
    client_fault_say(f, " ");
    client_fault_say(f, limit->unit);
    client_fault_say(f, "; the limit is ");
    client_fault_say_number(f, limit->max);
    return ERR_LIMIT;
}
