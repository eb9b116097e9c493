/**
 * wire/client_args.h - single arguments and options of requests, with every type and limit checked.
 *
 * Private to `wire`. Each reader takes one msgpack object and gives OK, or ERR_MALFORMED or ERR_LIMIT
 * with the fault that tells the client; *out is unchanged on errors. Slices are lent from the frame.
 */
#pragma once

#include "wire/client_codec.h"
#include "wire/client_op.h"

/** What reading one request needs at hand. */
struct client_args {
    struct client_codec *codec;
    const struct client_op_spec *spec;
    struct client_fault *fault;
};

/** A str or bin of any length. false for other types, and *out is unchanged. */
bool client_arg_bytes(const msgpack_object *o, struct slice *out);

/** A namespace: 0 to 64 bytes. */
MUST_USE enum err client_arg_ns(const struct client_args *a, const msgpack_object *o,
                                struct slice *out);

/** A key: 1 to 1,024 bytes. */
MUST_USE enum err client_arg_key(const struct client_args *a, const msgpack_object *o,
                                 struct slice *out);

/** A tag: 1 to 128 bytes. */
MUST_USE enum err client_arg_tag(const struct client_args *a, const msgpack_object *o,
                                 struct slice *out);

/** A prefix that something is invalidated by: 1 to 1,024 bytes. */
MUST_USE enum err client_arg_prefix(const struct client_args *a, const msgpack_object *o,
                                    struct slice *out);

/** The prefix of a subscription: nil (empty) or 0 to 1,024 bytes. */
MUST_USE enum err client_arg_filter(const struct client_args *a, const msgpack_object *o,
                                    struct slice *out);

/** A value: at most the codec's value limit. */
MUST_USE enum err client_arg_value(const struct client_args *a, const msgpack_object *o,
                                   struct slice *out);

/** The token of a fill: 1 to 64 bytes; nil and empty are NO_TOKEN. */
MUST_USE enum err client_arg_token(const struct client_args *a, const msgpack_object *o,
                                   struct slice *out);

/** The name of a client program: 0 to 64 bytes. */
MUST_USE enum err client_arg_client(const struct client_args *a, const msgpack_object *o,
                                    struct slice *out);

/** A stamp: CLIENT_STAMP_LEN bytes. what names it: "stamp", "txn". */
MUST_USE enum err client_arg_stamp(const struct client_args *a, const msgpack_object *o,
                                   const char *what, struct slice *out);

/** 1 to CLIENT_AFTER_MAX stamps, one behind the other. */
MUST_USE enum err client_arg_stamps(const struct client_args *a, const msgpack_object *o,
                                    struct slice *out);

/** A time to live in milliseconds, 0 = none. */
MUST_USE enum err client_arg_ttl(const struct client_args *a, const msgpack_object *o,
                                 uint64_t *out);

/** Refuse an argument of the wrong type: BAD_ARGS, "WHAT must be WANTED". Returns: ERR_MALFORMED. */
MUST_USE enum err client_arg_refuse(const struct client_args *a, const char *what,
                                    const char *wanted);

/**
 * An option map, within what a->spec allows: ttl_ms, tags and token go to fill, the rest to request.
 *
 * Errors: also ERR_UNKNOWN (an option that this op does not have). fill and request may be half
 *         written on errors.
 */
MUST_USE enum err client_args_options(const struct client_args *a, const msgpack_object *map,
                                      struct client_fill *fill, struct client_request *request);
