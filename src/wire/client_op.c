#include "wire/client_op.h"

#include <assert.h>
#include <stddef.h>

#define STORE_OPTIONS (OPTION_TTL_MS | OPTION_TAGS)

static const struct client_op_spec SPECS[] = {
    {"hello", "[client]", OP_HELLO, 1, OPTION_PROTO},
    {"ping", "[]", OP_PING, 0, 0},
    {"get", "[ns, key]", OP_GET, 2, 0},
    {"fill", "[ns, key, value, token]", OP_FILL, 4, STORE_OPTIONS},
    {"put", "[ns, key, value]", OP_PUT, 3, STORE_OPTIONS | OPTION_TOKEN | OPTION_ACK},
    {"invalidate", "[ns, scope, targets]", OP_INVALIDATE, 3, OPTION_ACK | OPTION_REASON},
    {"touch", "[ns, key, ttl_ms]", OP_TOUCH, 3, 0},
    {"mget", "[ns, keys]", OP_MGET, 2, 0},
    {"mfill", "[ns, [[key, value, token]...]]", OP_MFILL, 2, 0},
    {"subscribe", "[[ns, prefix or nil]...]", OP_SUBSCRIBE, ARGS_ANY, 0},
    {"unsubscribe", "[[ns, prefix or nil]...]", OP_UNSUBSCRIBE, ARGS_ANY, 0},
    {"members", "[]", OP_MEMBERS, 0, 0},
    {"stats", "[]", OP_STATS, 0, 0},
    {"node", "[]", OP_NODE, 0, 0},
    {"vectors", "[]", OP_VECTORS, 0, 0},
};

/** A word of the protocol and what it stands for. */
struct word {
    const char *text;
    uint8_t value;
};

static const struct word OPTIONS[] = {
    {"ttl_ms", OPTION_TTL_MS}, {"tags", OPTION_TAGS},     {"token", OPTION_TOKEN},
    {"ack", OPTION_ACK},       {"reason", OPTION_REASON}, {"proto", OPTION_PROTO},
};

static const struct word SCOPES[] = {
    {"key", SCOPE_KEY},       {"tag", SCOPE_TAG},
    {"prefix", SCOPE_PREFIX}, {"namespace", SCOPE_NAMESPACE},
    {"all", SCOPE_ALL},
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

/** The value of a word; 0 when words does not have it. */
static uint8_t value_of(const struct word *words, size_t n, struct slice text)
{
    for (size_t i = 0; i < n; i++) {
        if (slice_eq(slice_text(words[i].text), text))
            return words[i].value;
    }
    return 0;
}

uint8_t client_option_named(struct slice name)
{
    return value_of(OPTIONS, ARRAY_LEN(OPTIONS), name);
}

bool client_scope_named(struct slice word, enum client_scope *out)
{
    const uint8_t scope = value_of(SCOPES, ARRAY_LEN(SCOPES), word);
    if (scope == 0)
        return false;
    *out = (enum client_scope)scope;
    return true;
}

const char *client_scope_text(enum client_scope scope)
{
    assert(scope >= SCOPE_KEY && scope <= SCOPE_ALL);
    return SCOPES[scope - SCOPE_KEY].text;
}
