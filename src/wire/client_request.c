#include <assert.h>

#include "wire/client_args.h"
#include "wire/client_fault.h"

#define REQUEST_TYPE   0
#define REQUEST_FIELDS 4 /* [0, id, op, args] */

/** The frame cannot be answered with an id, and what follows it cannot be trusted. */
MUST_USE static enum err refuse_frame(struct client_fault *fault, const char *text)
{
    *fault = (struct client_fault){.close = true};
    return client_fault_plain(fault, "MALFORMED", text);
}

/** Refuse what is no msgpack, or more than a request can need. */
MUST_USE static enum err refuse_bytes(struct client_fault *fault, enum err err)
{
    const enum err malformed = refuse_frame(
        fault, err == ERR_LIMIT ? "frame has over 4,096 values or 8 levels; these are the limits"
                                : "frame is not exactly one msgpack value without extensions");
    return err == ERR_LIMIT ? err : malformed;
}

/** The four fields of a request; sets the fault's id. */
MUST_USE static enum err read_envelope(struct client_codec *c, struct slice frame,
                                       const msgpack_object **fields, struct client_fault *fault)
{
    msgpack_object o;
    const enum err err = object_decode_whole(&c->room, frame, &o);
    if (err != OK)
        return refuse_bytes(fault, err);
    if (o.type != MSGPACK_OBJECT_ARRAY || o.via.array.size != REQUEST_FIELDS)
        return refuse_frame(fault, "request is not an array of four: [0, id, op, args]");
    const msgpack_object *at = o.via.array.ptr;
    assert(at != NULL);
    if (at[0].type != MSGPACK_OBJECT_POSITIVE_INTEGER || at[0].via.u64 != REQUEST_TYPE)
        return refuse_frame(fault, "message type is not 0: nodes take requests only");
    if (at[1].type != MSGPACK_OBJECT_POSITIVE_INTEGER || at[1].via.u64 > UINT32_MAX)
        return refuse_frame(fault, "id is not an unsigned integer up to 4,294,967,295");
    *fault = (struct client_fault){.has_id = true, .id = (uint32_t)at[1].via.u64};
    *fields = at;
    return OK;
}

MUST_USE static enum err read_op(const msgpack_object *o, struct client_fault *fault,
                                 const struct client_op_spec **out)
{
    struct slice name = {0};
    const bool number = o->type == MSGPACK_OBJECT_POSITIVE_INTEGER;
    if (!number && !client_arg_bytes(o, &name))
        return client_fault_plain(fault, "UNKNOWN_OP", "op is neither a name nor a number");
    *out = number ? client_op_find(o->via.u64) : client_op_named(name);
    if (*out != NULL)
        return OK;
    client_fault_begin(fault, "UNKNOWN_OP");
    client_fault_say(fault, "unknown op ");
    if (number)
        client_fault_say_number(fault, o->via.u64);
    else
        client_fault_say_quoted(fault, name);
    return ERR_UNKNOWN;
}

/** Refuse a wrong number of arguments, telling the right ones. */
MUST_USE static enum err refuse_count(const struct client_args *a, uint64_t n)
{
    client_fault_begin(a->fault, "BAD_ARGS");
    client_fault_say(a->fault, a->spec->name);
    client_fault_say(a->fault, " takes ");
    client_fault_say(a->fault, a->spec->args);
    client_fault_say(a->fault, " and an optional map; ");
    client_fault_say_number(a->fault, n);
    client_fault_say(a->fault, " given");
    return ERR_MALFORMED;
}

/** Entries of a list within its limit, and at least one. */
MUST_USE static enum err check_list(const struct client_args *a, const msgpack_object *o,
                                    const struct client_limit *limit)
{
    if (o->type != MSGPACK_OBJECT_ARRAY)
        return client_arg_refuse(a, limit->unit, "an array");
    if (o->via.array.size > 0)
        return client_limit_check(limit, o->via.array.size, a->fault);
    client_fault_begin(a->fault, "NO_TARGETS");
    client_fault_say(a->fault, limit->what);
    client_fault_say(a->fault, " has 0 ");
    client_fault_say(a->fault, limit->unit);
    client_fault_say(a->fault, "; the least is 1");
    return ERR_MALFORMED;
}

