#include <assert.h>

#include "base/attr.h"
#include "wire/client_args.h"
#include "wire/client_fault.h"

/** Where options go. */
struct target {
    struct client_fill *fill;
    struct client_request *request;
};

/** Refuse the value of an option: "NAME must be WANTED". */
MUST_USE static enum err refuse_value(const struct client_args *a, const char *name,
                                      const char *wanted)
{
    const enum err err = client_arg_refuse(a, name, wanted);
    a->fault->name = "BAD_OPTION";
    return err;
}

/** Refuse a number: "NAME has N UNIT; the least is LEAST". */
MUST_USE static enum err refuse_least(const struct client_args *a, const struct client_limit *limit,
                                      uint64_t n, uint64_t least)
{
    client_fault_begin(a->fault, limit->name);
    client_fault_say(a->fault, limit->what);
    client_fault_say(a->fault, " has ");
    client_fault_say_number(a->fault, n);
    client_fault_say(a->fault, " ");
    client_fault_say(a->fault, limit->unit);
    client_fault_say(a->fault, "; the least is ");
    client_fault_say_number(a->fault, least);
    return ERR_LIMIT;
}

/** A number from least to the limit. */
MUST_USE static enum err read_number(const struct client_args *a, const msgpack_object *o,
                                     const struct client_limit *limit, uint64_t least,
                                     uint64_t *out)
{
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return refuse_value(a, limit->what, "an unsigned integer");
    const enum err err = client_limit_check(limit, o->via.u64, a->fault);
    if (err != OK)
        return err;
    if (o->via.u64 < least)
        return refuse_least(a, limit, o->via.u64, least);
    *out = o->via.u64;
    return OK;
}

/** The same, where the limit is below 2^32. */
MUST_USE static enum err read_small(const struct client_args *a, const msgpack_object *o,
                                    const struct client_limit *limit, uint64_t least, uint32_t *out)
{
    uint64_t value = 0;
    const enum err err = read_number(a, o, limit, least, &value);
    if (err == OK)
        *out = (uint32_t)value;
    return err;
}

MUST_USE static enum err read_truth(const struct client_args *a, const char *name,
                                    const msgpack_object *o, bool *out)
{
    if (o->type != MSGPACK_OBJECT_BOOLEAN)
        return refuse_value(a, name, "true or false");
    *out = o->via.boolean;
    return OK;
}

/* ---- options of what is stored ---- */

MUST_USE static enum err read_ttl(const struct client_args *a, const msgpack_object *o,
                                  const struct target *to)
{
    return client_arg_ttl(a, o, &to->fill->ttl_ms);
}

MUST_USE static enum err read_fresh(const struct client_args *a, const msgpack_object *o,
                                    const struct target *to)
{
    static const struct client_limit limit = {"BAD_OPTION", "fresh_ms", "ms", CLIENT_TTL_MS_MAX};
    return read_number(a, o, &limit, 0, &to->fill->fresh_ms);
}

MUST_USE static enum err read_tags(const struct client_args *a, const msgpack_object *o,
                                   const struct target *to)
{
    static const struct client_limit limit = {"TOO_MANY_TAGS", "entry", "tags", CLIENT_TAGS_MAX};
    struct client_fill *fill = to->fill;
    if (o->type != MSGPACK_OBJECT_ARRAY)
        return client_arg_refuse(a, "tags", "an array of bin or str");
    enum err err = client_limit_check(&limit, o->via.array.size, a->fault);
    if (err != OK)
        return err;
    fill->tags_n = o->via.array.size;
    for (size_t i = 0; i < fill->tags_n && err == OK; i++)
        err = client_arg_tag(a, &o->via.array.ptr[i], &fill->tags[i]);
    return err;
}

MUST_USE static enum err read_token(const struct client_args *a, const msgpack_object *o,
                                    const struct target *to)
{
    return client_arg_token(a, o, &to->fill->token);
}

