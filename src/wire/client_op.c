#include "wire/client_op.h"

#include <assert.h>
#include <stddef.h>

#define STORE_OPTIONS (OPTION_TTL_MS | OPTION_FRESH_MS | OPTION_TAGS | OPTION_VERSION)
#define READ_OPTIONS  (OPTION_AFTER | OPTION_STALE | OPTION_WAIT_MS | OPTION_WITHIN_MS)
#define ACK_OPTIONS   (OPTION_ACK | OPTION_TIMEOUT_MS)
#define AIM_OPTIONS   (OPTION_SOFT | OPTION_VERSION | OPTION_REASON | OPTION_DRY_RUN)

static const struct client_op_spec SPECS[] = {
    {"hello", "[client]", OP_HELLO, 1, 0, OPTION_PROTO | OPTION_AUTH | OPTION_SHARE},
    {"ping", "[]", OP_PING, 0, 0, 0},
    {"get", "[ns, key]", OP_GET, 2, RIGHT_READ, READ_OPTIONS},
    {"fill", "[ns, key, value, token]", OP_FILL, 4, RIGHT_WRITE, STORE_OPTIONS},
    {"put", "[ns, key, value]", OP_PUT, 3, RIGHT_WRITE,
     STORE_OPTIONS | OPTION_TOKEN | OPTION_TXN | ACK_OPTIONS},
    {"invalidate", "[ns, scope, targets]", OP_INVALIDATE, 3, RIGHT_INVALIDATE,
     AIM_OPTIONS | ACK_OPTIONS},
    {"touch", "[ns, key, ttl_ms]", OP_TOUCH, 3, RIGHT_WRITE, 0},
    {"mget", "[ns, keys]", OP_MGET, 2, RIGHT_READ, READ_OPTIONS},
    {"mfill", "[ns, [[key, value, token]...]]", OP_MFILL, 2, RIGHT_WRITE, 0},
    {"subscribe", "[[ns, prefix or nil]...]", OP_SUBSCRIBE, ARGS_ANY, RIGHT_READ, 0},
    {"unsubscribe", "[[ns, prefix or nil]...]", OP_UNSUBSCRIBE, ARGS_ANY, RIGHT_READ, 0},
    {"members", "[]", OP_MEMBERS, 0, RIGHT_ADMIN, 0},
    {"stats", "[]", OP_STATS, 0, RIGHT_ADMIN, 0},
    {"node", "[]", OP_NODE, 0, RIGHT_ADMIN, 0},
    {"vectors", "[]", OP_VECTORS, 0, RIGHT_ADMIN, 0},
    {"trace", "[stamp]", OP_TRACE, 1, RIGHT_ADMIN, 0},
    {"namespaces", "[]", OP_NAMESPACES, 0, RIGHT_ADMIN, 0},
    {"begin", "[ns, \"key\", targets]", OP_BEGIN, 3, RIGHT_WRITE, ACK_OPTIONS},
    {"commit", "[txn]", OP_COMMIT, 1, RIGHT_WRITE, ACK_OPTIONS},
    {"abort", "[txn]", OP_ABORT, 1, RIGHT_WRITE, 0},
    {"matrix", "[]", OP_MATRIX, 0, RIGHT_ADMIN, 0},
};

/** A word of the protocol and what it stands for. */
struct word {
    const char *text;
    uint32_t value;
};

static const struct word OPTIONS[] = {
    {"ttl_ms", OPTION_TTL_MS},   {"fresh_ms", OPTION_FRESH_MS},   {"tags", OPTION_TAGS},
    {"token", OPTION_TOKEN},     {"version", OPTION_VERSION},     {"ack", OPTION_ACK},
    {"reason", OPTION_REASON},   {"proto", OPTION_PROTO},         {"soft", OPTION_SOFT},
    {"dry_run", OPTION_DRY_RUN}, {"after", OPTION_AFTER},         {"stale", OPTION_STALE},
    {"wait_ms", OPTION_WAIT_MS}, {"within_ms", OPTION_WITHIN_MS}, {"timeout_ms", OPTION_TIMEOUT_MS},
    {"txn", OPTION_TXN},         {"auth", OPTION_AUTH},           {"share", OPTION_SHARE},
};

static const struct word SCOPES[] = {
    {"key", SCOPE_KEY},       {"tag", SCOPE_TAG},
    {"prefix", SCOPE_PREFIX}, {"namespace", SCOPE_NAMESPACE},
    {"all", SCOPE_ALL},       {"tags_all", SCOPE_TAGS_ALL},
};

static const struct word ACKS[] = {
    {"local", ACK_LOCAL},
    {"quorum", ACK_QUORUM},
    {"all", ACK_ALL},
    {"fenced", ACK_FENCED},
};

const struct client_op_spec *client_op_find(uint64_t op)
{
    for (size_t i = 0; i < ARRAY_LEN(SPECS); i++) {
        if (SPECS[i].op == op)
            return &SPECS[i];
    }
    return NULL;
}

const struct client_op_spec *client_op_named(struct slice name)
{
    for (size_t i = 0; i < ARRAY_LEN(SPECS); i++) {
        if (slice_eq(slice_text(SPECS[i].name), name))
            return &SPECS[i];
    }
    return NULL;
}

const char *client_op_text(uint32_t op)
{
    const struct client_op_spec *spec = client_op_find(op);
    return spec == NULL ? NULL : spec->name;
}

uint8_t client_op_needs(uint32_t op)
{
    const struct client_op_spec *spec = client_op_find(op);
    return spec == NULL ? RIGHTS_ALL : spec->needs;
}

/** The value of a word; 0 when words does not have it. */
static uint32_t value_of(const struct word *words, size_t n, struct slice text)
{
    for (size_t i = 0; i < n; i++) {
        if (slice_eq(slice_text(words[i].text), text))
            return words[i].value;
    }
    return 0;
}

/** The word of a value; NULL when words does not have it. */
static const char *text_of(const struct word *words, size_t n, uint32_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (words[i].value == value)
            return words[i].text;
    }
    return NULL;
}

uint32_t client_option_named(struct slice name)
{
    return value_of(OPTIONS, ARRAY_LEN(OPTIONS), name);
}

const char *client_option_text(uint32_t option)
{
    return text_of(OPTIONS, ARRAY_LEN(OPTIONS), option);
}

bool client_scope_named(struct slice word, enum client_scope *out)
{
    const uint32_t scope = value_of(SCOPES, ARRAY_LEN(SCOPES), word);
    if (scope == 0)
        return false;
    *out = (enum client_scope)scope;
    return true;
}

const char *client_scope_text(enum client_scope scope)
{
    const char *text = text_of(SCOPES, ARRAY_LEN(SCOPES), (uint32_t)scope);
    assert(text != NULL);
    return text;
}

bool client_ack_named(struct slice word, enum client_ack_level *out)
{
    const uint32_t level = value_of(ACKS, ARRAY_LEN(ACKS), word);
    if (level == 0)
        return false;
    *out = (enum client_ack_level)level;
    return true;
}

const char *client_ack_text(enum client_ack_level level)
{
    return text_of(ACKS, ARRAY_LEN(ACKS), (uint32_t)level);
}
