#include "wire/client_direct.h"

#include <string.h>

#define LENGTH_LEN 4
#define HEAD_MAX   (LENGTH_LEN + 8) /* array of four, type, id, nil */
#define GOT_MAX    64               /* of one get, less value and token: 62 */
#define STORED_LEN 3
#define NIL        0xC0
#define TRUE       0xC3
#define ARRAY      0x90
#define MAP        0x80
#define TEXT       0xA0

static inline bool has_room(const struct writer *w, size_t n)
{
    return w->err == OK && w->cap - w->len >= n;
}

/** The n low bytes of value, big-endian. */
static inline uint8_t *put_word(uint8_t *at, uint64_t value, size_t n)
{
    for (size_t i = n; i > 0; i--) {
        at[i - 1] = (uint8_t)value;
        value >>= 8;
    }
    return at + n;
}

/** A lead byte, then the n low bytes of value. */
static inline uint8_t *put_led(uint8_t *at, uint8_t lead, uint64_t value, size_t n)
{
    *at = lead;
    return put_word(at + 1, value, n);
}

/** An unsigned integer in its shortest form. */
static inline uint8_t *put_uint(uint8_t *at, uint64_t value)
{
    if (value < 0x80)
        return put_word(at, value, 1);
    if (value <= UINT8_MAX)
        return put_led(at, 0xCC, value, 1);
    if (value <= UINT16_MAX)
        return put_led(at, 0xCD, value, 2);
    if (value <= UINT32_MAX)
        return put_led(at, 0xCE, value, 4);
    return put_led(at, 0xCF, value, 8);
}

static inline uint8_t *put_bin(uint8_t *at, struct slice bytes)
{
    if (bytes.len <= UINT8_MAX)
        at = put_led(at, 0xC4, bytes.len, 1);
    else if (bytes.len <= UINT16_MAX)
        at = put_led(at, 0xC5, bytes.len, 2);
    else
        at = put_led(at, 0xC6, bytes.len, 4);
    if (bytes.len > 0)
        memcpy(at, bytes.at, bytes.len);
    return at + bytes.len;
}

/** A short str and a number. */
static inline uint8_t *put_pair(uint8_t *at, const char *name, size_t len, uint64_t value)
{
    *at++ = (uint8_t)(TEXT | len);
    memcpy(at, name, len);
    return put_uint(at + len, value);
}

static inline bool has_value(const struct client_got *got)
{
    return got->status == STATUS_HIT || got->status == STATUS_STALE;
}

/** What is known of a value. */
static inline uint8_t *put_info(uint8_t *at, const struct client_got *got)
{
    const bool has_ttl = got->ttl_ms != UINT64_MAX;
    *at++ = (uint8_t)(MAP | (1 + has_ttl + got->has_version));
    at = put_pair(at, "age_ms", 6, got->age_ms);
    if (has_ttl)
        at = put_pair(at, "ttl_ms", 6, got->ttl_ms);
    if (got->has_version)
        at = put_pair(at, "version", 7, got->version);
    return at;
}

/** `[status, value or nil, token or nil, info or nil]`. */
static inline uint8_t *put_got(uint8_t *at, const struct client_got *got)
{
    const bool valued = has_value(got);
    *at++ = ARRAY | 4;
    *at++ = (uint8_t)got->status;
    if (valued)
        at = put_bin(at, got->value);
    else
        *at++ = NIL;
    if (got->status != STATUS_HIT && got->token.len > 0)
        at = put_bin(at, got->token);
    else
        *at++ = NIL;
    if (valued)
        return put_info(at, got);
    *at++ = NIL;
    return at;
}

/** `[1, id, nil, ` and room for the length in front. */
static inline uint8_t *put_head(uint8_t *at, uint32_t id)
{
    at += LENGTH_LEN;
    *at++ = ARRAY | 4;
    *at++ = 1;
    at = put_uint(at, id);
    *at++ = NIL;
    return at;
}

/** The frame from w->at + w->len up to `end` is whole: set its length. */
static inline void end_frame(struct writer *w, const uint8_t *end)
{
    const size_t len = (size_t)(end - w->at) - w->len;
    (void)put_word(w->at + w->len, len - LENGTH_LEN, LENGTH_LEN);
    w->len += len;
}

static inline size_t got_room(const struct client_got *got)
{
    return GOT_MAX + got->value.len + got->token.len;
}

bool client_direct_get(struct writer *w, uint32_t id, const struct client_got *got)
{
    if (got->has_proof || !has_room(w, HEAD_MAX + got_room(got)))
        return false;
    end_frame(w, put_got(put_head(w->at + w->len, id), got));
    return true;
}

bool client_direct_many_get(struct writer *w, const struct client_got *got)
{
    if (got->has_proof || !has_room(w, got_room(got)))
        return false;
    w->len = (size_t)(put_got(w->at + w->len, got) - w->at);
    return true;
}

/** `[true, nil]`. */
static inline uint8_t *put_stored(uint8_t *at)
{
    *at++ = ARRAY | 2;
    *at++ = TRUE;
    *at++ = NIL;
    return at;
}

bool client_direct_stored(struct writer *w, uint32_t id)
{
    if (!has_room(w, HEAD_MAX + STORED_LEN))
        return false;
    end_frame(w, put_stored(put_head(w->at + w->len, id)));
    return true;
}

bool client_direct_many_stored(struct writer *w)
{
    if (!has_room(w, STORED_LEN))
        return false;
    w->len = (size_t)(put_stored(w->at + w->len) - w->at);
    return true;
}
