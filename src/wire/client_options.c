#include "wire/client_args.h"
#include "wire/client_fault.h"

/** Where options go. */
struct target {
    struct client_fill *fill;
    struct client_request *request;
};

MUST_USE static enum err read_tags(const struct client_args *a, const msgpack_object *o,
                                   struct client_fill *fill)
{
    static const struct client_limit limit = {"TOO_MANY_TAGS", "entry", "tags", CLIENT_TAGS_MAX};
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

/** Only acknowledgement by this node exists; a caller that asks for more must not get less. */
MUST_USE static enum err read_ack(const struct client_args *a, const msgpack_object *o)
{
    struct slice level;
    if (client_arg_bytes(o, &level) && slice_eq(level, slice_text("local")))
        return OK;
    return client_arg_refuse(a, "ack", "\"local\": no other level is supported");
}

MUST_USE static enum err read_reason(const struct client_args *a, const msgpack_object *o,
                                     struct slice *out)
{
    static const struct client_limit limit = {"BAD_ARGS", "reason", "bytes", CLIENT_REASON_MAX};
    struct slice reason;
    if (!client_arg_bytes(o, &reason))
        return client_arg_refuse(a, "reason", "bin or str");
    const enum err err = client_limit_check(&limit, reason.len, a->fault);
    if (err == OK)
        *out = reason;
    return err;
}

MUST_USE static enum err read_proto(const struct client_args *a, const msgpack_object *o,
                                    uint32_t *out)
{
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER || o->via.u64 != CLIENT_PROTO)
        return client_arg_refuse(a, "proto", "1: no other protocol version is supported");
    *out = (uint32_t)o->via.u64;
    return OK;
}

MUST_USE static enum err read_option(const struct client_args *a, uint8_t option,
                                     const msgpack_object *o, const struct target *to)
{
    switch (option) {
    case OPTION_TTL_MS:
        return client_arg_ttl(a, o, &to->fill->ttl_ms);
    case OPTION_TAGS:
        return read_tags(a, o, to->fill);
    case OPTION_TOKEN:
        return client_arg_token(a, o, &to->fill->token);
    case OPTION_ACK:
        return read_ack(a, o);
    case OPTION_REASON:
        return read_reason(a, o, &to->request->reason);
    default:
        return read_proto(a, o, &to->request->proto);
    }
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
    uint8_t seen = 0;
    if (map->type != MSGPACK_OBJECT_MAP)
        return client_arg_refuse(a, "the last argument", "a map of options");
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        struct slice name;
        if (!client_arg_bytes(&pair->key, &name))
            return client_arg_refuse(a, "an option's name", "str");
        const uint8_t option = client_option_named(name);
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
