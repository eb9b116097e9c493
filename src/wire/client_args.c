#include "wire/client_args.h"

#include "wire/client_fault.h"

bool client_arg_bytes(const msgpack_object *o, struct slice *out)
{
    const bool text = o->type == MSGPACK_OBJECT_STR;
    if (!text && o->type != MSGPACK_OBJECT_BIN)
        return false;
    const uint32_t len = text ? o->via.str.size : o->via.bin.size;
    const char *at = text ? o->via.str.ptr : o->via.bin.ptr;
    *out = len == 0 ? (struct slice){0} : slice_of(at, len);
    return true;
}

enum err client_arg_refuse(const struct client_args *a, const char *what, const char *wanted)
{
    client_fault_begin(a->fault, "BAD_ARGS");
    client_fault_say(a->fault, what);
    client_fault_say(a->fault, " must be ");
    client_fault_say(a->fault, wanted);
    return ERR_MALFORMED;
}

/** Bytes within a limit. */
MUST_USE static enum err read_limited(const struct client_args *a, const msgpack_object *o,
                                      const struct client_limit *limit, struct slice *out)
{
    struct slice bytes;
    if (!client_arg_bytes(o, &bytes))
        return client_arg_refuse(a, limit->what, "bin or str");
    const enum err err = client_limit_check(limit, bytes.len, a->fault);
    if (err == OK)
        *out = bytes;
    return err;
}

enum err client_arg_ns(const struct client_args *a, const msgpack_object *o, struct slice *out)
{
    return read_limited(
        a, o, &(struct client_limit){"NS_TOO_LONG", "namespace", "bytes", CLIENT_NS_MAX}, out);
}

/** Bytes within a limit, and not empty: `empty` is the fault's name and text then. */
MUST_USE static enum err read_filled(const struct client_args *a, const msgpack_object *o,
                                     const struct client_limit *limit, const char *const empty[2],
                                     struct slice *out)
{
    struct slice bytes;
    const enum err err = read_limited(a, o, limit, &bytes);
    if (err != OK)
        return err;
    if (bytes.len == 0)
        return client_fault_plain(a->fault, empty[0], empty[1]);
    *out = bytes;
    return OK;
}

enum err client_arg_key(const struct client_args *a, const msgpack_object *o, struct slice *out)
{
    static const struct client_limit limit = {"KEY_TOO_LONG", "key", "bytes", CLIENT_KEY_MAX};
    static const char *const empty[] = {"KEY_EMPTY", "key has 0 bytes; the least is 1"};
    return read_filled(a, o, &limit, empty, out);
}

enum err client_arg_tag(const struct client_args *a, const msgpack_object *o, struct slice *out)
{
    static const struct client_limit limit = {"TAG_TOO_LONG", "tag", "bytes", CLIENT_TAG_MAX};
    static const char *const empty[] = {"TAG_EMPTY", "tag has 0 bytes; the least is 1"};
    return read_filled(a, o, &limit, empty, out);
}

static const struct client_limit PREFIX_LIMIT = {"KEY_TOO_LONG", "prefix", "bytes", CLIENT_KEY_MAX};

enum err client_arg_prefix(const struct client_args *a, const msgpack_object *o, struct slice *out)
{
    static const char *const empty[] = {
        "PREFIX_EMPTY", "prefix has 0 bytes; to invalidate all keys use scope \"namespace\""};
    return read_filled(a, o, &PREFIX_LIMIT, empty, out);
}

enum err client_arg_filter(const struct client_args *a, const msgpack_object *o, struct slice *out)
{
    if (o->type != MSGPACK_OBJECT_NIL)
        return read_limited(a, o, &PREFIX_LIMIT, out);
    *out = (struct slice){0};
    return OK;
}

enum err client_arg_value(const struct client_args *a, const msgpack_object *o, struct slice *out)
{
    const struct client_limit limit = {"VALUE_TOO_LONG", "value", "bytes", a->codec->value_max};
    return read_limited(a, o, &limit, out);
}

enum err client_arg_token(const struct client_args *a, const msgpack_object *o, struct slice *out)
{
    static const struct client_limit limit = {"BAD_TOKEN", "token", "bytes", CLIENT_TOKEN_MAX};
    static const char *const empty[] = {
        "NO_TOKEN", "a fill needs the token of a get that missed; to write without one, use put"};
    if (o->type == MSGPACK_OBJECT_NIL)
        return client_fault_plain(a->fault, empty[0], empty[1]);
    return read_filled(a, o, &limit, empty, out);
}

enum err client_arg_client(const struct client_args *a, const msgpack_object *o, struct slice *out)
{
    static const struct client_limit limit = {"BAD_ARGS", "client name", "bytes", CLIENT_NAME_MAX};
    return read_limited(a, o, &limit, out);
}

/** Refuse bytes that are no stamp: "WHAT has N bytes; it must have WANTED". */
MUST_USE static enum err refuse_stamp(const struct client_args *a, const char *what, uint64_t n,
                                      const char *wanted)
{
    client_fault_begin(a->fault, "BAD_STAMP");
    client_fault_say(a->fault, what);
    client_fault_say(a->fault, " has ");
    client_fault_say_number(a->fault, n);
    client_fault_say(a->fault, " bytes; it must have ");
    client_fault_say(a->fault, wanted);
    return ERR_MALFORMED;
}

enum err client_arg_stamp(const struct client_args *a, const msgpack_object *o, const char *what,
                          struct slice *out)
{
    struct slice bytes;
    if (!client_arg_bytes(o, &bytes))
        return client_arg_refuse(a, what, "bin or str");
    if (bytes.len != CLIENT_STAMP_LEN)
        return refuse_stamp(a, what, bytes.len, "24");
    *out = bytes;
    return OK;
}

enum err client_arg_stamps(const struct client_args *a, const msgpack_object *o, struct slice *out)
{
    struct slice bytes;
    if (!client_arg_bytes(o, &bytes))
        return client_arg_refuse(a, "after", "bin or str");
    const size_t n = bytes.len / CLIENT_STAMP_LEN;
    if (bytes.len % CLIENT_STAMP_LEN != 0 || n == 0 || n > CLIENT_AFTER_MAX)
        return refuse_stamp(a, "after", bytes.len, "24 for each of 1 to 8 stamps");
    *out = bytes;
    return OK;
}

/** An unsigned integer within a limit. */
MUST_USE static enum err read_number(const struct client_args *a, const msgpack_object *o,
                                     const struct client_limit *limit, uint64_t *out)
{
    if (o->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return client_arg_refuse(a, limit->what, "an unsigned integer");
    const enum err err = client_limit_check(limit, o->via.u64, a->fault);
    if (err == OK)
        *out = o->via.u64;
    return err;
}

enum err client_arg_ttl(const struct client_args *a, const msgpack_object *o, uint64_t *out)
{
    static const struct client_limit limit = {"BAD_ARGS", "ttl_ms", "ms", CLIENT_TTL_MS_MAX};
    return read_number(a, o, &limit, out);
}
