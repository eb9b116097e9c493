#include "seal/lines.h"

#include <assert.h>
#include <sodium.h>

static_assert(sodium_base64_ENCODED_LEN(LINES_KEY_LEN, sodium_base64_VARIANT_ORIGINAL) ==
                  LINES_BASE64_LEN + 1,
              "a key in base64, with the NUL that libsodium writes");

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/** Cut the first n bytes off s and return them. */
static struct slice cut_front(struct slice *s, size_t n)
{
    const struct slice front = {.at = s->at, .len = n};
    s->at += n;
    s->len -= n;
    return front;
}

static struct slice trim(struct slice s)
{
    while (s.len > 0 && is_blank(s.at[0]))
        cut_front(&s, 1);
    while (s.len > 0 && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

struct slice lines_take(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->at[len] != '\n')
        len++;
    struct slice line = cut_front(rest, len);
    if (rest->len > 0)
        cut_front(rest, 1);
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return trim(line);
}

bool lines_mute(struct slice line)
{
    return line.len == 0 || line.at[0] == '#';
}

struct slice lines_field(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && !is_blank(rest->at[len]))
        len++;
    const struct slice field = cut_front(rest, len);
    *rest = trim(*rest);
    return field;
}

/** Why 44 characters are no key: without padding they are 33 bytes, with two 31. */
static const char *explain(struct slice text)
{
    uint8_t room[LINES_KEY_LEN + 1];
    size_t len = 0;
    const bool decoded = sodium_base642bin(room, sizeof room, (const char *)text.at, text.len, NULL,
                                           &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
    sodium_memzero(room, sizeof room);
    return decoded ? "the key is not 32 bytes long" : "the key is not standard base64 with padding";
}

const char *lines_key(struct slice text, uint8_t out[LINES_KEY_LEN])
{
    size_t len = 0;
    sodium_memzero(out, LINES_KEY_LEN);
    if (text.len != LINES_BASE64_LEN)
        return "a key is 32 bytes, 44 characters of base64 with padding";
    if (sodium_base642bin(out, LINES_KEY_LEN, (const char *)text.at, text.len, NULL, &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) == 0 &&
        len == LINES_KEY_LEN)
        return NULL;
    sodium_memzero(out, LINES_KEY_LEN);
    return explain(text);
}

void lines_key_write(struct writer *w, const uint8_t key[LINES_KEY_LEN])
{
    char text[LINES_BASE64_LEN + 1];
    sodium_bin2base64(text, sizeof text, key, LINES_KEY_LEN, sodium_base64_VARIANT_ORIGINAL);
    write_bytes(w, slice_of(text, LINES_BASE64_LEN));
    sodium_memzero(text, sizeof text);
}