MUST_USE static enum err read_version(const struct client_args *a, const msgpack_object *o,
                                      const struct target *to)
{
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return refuse_value(a, "version", "an unsigned integer");
    to->fill->has_version = true;
    to->fill->version = o->via.u64;
    return OK;
}

/* ---- options of what is issued ---- */

/** A word, or a number of other nodes. */
MUST_USE static enum err read_ack(const struct client_args *a, const msgpack_object *o,
                                  const struct target *to)
{
    static const struct client_limit limit = {"BAD_OPTION", "ack", "nodes", CLIENT_ACK_K_MAX};
    struct client_ack *ack = &to->request->ack;
    struct slice word;
    if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER) {
        ack->level = ACK_NODES;
        return read_small(a, o, &limit, 1, &ack->k);
    }
    if (client_arg_bytes(o, &word) && client_ack_named(word, &ack->level))
        return OK;
    return refuse_value(a, "ack",
                        "\"local\", \"quorum\", \"all\", \"fenced\" or 1 to 1,023 other nodes");
}

/** How long acks are waited for; of a begin, how long it lasts. */
MUST_USE static enum err read_timeout(const struct client_args *a, const msgpack_object *o,
                                      const struct target *to)
{
    const bool intent = a->spec->op == OP_BEGIN;
    const struct client_limit limit = {"BAD_OPTION", "timeout_ms", "ms",
                                       intent ? CLIENT_INTENT_MS_MAX : CLIENT_ACK_MS_MAX};
    return read_small(a, o, &limit, 1, &to->request->timeout_ms);
}

MUST_USE static enum err read_txn(const struct client_args *a, const msgpack_object *o,
                                  const struct target *to)
{
    return client_arg_stamp(a, o, "txn", &to->request->stamp);
}

MUST_USE static enum err read_soft(const struct client_args *a, const msgpack_object *o,
                                   const struct target *to)
{
    return read_truth(a, "soft", o, &to->request->soft);
}

MUST_USE static enum err read_dry_run(const struct client_args *a, const msgpack_object *o,
                                      const struct target *to)
{
    return read_truth(a, "dry_run", o, &to->request->dry_run);
}

MUST_USE static enum err read_reason(const struct client_args *a, const msgpack_object *o,
                                     const struct target *to)
{
    static const struct client_limit limit = {"BAD_ARGS", "reason", "bytes", CLIENT_REASON_MAX};
    struct slice reason;
    if (!client_arg_bytes(o, &reason))
        return client_arg_refuse(a, "reason", "bin or str");
    const enum err err = client_limit_check(&limit, reason.len, a->fault);
    if (err == OK)
        to->request->reason = reason;
    return err;
}

/* ---- options of what is read ---- */

MUST_USE static enum err read_after(const struct client_args *a, const msgpack_object *o,
                                    const struct target *to)
{
    return client_arg_stamps(a, o, &to->request->read.after);
}

MUST_USE static enum err read_stale(const struct client_args *a, const msgpack_object *o,
                                    const struct target *to)
{
    return read_truth(a, "stale", o, &to->request->read.stale);
}

MUST_USE static enum err read_wait(const struct client_args *a, const msgpack_object *o,
                                   const struct target *to)
{
    static const struct client_limit limit = {"BAD_OPTION", "wait_ms", "ms", CLIENT_WAIT_MS_MAX};
    return read_small(a, o, &limit, 0, &to->request->read.wait_ms);
}

MUST_USE static enum err read_within(const struct client_args *a, const msgpack_object *o,
                                     const struct target *to)
{
    static const struct client_limit limit = {"BAD_OPTION", "within_ms", "ms",
                                              CLIENT_WITHIN_MS_MAX};
    return read_small(a, o, &limit, 1, &to->request->read.within_ms);
}

/* ---- one option, and all of them ---- */

MUST_USE static enum err read_proto(const struct client_args *a, const msgpack_object *o,
                                    const struct target *to)
{
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 != CLIENT_PROTO)
        return client_arg_refuse(a, "proto", "1: no other protocol version is supported");
    to->request->proto = (uint32_t)o->via.u64;
    return OK;
}

