#include "load/protocol.h"

#include <string.h>

#include "base/attr.h"

#define END_LEN 2 /* CR LF */

const struct protocol *protocol_named(const char *name)
{
    static const struct protocol *const ALL[] = {&PROTOCOL_SCRUBJAY, &PROTOCOL_REDIS,
                                                 &PROTOCOL_MEMCACHED};
    for (size_t i = 0; i < ARRAY_LEN(ALL); i++)
        if (strcmp(ALL[i]->name, name) == 0)
            return ALL[i];
    return NULL;
}

void protocol_write_digits(struct writer *w, uint64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    write_bytes(w, slice_of(digits + at, sizeof digits - at));
}

enum err protocol_read_line(struct slice bytes, struct slice *line)
{
    const size_t look = bytes.len < PROTOCOL_LINE_MAX ? bytes.len : PROTOCOL_LINE_MAX;
    const uint8_t *end = look > 0 ? memchr(bytes.at, '\n', look) : NULL;
    if (end == NULL)
        return look < PROTOCOL_LINE_MAX ? ERR_SHORT : ERR_MALFORMED;
    if (end == bytes.at || end[-1] != '\r')
        return ERR_MALFORMED;
    *line = slice_of(bytes.at, (size_t)(end - bytes.at) - 1);
    return OK;
}

bool protocol_read_length(struct slice text, size_t *out)
{
    size_t len = 0, i = 0;
    for (; i < text.len && text.at[i] >= '0' && text.at[i] <= '9'; i++) {
        len = len * 10 + (size_t)(text.at[i] - '0');
        if (len > PROTOCOL_VALUE_MAX)
            return false;
    }
    *out = len;
    return i > 0 && (i == text.len || text.at[i] == ' ');
}

enum err protocol_read_block(struct slice bytes, size_t line_len, size_t len, struct reply *out)
{
    const size_t head = line_len + END_LEN;
    if (bytes.len < head + len + END_LEN)
        return ERR_SHORT;
    if (memcmp(bytes.at + head + len, "\r\n", END_LEN) != 0)
        return ERR_MALFORMED;
    *out = (struct reply){
        .len = head + len + END_LEN, .answer = ANSWER_HIT, .value = slice_of(bytes.at + head, len)};
    return OK;
}
