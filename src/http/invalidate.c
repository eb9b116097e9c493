#include "http/invalidate.h"

#include <stdio.h>
#include <string.h>

#include "http/json.h"
#include "node/command.h"
#include "wire/client_fault.h"

/* Bodies have at most 64 KiB, and targets are flat. */
#define LOAD_FLAGS (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)

static const struct client_limit KEY_LIMIT = {"KEY_TOO_LONG", "key", "bytes", CLIENT_KEY_MAX};
static const struct client_limit TAG_LIMIT = {"TAG_TOO_LONG", "tag", "bytes", CLIENT_TAG_MAX};
static const struct client_limit PREFIX_LIMIT = {"KEY_TOO_LONG", "prefix", "bytes", CLIENT_KEY_MAX};
static const struct client_limit NS_LIMIT = {"NS_TOO_LONG", "namespace", "bytes", CLIENT_NS_MAX};
static const struct client_limit REASON_LIMIT = {"REASON_TOO_LONG", "reason", "bytes",
                                                 CLIENT_REASON_MAX};
static const struct client_limit TARGETS_LIMIT = {"TOO_MANY_TARGETS", "invalidate", "targets",
                                                  CLIENT_TARGETS_MAX};

/** One way to say what is aimed at. */
struct aim {
    const char *member;
    enum client_scope scope;
    const struct client_limit *limit; /* NULL: the member is `true`, there is no text */
    const char *empty;                /* the error's name when the text is empty */
    bool many;                        /* an array of texts */
};

static const struct aim AIMS[] = {
    {"key", SCOPE_KEY, &KEY_LIMIT, "KEY_EMPTY", false},
    {"keys", SCOPE_KEY, &KEY_LIMIT, "KEY_EMPTY", true},
    {"tags", SCOPE_TAG, &TAG_LIMIT, "TAG_EMPTY", true},
    {"prefix", SCOPE_PREFIX, &PREFIX_LIMIT, "PREFIX_EMPTY", false},
    {"namespace", SCOPE_NAMESPACE, NULL, NULL, false},
    {"all", SCOPE_ALL, NULL, NULL, false},
};

/** What reading needs at hand. */
struct reading {
    const struct hkey *hkey;
    struct http_invalidate *out;
    struct client_fault *fault;
    struct slice ns;
};

MUST_USE static enum err refuse(struct client_fault *fault, const char *what, const char *wanted)
{
    client_fault_begin(fault, "BAD_ARGS");
    client_fault_say(fault, what);
    client_fault_say(fault, " must be ");
    client_fault_say(fault, wanted);
    return ERR_MALFORMED;
}

static struct slice text_of(const json_t *value)
{
    return slice_of(json_string_value(value), json_string_length(value));
}

MUST_USE static enum err read_text(const json_t *value, const struct client_limit *limit,
                                   struct slice *out, struct client_fault *fault)
{
    if (!json_is_string(value))
        return refuse(fault, limit->what, "a string");
    *out = text_of(value);
    return client_limit_check(limit, out->len, fault);
}

static void add(struct reading *r, const struct aim *aim, struct slice target)
{
    struct http_invalidate *out = r->out;
    out->targets[out->targets_n++] = command_target(r->hkey, aim->scope, r->ns, target);
}

MUST_USE static enum err add_text(struct reading *r, const struct aim *aim, const json_t *value)
{
    struct slice target;
    const enum err err = read_text(value, aim->limit, &target, r->fault);
    if (err != OK)
        return err;
    if (target.len == 0) {
        client_fault_begin(r->fault, aim->empty);
        client_fault_say(r->fault, aim->limit->what);
        client_fault_say(r->fault, " has 0 bytes; the least is 1");
        return ERR_LIMIT;
    }
    add(r, aim, target);
    return OK;
}

MUST_USE static enum err add_texts(struct reading *r, const struct aim *aim, const json_t *array)
{
    if (!json_is_array(array) || json_array_size(array) == 0)
        return refuse(r->fault, aim->member, "an array of at least one string");
    const size_t n = json_array_size(array);
    enum err err = client_limit_check(&TARGETS_LIMIT, n, r->fault);
    for (size_t i = 0; err == OK && i < n; i++)
        err = add_text(r, aim, json_array_get(array, i));
    return err;
}

MUST_USE static enum err add_aim(struct reading *r, const struct aim *aim, const json_t *value)
{
    static const struct slice whole; /* a namespace, or everything, has no target of its own */
    if (aim->many)
        return add_texts(r, aim, value);
    if (aim->limit != NULL)
        return add_text(r, aim, value);
    if (!json_is_true(value))
        return refuse(r->fault, aim->member, "true");
    add(r, aim, whole);
    return OK;
}