MUST_USE static enum err read_ns_key(const struct client_args *a, const msgpack_object *at,
                                     struct client_request *out)
{
    const enum err err = client_arg_ns(a, &at[0], &out->ns);
    return err == OK ? client_arg_key(a, &at[1], &out->fill.key) : err;
}

MUST_USE static enum err read_put(const struct client_args *a, const msgpack_object *at,
                                  struct client_request *out)
{
    const enum err err = read_ns_key(a, at, out);
    return err == OK ? client_arg_value(a, &at[2], &out->fill.value) : err;
}

MUST_USE static enum err read_fill(const struct client_args *a, const msgpack_object *at,
                                   struct client_request *out)
{
    const enum err err = read_put(a, at, out);
    return err == OK ? client_arg_token(a, &at[3], &out->fill.token) : err;
}

MUST_USE static enum err read_touch(const struct client_args *a, const msgpack_object *at,
                                    struct client_request *out)
{
    const enum err err = read_ns_key(a, at, out);
    return err == OK ? client_arg_ttl(a, &at[2], &out->fill.ttl_ms) : err;
}

MUST_USE static enum err read_mget(const struct client_args *a, const msgpack_object *at,
                                   struct client_request *out)
{
    static const struct client_limit limit = {"TOO_MANY_TARGETS", "mget", "keys", CLIENT_MGET_MAX};
    enum err err = client_arg_ns(a, &at[0], &out->ns);
    if (err == OK)
        err = check_list(a, &at[1], &limit);
    if (err != OK)
        return err;
    out->targets = a->codec->targets;
    out->targets_n = at[1].via.array.size;
    for (size_t i = 0; i < out->targets_n && err == OK; i++)
        err = client_arg_key(a, &at[1].via.array.ptr[i], &a->codec->targets[i]);
    return err;
}

/** One entry of an mfill, `[key, value, token, {options}]`: a fill without its namespace. */
MUST_USE static enum err read_entry(const struct client_args *a, const msgpack_object *o,
                                    struct client_fill *out)
{
    const struct client_args inner = {a->codec, client_op_find(OP_FILL), a->fault};
    struct client_request unused;
    if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size < 3 || o->via.array.size > 4)
        return client_arg_refuse(a, "an entry", "[key, value, token] and an optional map");
    const msgpack_object *at = o->via.array.ptr;
    *out = (struct client_fill){0};
    enum err err = client_arg_key(a, &at[0], &out->key);
    if (err == OK)
        err = client_arg_value(a, &at[1], &out->value);
    if (err == OK)
        err = client_arg_token(a, &at[2], &out->token);
    if (err == OK && o->via.array.size == 4)
        err = client_args_options(&inner, &at[3], out, &unused);
    return err;
}

MUST_USE static enum err read_mfill(const struct client_args *a, const msgpack_object *at,
                                    struct client_request *out)
{
    static const struct client_limit limit = {"TOO_MANY_TARGETS", "mfill", "entries",
                                              CLIENT_MFILL_MAX};
    enum err err = client_arg_ns(a, &at[0], &out->ns);
    if (err == OK)
        err = check_list(a, &at[1], &limit);
    if (err != OK)
        return err;
    out->fills = a->codec->fills;
    out->fills_n = at[1].via.array.size;
    for (size_t i = 0; i < out->fills_n && err == OK; i++)
        err = read_entry(a, &at[1].via.array.ptr[i], &a->codec->fills[i]);
    return err;
}

/** One target, by the rule of its scope. */
MUST_USE static enum err read_target(const struct client_args *a, enum client_scope scope,
                                     const msgpack_object *o, struct slice *out)
{
    if (scope == SCOPE_TAG || scope == SCOPE_TAGS_ALL)
        return client_arg_tag(a, o, out);
    if (scope == SCOPE_PREFIX)
        return client_arg_prefix(a, o, out);
    return client_arg_key(a, o, out);
}

