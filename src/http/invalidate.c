#include "http/invalidate.h"

#include <stdio.h>
#include <string.h>

#include "http/json.h"
#include "node/command.h"
#include "wire/client_fault.h"

#define WANTED_AIM "one of key, keys, tags, tags_all, prefix, namespace, all"

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
static const struct client_limit TAGS_ALL_LIMIT = {"TOO_MANY_TARGETS", "tags_all", "targets",
                                                   CLIENT_TAGS_ALL_MAX};
static const struct client_limit ACK_LIMIT = {"BAD_OPTION", "ack", "nodes", CLIENT_ACK_K_MAX};
static const struct client_limit TIMEOUT_LIMIT = {"BAD_OPTION", "timeout_ms", "ms",
                                                  CLIENT_ACK_MS_MAX};

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
    {"tags_all", SCOPE_TAGS_ALL, &TAG_LIMIT, "TAG_EMPTY", true},
};

/** What reading needs at hand. */
struct reading {
    const struct hkey *hkey;
    struct http_invalidate *out;
    struct client_fault *fault;
    struct slice ns;
    bool soft;
    bool has_version;
    uint64_t version;
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

/** A text that is aimed at: within its limit, and not empty. */
MUST_USE static enum err read_target(const struct aim *aim, const json_t *value, struct slice *out,
                                     struct client_fault *fault)
{
    const enum err err = read_text(value, aim->limit, out, fault);
    if (err != OK || out->len > 0)
        return err;
    client_fault_begin(fault, aim->empty);
    client_fault_say(fault, aim->limit->what);
    client_fault_say(fault, " has 0 bytes; the least is 1");
    return ERR_LIMIT;
}

MUST_USE static enum err add_text(struct reading *r, const struct aim *aim, const json_t *value)
{
    struct slice target;
    const enum err err = read_target(aim, value, &target, r->fault);
    if (err == OK)
        add(r, aim, target);
    return err;
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

/** One aim of many tags, not one for each. */
MUST_USE static enum err add_tags_all(struct reading *r, const struct aim *aim, const json_t *array)
{
    struct slice tags[CLIENT_TAGS_ALL_MAX];
    const size_t n = json_array_size(array);
    if (!json_is_array(array) || n < CLIENT_TAGS_ALL_MIN)
        return refuse(r->fault, aim->member, "an array of at least 2 strings; for one use tags");
    enum err err = client_limit_check(&TAGS_ALL_LIMIT, n, r->fault);
    for (size_t i = 0; err == OK && i < n; i++)
        err = read_target(aim, json_array_get(array, i), &tags[i], r->fault);
    if (err == OK)
        r->out->targets[r->out->targets_n++] = command_target_tags(r->hkey, r->ns, tags, n);
    return err;
}

MUST_USE static enum err add_aim(struct reading *r, const struct aim *aim, const json_t *value)
{
    static const struct slice whole; /* a namespace, or everything, has no target of its own */
    if (aim->scope == SCOPE_TAGS_ALL)
        return add_tags_all(r, aim, value);
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

/** A number from 1 to the limit. */
MUST_USE static enum err read_number(const json_t *value, const struct client_limit *limit,
                                     uint64_t *out, struct client_fault *fault)
{
    const json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < 0)
        return refuse(fault, limit->what, "an unsigned integer");
    *out = (uint64_t)n;
    if (n > 0)
        return client_limit_check(limit, *out, fault);
    client_fault_begin(fault, limit->name);
    client_fault_say(fault, limit->what);
    client_fault_say(fault, " has 0 ");
    client_fault_say(fault, limit->unit);
    client_fault_say(fault, "; the least is 1");
    return ERR_LIMIT;
}

/** A word, or a number of other nodes. */
MUST_USE static enum err read_ack(struct reading *r, const json_t *value)
{
    static const enum client_ack_level WORDS[] = {ACK_LOCAL, ACK_QUORUM, ACK_ALL, ACK_FENCED};
    struct client_ack *ack = &r->out->ack;
    uint64_t k = 0;
    for (size_t i = 0; json_is_string(value) && i < ARRAY_LEN(WORDS); i++) {
        if (!slice_eq(text_of(value), slice_text(client_ack_text(WORDS[i]))))
            continue;
        *ack = (struct client_ack){.level = WORDS[i]};
        return OK;
    }
    if (!json_is_integer(value))
        return refuse(r->fault, "ack",
                      "\"local\", \"quorum\", \"all\", \"fenced\" or a number of other nodes");
    const enum err err = read_number(value, &ACK_LIMIT, &k, r->fault);
    *ack = (struct client_ack){.level = ACK_NODES, .k = (uint32_t)k};
    return err;
}

MUST_USE static enum err read_timeout(struct reading *r, const json_t *value)
{
    uint64_t ms = 0;
    const enum err err = read_number(value, &TIMEOUT_LIMIT, &ms, r->fault);
    r->out->timeout_us = ms * US_PER_MS;
    return err;
}

MUST_USE static enum err read_soft(struct reading *r, const json_t *value)
{
    if (!json_is_boolean(value))
        return refuse(r->fault, "soft", "true or false");
    r->soft = json_is_true(value);
    return OK;
}

MUST_USE static enum err read_version(struct reading *r, const json_t *value)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return refuse(r->fault, "version", "an integer of at least 0");
    r->has_version = true;
    r->version = (uint64_t)json_integer_value(value);
    return OK;
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
        return read_ack(r, value);
    if (strcmp(member, "timeout_ms") == 0)
        return read_timeout(r, value);
    if (strcmp(member, "soft") == 0)
        return read_soft(r, value);
    if (strcmp(member, "version") == 0)
        return read_version(r, value);
    client_fault_begin(r->fault, "BAD_OPTION");
    client_fault_say(r->fault, "unknown member ");
    client_fault_say_quoted(r->fault, slice_text(member));
    client_fault_say(r->fault, "; known: key, keys, tags, tags_all, prefix, namespace, all, ns, "
                               "ack, timeout_ms, soft, version, reason");
    return ERR_UNKNOWN;
}

/** What the options say of every target, as far as this way to aim has such a form. */
MUST_USE static enum err qualify(struct reading *r, const struct aim *aim)
{
    if (r->has_version && aim->scope != SCOPE_KEY)
        return refuse(r->fault, "the target of a version", "key or keys");
    if (r->soft && (aim->scope == SCOPE_PREFIX || aim->scope == SCOPE_TAGS_ALL))
        return refuse(r->fault, "the target of soft", "key, keys, tags, namespace or all");
    for (size_t i = 0; i < r->out->targets_n; i++) {
        struct node_target *t = &r->out->targets[i];
        t->soft = r->soft;
        t->has_version = r->has_version;
        t->version = r->version;
    }
    return OK;
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
            err = refuse(r->fault, "the target", WANTED_AIM);
        } else {
            aim = named;
            aimed_at = json_object_iter_value(i);
        }
    }
    if (err != OK)
        return err;
    if (aim == NULL)
        return refuse(r->fault, "the target", WANTED_AIM);
    err = add_aim(r, aim, aimed_at);
    r->out->ns = r->ns;
    return err == OK ? qualify(r, aim) : err;
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
    out->ack = (struct client_ack){.level = ACK_DEFAULT};
    out->timeout_us = CLIENT_ACK_MS * US_PER_MS;
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

static json_t *names_of(const struct slice *names, size_t n)
{
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(out, http_json_text(names[i]));
    return out;
}

static json_t *level_of(struct client_ack ack)
{
    const char *word = client_ack_text(ack.level);
    return word != NULL ? json_string(word) : json_integer((json_int_t)ack.k);
}

json_t *http_invalidate_answer(const struct hkey *hkey, const struct node_reply *reply)
{
    const struct stamp stamp = {.epoch = reply->epoch, .seq = reply->seq, .count = reply->count};
    return json_pack("{s:o, s:{s:o, s:b, s:o, s:o}}", "stamp", http_json_stamp(hkey, &stamp),
                     "acks", "level", level_of(reply->ack), "reached", (int)reply->reached,
                     "applied", names_of(reply->applied, reply->applied_n), "missing",
                     names_of(reply->missing, reply->missing_n));
}
