#include "wire/client_plain.h"

#include <string.h>

#include "wire/client_codec.h"

#define ARRAY      0x90 /* and the number of elements, up to 15 */
#define MAP_OF_ONE 0x81
#define REQUEST    0x00 /* the type */
#define GET_ARGS   2
#define FILL_ARGS  4

/** What has not been read yet. Every reader below says false when the bytes are not what it reads. */
struct cursor {
    const uint8_t *at;
    size_t left;
};

static inline bool take(struct cursor *c, size_t n, const uint8_t **out)
{
    if (c->left < n)
        return false;
    *out = c->at;
    c->at += n;
    c->left -= n;
    return true;
}

static inline bool take_byte(struct cursor *c, uint8_t *out)
{
    const uint8_t *at;
    if (!take(c, 1, &at))
        return false;
    *out = *at;
    return true;
}

static inline bool take_this(struct cursor *c, uint8_t wanted)
{
    uint8_t byte;
    return take_byte(c, &byte) && byte == wanted;
}

/** n bytes, big-endian. */
static inline bool take_word(struct cursor *c, size_t n, uint64_t *out)
{
    const uint8_t *at;
    if (!take(c, n, &at))
        return false;
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out = *out << 8 | at[i];
    return true;
}

/** An unsigned integer in any of its forms. */
static inline bool take_uint(struct cursor *c, uint64_t max, uint64_t *out)
{
    uint8_t lead;
    if (!take_byte(c, &lead))
        return false;
    *out = lead;
    if (lead >= 0x80) {
        if (lead < 0xCC || lead > 0xCF || !take_word(c, (size_t)1 << (lead - 0xCC), out))
            return false;
    }
    return *out <= max;
}

/** The length of a str or bin from its lead byte on. */
static inline bool take_length(struct cursor *c, uint64_t *out)
{
    uint8_t lead;
    if (!take_byte(c, &lead))
        return false;
    if (lead >> 5 == 0x5) {
        *out = lead & 0x1F;
        return true;
    }
    if (lead >= 0xC4 && lead <= 0xC6)
        return take_word(c, (size_t)1 << (lead - 0xC4), out);
    return lead >= 0xD9 && lead <= 0xDB && take_word(c, (size_t)1 << (lead - 0xD9), out);
}

/** A str or bin within its limits; an empty one has no address. */
static inline bool take_text(struct cursor *c, size_t min, size_t max, struct slice *out)
{
    uint64_t len;
    const uint8_t *at;
    if (!take_length(c, &len) || len < min || len > max || !take(c, (size_t)len, &at))
        return false;
    *out = (struct slice){.at = len == 0 ? NULL : at, .len = (size_t)len};
    return true;
}

static bool is_word(struct slice s, const char *word, size_t len)
{
    return s.len == len && memcmp(s.at, word, len) == 0;
}

/** The op, by number or by name. */
static inline bool take_op(struct cursor *c, uint32_t *out)
{
    struct slice name;
    if (c->left > 0 && c->at[0] < 0x80) {
        *out = c->at[0];
        c->at++;
        c->left--;
        return *out == OP_GET || *out == OP_FILL;
    }
    if (!take_text(c, 3, 4, &name))
        return false;
    *out = is_word(name, "get", 3) ? OP_GET : OP_FILL;
    return *out == OP_GET || is_word(name, "fill", 4);
}

/** `{ttl_ms: number}`. */
static bool take_ttl(struct cursor *c, uint64_t *out)
{
    struct slice name;
    return take_this(c, MAP_OF_ONE) && take_text(c, 6, 6, &name) && is_word(name, "ttl_ms", 6) &&
           take_uint(c, CLIENT_TTL_MS_MAX, out);
}

static inline bool take_ns_key(struct cursor *c, struct client_plain *out)
{
    return take_text(c, 0, CLIENT_NS_MAX, &out->ns) && take_text(c, 1, CLIENT_KEY_MAX, &out->key);
}

static inline bool take_fill(struct cursor *c, uint32_t value_max, struct client_plain *out)
{
    uint8_t head;
    return take_byte(c, &head) &&
           (head == (ARRAY | FILL_ARGS) || head == (ARRAY | (FILL_ARGS + 1))) &&
           take_ns_key(c, out) && take_text(c, 0, value_max, &out->value) &&
           take_text(c, 1, CLIENT_TOKEN_MAX, &out->token) &&
           (head == (ARRAY | FILL_ARGS) || take_ttl(c, &out->ttl_ms));
}

static inline bool take_envelope(struct cursor *c, struct client_plain *out)
{
    uint64_t id;
    if (!take_this(c, ARRAY | 4) || !take_this(c, REQUEST) || !take_uint(c, UINT32_MAX, &id))
        return false;
    out->id = (uint32_t)id;
    return take_op(c, &out->op);
}

bool client_plain_read(const struct client_codec *c, struct slice frame, struct client_plain *out)
{
    struct cursor at = {.at = frame.at, .left = frame.len};
    *out = (struct client_plain){.id = 0};
    if (!take_envelope(&at, out))
        return false;
    const bool taken = out->op == OP_GET ? take_this(&at, ARRAY | GET_ARGS) && take_ns_key(&at, out)
                                         : take_fill(&at, c->value_max, out);
    return taken && at.left == 0;
}