MUST_USE static enum err read_targets(const struct client_args *a, const msgpack_object *o,
                                      struct client_request *out)
{
    const bool together = out->scope == SCOPE_TAGS_ALL;
    const struct client_limit limit = {"TOO_MANY_TARGETS", together ? "tags_all" : a->spec->name,
                                       "targets",
                                       together ? CLIENT_TAGS_ALL_MAX : CLIENT_TARGETS_MAX};
    enum err err = check_list(a, o, &limit);
    if (err == OK && together && o->via.array.size < CLIENT_TAGS_ALL_MIN)
        err =
            client_fault_plain(a->fault, "BAD_ARGS",
                               "tags_all has 1 target; the least is 2: for one use scope \"tag\"");
    if (err != OK)
        return err;
    out->targets = a->codec->targets;
    out->targets_n = o->via.array.size;
    for (size_t i = 0; i < out->targets_n && err == OK; i++)
        err = read_target(a, out->scope, &o->via.array.ptr[i], &a->codec->targets[i]);
    return err;
}

static bool is_empty(const msgpack_object *o)
{
    return o->type == MSGPACK_OBJECT_NIL ||
           (o->type == MSGPACK_OBJECT_ARRAY && o->via.array.size == 0);
}

MUST_USE static enum err read_invalidate(const struct client_args *a, const msgpack_object *at,
                                         struct client_request *out)
{
    struct slice word;
    const enum err err = client_arg_ns(a, &at[0], &out->ns);
    if (err != OK)
        return err;
    if (!client_arg_bytes(&at[1], &word) || !client_scope_named(word, &out->scope))
        return client_arg_refuse(
            a, "scope", "\"key\", \"tag\", \"tags_all\", \"prefix\", \"namespace\" or \"all\"");
    if (out->scope != SCOPE_NAMESPACE && out->scope != SCOPE_ALL)
        return read_targets(a, &at[2], out);
    if (!is_empty(&at[2]))
        return client_arg_refuse(a, "targets", "[] for the scopes \"namespace\" and \"all\"");
    return OK;
}

/** An intent is about keys: what it holds back are the fills of these. */
MUST_USE static enum err read_begin(const struct client_args *a, const msgpack_object *at,
                                    struct client_request *out)
{
    struct slice word;
    const enum err err = client_arg_ns(a, &at[0], &out->ns);
    if (err != OK)
        return err;
    if (!client_arg_bytes(&at[1], &word) || !client_scope_named(word, &out->scope) ||
        out->scope != SCOPE_KEY)
        return client_arg_refuse(a, "scope", "\"key\": a begin knows no other");
    return read_targets(a, &at[2], out);
}

/** One filter of a subscription, `[ns, prefix or nil]`, into a pair of slices. */
MUST_USE static enum err read_filter(const struct client_args *a, const msgpack_object *o,
                                     struct slice pair[2])
{
    if (o->type != MSGPACK_OBJECT_ARRAY || o->via.array.size != 2)
        return client_arg_refuse(a, "a filter", "[ns, prefix or nil]");
    const enum err err = client_arg_ns(a, &o->via.array.ptr[0], &pair[0]);
    return err == OK ? client_arg_filter(a, &o->via.array.ptr[1], &pair[1]) : err;
}

/** Filters up to the option map. Leaving out all of them is for unsubscribe alone: it means all. */
MUST_USE static enum err read_filters(const struct client_args *a, const msgpack_object *list,
                                      struct client_request *out)
{
    const struct client_limit limit = {"TOO_MANY_TARGETS", a->spec->name, "filters",
                                       CLIENT_SUBSCRIPTIONS_MAX};
    enum err err = OK;
    if (list->via.array.size > 0 || out->op == OP_SUBSCRIBE)
        err = check_list(a, list, &limit);
    if (err != OK)
        return err;
    out->filters = a->codec->filters;
    out->filters_n = list->via.array.size;
    for (size_t i = 0; i < out->filters_n && err == OK; i++)
        err = read_filter(a, &list->via.array.ptr[i], &a->codec->filters[2 * i]);
    return err;
}