/** A nonce with an id behind it, or a proof. */
MUST_USE static enum err read_auth(const struct client_args *a, const msgpack_object *o,
                                   const struct target *to)
{
    struct slice auth;
    if (o->type != MSGPACK_OBJECT_BIN || !client_arg_bytes(o, &auth) ||
        auth.len < CLIENT_NONCE_LEN || auth.len > CLIENT_AUTH_MAX)
        return refuse_value(a, "auth", "a bin of 32 to 64 bytes");
    to->request->auth = auth;
    return OK;
}

/** The public half of what the client drew for this connection. */
MUST_USE static enum err read_share(const struct client_args *a, const msgpack_object *o,
                                    const struct target *to)
{
    struct slice share;
    if (o->type != MSGPACK_OBJECT_BIN || !client_arg_bytes(o, &share) ||
        share.len != CLIENT_SHARE_LEN)
        return refuse_value(a, "share", "a bin of 32 bytes");
    to->request->share = share;
    return OK;
}

/** Reads one option's value to where it belongs. */
typedef enum err option_reader(const struct client_args *a, const msgpack_object *o,
                               const struct target *to);

static const struct {
    uint32_t option;
    option_reader *read;
} READERS[] = {
    {OPTION_TTL_MS, read_ttl},         {OPTION_FRESH_MS, read_fresh},
    {OPTION_TAGS, read_tags},          {OPTION_TOKEN, read_token},
    {OPTION_VERSION, read_version},    {OPTION_ACK, read_ack},
    {OPTION_TIMEOUT_MS, read_timeout}, {OPTION_SOFT, read_soft},
    {OPTION_DRY_RUN, read_dry_run},    {OPTION_REASON, read_reason},
    {OPTION_PROTO, read_proto},        {OPTION_AFTER, read_after},
    {OPTION_STALE, read_stale},        {OPTION_WAIT_MS, read_wait},
    {OPTION_WITHIN_MS, read_within},   {OPTION_TXN, read_txn},
    {OPTION_AUTH, read_auth},          {OPTION_SHARE, read_share},
};

MUST_USE static enum err read_option(const struct client_args *a, uint32_t option,
                                     const msgpack_object *o, const struct target *to)
{
    size_t i = 0;
    while (READERS[i].option != option) {
        i++;
        assert(i < ARRAY_LEN(READERS));
    }
    return READERS[i].read(a, o, to);
}

/** Refuse an option by its name. */
MUST_USE static enum err refuse_option(const struct client_args *a, struct slice name)
{
    client_fault_begin(a->fault, "UNKNOWN_OPTION");
    client_fault_say(a->fault, a->spec->name);
    client_fault_say(a->fault, " has no option ");
    client_fault_say_quoted(a->fault, name);
    return ERR_UNKNOWN;
}

MUST_USE static enum err refuse_repeated(const struct client_args *a, struct slice name)
{
    client_fault_begin(a->fault, "BAD_ARGS");
    client_fault_say(a->fault, "option ");
    client_fault_say_quoted(a->fault, name);
    client_fault_say(a->fault, " is given twice");
    return ERR_MALFORMED;
}

enum err client_args_options(const struct client_args *a, const msgpack_object *map,
                             struct client_fill *fill, struct client_request *request)
{
    const struct target to = {.fill = fill, .request = request};
    uint32_t seen = 0;
    if (map->type != MSGPACK_OBJECT_MAP)
        return client_arg_refuse(a, "the last argument", "a map of options");
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        struct slice name;
        if (!client_arg_bytes(&pair->key, &name))
            return client_arg_refuse(a, "an option's name", "str");
        const uint32_t option = client_option_named(name);
        if ((option & a->spec->options) == 0)
            return refuse_option(a, name);
        if ((option & seen) != 0)
            return refuse_repeated(a, name);
        seen |= option;
        const enum err err = read_option(a, option, &pair->val, &to);
        if (err != OK)
            return err;
    }
    return OK;
}
