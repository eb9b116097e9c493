#include "wire/client_plain.h"

#include <string.h>

#include "wire/client_codec.h"

#define ARRAY      0x90 /* and the number of elements, up to 15 */
#define MAP_OF_ONE 0x81
#define REQUEST    0x00 /* the type */
#define GET_ARGS   2
#define FILL_ARGS  4
#define MANY_ARGS  2 /* of an mget, and of an mfill */
#define ENTRY_ARGS 3 /* of an mfill's entry */

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

/** One of two ops and its name. */
struct op_word {
    uint32_t op;
    const char *text;
    size_t len;
};

/** The op, by number or by name; one of two. */
static inline bool take_op(struct cursor *c, const struct op_word words[2], uint32_t *out)
{
    struct slice name;
    if (c->left > 0 && c->at[0] < 0x80) {
        *out = c->at[0];
        c->at++;
        c->left--;
        return *out == words[0].op || *out == words[1].op;
    }
    if (!take_text(c, words[0].len, words[1].len, &name))
        return false;
    const bool first = is_word(name, words[0].text, words[0].len);
    *out = words[!first].op;
    return first || is_word(name, words[1].text, words[1].len);
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

/** `[0, id, ` of a request. */
static inline bool take_id(struct cursor *c, uint32_t *out)
{
    uint64_t id;
    if (!take_this(c, ARRAY | 4) || !take_this(c, REQUEST) || !take_uint(c, UINT32_MAX, &id))
        return false;
    *out = (uint32_t)id;
    return true;
}

bool client_plain_read(const struct client_codec *c, struct slice frame, struct client_plain *out)
{
    static const struct op_word words[] = {{OP_GET, "get", 3}, {OP_FILL, "fill", 4}};
    struct cursor at = {.at = frame.at, .left = frame.len};
    *out = (struct client_plain){.id = 0};
    if (!take_id(&at, &out->id) || !take_op(&at, words, &out->op))
        return false;
    const bool taken = out->op == OP_GET ? take_this(&at, ARRAY | GET_ARGS) && take_ns_key(&at, out)
                                         : take_fill(&at, c->value_max, out);
    return taken && at.left == 0;
}

/* ---- many in one ---- */

/** The head of an array of 1 to max elements, in any of its forms. */
static bool take_array(struct cursor *c, uint64_t max, size_t *out)
{
    uint8_t lead;
    uint64_t n;
    if (!take_byte(c, &lead))
        return false;
    n = lead & 0x0F;
    if (lead >> 4 != ARRAY >> 4 &&
        (lead < 0xDC || lead > 0xDD || !take_word(c, (size_t)2 << (lead - 0xDC), &n)))
        return false;
    *out = (size_t)n;
    return n >= 1 && n <= max;
}

static bool take_keys(struct cursor *c, struct client_codec *codec, struct client_request *out)
{
    bool taken = take_array(c, CLIENT_MGET_MAX, &out->targets_n);
    for (size_t i = 0; taken && i < out->targets_n; i++)
        taken = take_text(c, 1, CLIENT_KEY_MAX, &codec->targets[i]);
    out->targets = codec->targets;
    return taken;
}

/** `[key, value, token]`, and perhaps `{ttl_ms: number}`. */
static bool take_entry(struct cursor *c, uint32_t value_max, struct client_fill *out)
{
    size_t n;
    *out = (struct client_fill){.ttl_ms = 0};
    return take_array(c, ENTRY_ARGS + 1, &n) && n >= ENTRY_ARGS &&
           take_text(c, 1, CLIENT_KEY_MAX, &out->key) && take_text(c, 0, value_max, &out->value) &&
           take_text(c, 1, CLIENT_TOKEN_MAX, &out->token) &&
           (n == ENTRY_ARGS || take_ttl(c, &out->ttl_ms));
}

static bool take_entries(struct cursor *c, struct client_codec *codec, struct client_request *out)
{
    bool taken = take_array(c, CLIENT_MFILL_MAX, &out->fills_n);
    for (size_t i = 0; taken && i < out->fills_n; i++)
        taken = take_entry(c, codec->value_max, &codec->fills[i]);
    out->fills = codec->fills;
    return taken;
}

bool client_plain_many(struct client_codec *c, struct slice frame, struct client_request *out)
{
    static const struct op_word words[] = {{OP_MGET, "mget", 4}, {OP_MFILL, "mfill", 5}};
    struct cursor at = {.at = frame.at, .left = frame.len};
    struct client_request request = {.id = 0};
    if (!take_id(&at, &request.id) || !take_op(&at, words, &request.op) ||
        !take_this(&at, ARRAY | MANY_ARGS) || !take_text(&at, 0, CLIENT_NS_MAX, &request.ns))
        return false;
    const bool taken =
        request.op == OP_MGET ? take_keys(&at, c, &request) : take_entries(&at, c, &request);
    if (!taken || at.left > 0)
        return false;
    *out = request;
    return true;
}