/** The positional arguments of an op with a fixed number of them. */
MUST_USE static enum err read_positional(const struct client_args *a, const msgpack_object *at,
                                         struct client_request *out)
{
    switch (out->op) {
    case OP_HELLO:
        return client_arg_client(a, &at[0], &out->client);
    case OP_GET:
        return read_ns_key(a, at, out);
    case OP_FILL:
        return read_fill(a, at, out);
    case OP_PUT:
        return read_put(a, at, out);
    case OP_INVALIDATE:
        return read_invalidate(a, at, out);
    case OP_TOUCH:
        return read_touch(a, at, out);
    case OP_MGET:
        return read_mget(a, at, out);
    case OP_MFILL:
        return read_mfill(a, at, out);
    case OP_TRACE:
        return client_arg_stamp(a, &at[0], "stamp", &out->stamp);
    case OP_BEGIN:
        return read_begin(a, at, out);
    case OP_COMMIT:
    case OP_ABORT:
        return client_arg_stamp(a, &at[0], "txn", &out->stamp);
    default:
        return OK; /* ping and the documents */
    }
}

/** The arguments: positions, then perhaps a map of options as the last one. */
MUST_USE static enum err read_args(const struct client_args *a, const msgpack_object *o,
                                   struct client_request *out)
{
    if (o->type != MSGPACK_OBJECT_ARRAY)
        return client_arg_refuse(a, "args", "an array");
    msgpack_object list = *o;
    const uint32_t n = o->via.array.size;
    const bool any = a->spec->args_n == ARGS_ANY;
    const bool map = any ? n > 0 && o->via.array.ptr[n - 1].type == MSGPACK_OBJECT_MAP
                         : n == a->spec->args_n + 1U;
    if (!any && !map && n != a->spec->args_n)
        return refuse_count(a, n);
    list.via.array.size = map ? n - 1 : n;
    const enum err err =
        any ? read_filters(a, &list, out) : read_positional(a, list.via.array.ptr, out);
    if (err != OK || !map)
        return err;
    return client_args_options(a, &o->via.array.ptr[n - 1], &out->fill, out);
}

/** Refuse an option that goes with other scopes only. */
MUST_USE static enum err refuse_pair(struct client_fault *fault, const char *option,
                                     const char *scopes, enum client_scope scope)
{
    client_fault_begin(fault, "BAD_OPTION");
    client_fault_say(fault, option);
    client_fault_say(fault, " goes with scope ");
    client_fault_say(fault, scopes);
    client_fault_say(fault, ", not with ");
    client_fault_say_quoted(fault, slice_text(client_scope_text(scope)));
    return ERR_MALFORMED;
}

/** Options and scopes that have no meaning together. */
MUST_USE static enum err check_pairs(const struct client_request *q, struct client_fault *fault)
{
    if (q->op != OP_INVALIDATE)
        return OK;
    if (q->soft && (q->scope == SCOPE_PREFIX || q->scope == SCOPE_TAGS_ALL))
        return refuse_pair(fault, "soft", "\"key\", \"tag\", \"namespace\" or \"all\"", q->scope);
    if (q->fill.has_version && q->scope != SCOPE_KEY)
        return refuse_pair(fault, "version", "\"key\"", q->scope);
    return OK;
}

enum err client_request_decode(struct client_codec *c, struct slice frame,
                               struct client_request *out, struct client_fault *fault)
{
    const msgpack_object *fields = NULL;
    struct client_args a = {.codec = c, .fault = fault};
    enum err err = read_envelope(c, frame, &fields, fault);
    if (err != OK)
        return err;
    assert(fields != NULL);
    err = read_op(&fields[2], fault, &a.spec);
    if (err != OK)
        return err;
    assert(a.spec != NULL);
    struct client_request request = {.id = fault->id, .op = a.spec->op};
    err = read_args(&a, &fields[3], &request);
    if (err == OK)
        err = check_pairs(&request, fault);
    if (err == OK)
        *out = request;
    return err;
}