static const struct aim *aim_named(const char *member)
{
    for (size_t i = 0; i < ARRAY_LEN(AIMS); i++) {
        if (strcmp(AIMS[i].member, member) == 0)
            return &AIMS[i];
    }
    return NULL;
}

MUST_USE static enum err check_ack(const json_t *value, struct client_fault *fault)
{
    if (json_is_string(value) && slice_eq(text_of(value), slice_text("local")))
        return OK;
    client_fault_begin(fault, "BAD_OPTION");
    client_fault_say(fault, "this version acknowledges at level \"local\" only");
    return ERR_UNKNOWN;
}

/** Members that are not targets. ERR_UNKNOWN without a fault text: not one of them. */
MUST_USE static enum err read_option(struct reading *r, const char *member, const json_t *value)
{
    struct slice reason;
    if (strcmp(member, "ns") == 0)
        return read_text(value, &NS_LIMIT, &r->ns, r->fault);
    if (strcmp(member, "reason") == 0)
        return read_text(value, &REASON_LIMIT, &reason, r->fault);
    if (strcmp(member, "ack") == 0)
        return check_ack(value, r->fault);
    if (strcmp(member, "timeout_ms") == 0) /* a local acknowledgement is there at once */
        return json_integer_value(value) > 0 ? OK
                                             : refuse(r->fault, member, "an integer of at least 1");
    client_fault_begin(r->fault, "BAD_OPTION");
    client_fault_say(r->fault, "unknown member ");
    client_fault_say_quoted(r->fault, slice_text(member));
    client_fault_say(r->fault, "; known: key, keys, tags, prefix, namespace, all, ns, ack, "
                               "timeout_ms, reason");
    return ERR_UNKNOWN;
}

/** Options first: every target needs the namespace. */
MUST_USE static enum err read_members(struct reading *r)
{
    const struct aim *aim = NULL;
    const json_t *aimed_at = NULL;
    enum err err = OK;
    void *i = json_object_iter(r->out->root);
    for (; err == OK && i != NULL; i = json_object_iter_next(r->out->root, i)) {
        const struct aim *named = aim_named(json_object_iter_key(i));
        if (named == NULL) {
            err = read_option(r, json_object_iter_key(i), json_object_iter_value(i));
        } else if (aim != NULL) {
            err = refuse(r->fault, "the target", "one of key, keys, tags, prefix, namespace, all");
        } else {
            aim = named;
            aimed_at = json_object_iter_value(i);
        }
    }
    if (err != OK)
        return err;
    if (aim == NULL)
        return refuse(r->fault, "the target", "one of key, keys, tags, prefix, namespace, all");
    return add_aim(r, aim, aimed_at);
}

MUST_USE static enum err load(struct slice body, struct http_invalidate *out,
                              struct client_fault *fault)
{
    json_error_t error;
    out->root =
        json_loadb(body.len == 0 ? "" : (const char *)body.at, body.len, LOAD_FLAGS, &error);
    if (json_is_object(out->root))
        return OK;
    client_fault_begin(fault, "BAD_JSON");
    if (out->root != NULL)
        client_fault_say(fault, "the body must be a JSON object");
    else
        (void)snprintf(fault->text, sizeof fault->text, "the body is no JSON: line %d: %.100s",
                       error.line, error.text);
    return ERR_MALFORMED;
}

enum err http_invalidate_read(const struct hkey *hkey, struct slice body,
                              struct http_invalidate *out, struct client_fault *fault)
{
    struct reading r = {.hkey = hkey, .out = out, .fault = fault};
    out->targets_n = 0;
    enum err err = load(body, out, fault);
    if (err == OK)
        err = read_members(&r);
    if (err != OK)
        http_invalidate_fini(out);
    return err;
}

void http_invalidate_fini(struct http_invalidate *i)
{
    json_decref(i->root);
    i->root = NULL;
}

json_t *http_invalidate_answer(const struct hkey *hkey, struct slice node,
                               const struct node_reply *reply)
{
    uint8_t bytes[STAMP_LEN];
    char hex[2 * STAMP_LEN + 1];
    const struct stamp stamp = {.epoch = reply->epoch, .seq = reply->seq, .count = reply->count};
    stamp_write(hkey, &stamp, bytes);
    for (size_t i = 0; i < STAMP_LEN; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return json_pack("{s:s, s:{s:s, s:b, s:[o], s:[]}}", "stamp", hex, "acks", "level", "local",
                     "reached", 1, "applied", http_json_text(node), "missing");
}
