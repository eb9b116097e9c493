/**
 * wire/client_answer.h - the results that a client reads, as plain values.
 *
 * What a node sent is hostile too. Elements behind those of this version are skipped, so that later
 * versions may add some. Never allocates beyond the codec; slices are lent from the result.
 */
#pragma once

#include "wire/client.h"

/** The result of a fill: `[stored, reason or nil]`. */
struct client_stored {
    bool stored;
    struct slice reason; /* empty when stored */
};

/** Decode the result of a fill. Errors: ERR_MALFORMED, and *out is unchanged. Lends from result. */
MUST_USE enum err client_stored_decode(struct client_codec *c, struct slice result,
                                       struct client_stored *out);

#define CLIENT_ACKED_MAX 1024 /* names that are told of one acks; more are left out */

/** The result of a put, invalidate, begin, commit or abort: `[stamp, acks]`, of a begin also tokens. */
struct client_acked {
    struct slice stamp;      /* of a begin: its txn */
    struct client_ack level; /* what was waited for; ACK_DEFAULT = a level of a later version */
    bool reached;
    const struct slice *applied; /* names; lent from the codec */
    size_t applied_n;
    const struct slice *missing;
    size_t missing_n;
    const struct slice *tokens; /* of a begin: one for each target, empty = none; from the codec */
    size_t tokens_n;
};

/** Decode such a result. Errors: ERR_MALFORMED, and *out is unchanged. Lends from result and c until
 *  the next decode. */
MUST_USE enum err client_acked_decode(struct client_codec *c, struct slice result,
                                      struct client_acked *out);

/** The result of a dry run, `[nil, {matches, bytes}]`. */
struct client_dry_run {
    uint64_t matches; /* entries of this node that the invalidation would have concerned */
    uint64_t bytes;   /* their keys and values */
};

/** Decode the result of a dry run. Errors: ERR_MALFORMED, and *out is unchanged. */
MUST_USE enum err client_dry_run_decode(struct client_codec *c, struct slice result,
                                        struct client_dry_run *out);

/** The result of a touch. Errors: ERR_MALFORMED, and *out is unchanged. */
MUST_USE enum err client_bool_decode(struct client_codec *c, struct slice result, bool *out);

/** What an `invalidated` push tells. */
struct client_event {
    struct slice ns;
    enum client_scope scope;
    struct slice target; /* empty for namespace and all */
    struct slice stamp;
};

/** Decode the arguments of an `invalidated` push; a scope of a later version is told as SCOPE_ALL.
 *  Errors: ERR_MALFORMED, and *out is unchanged. Lends from args. */
MUST_USE enum err client_event_decode(struct client_codec *c, struct slice args,
                                      struct client_event *out);

/** Decode the result of a hello with a claim. Errors: ERR_MALFORMED, also for the result of a hello that
 *  was not challenged; *out is unchanged. Lends from result. */
MUST_USE enum err client_challenge_decode(struct client_codec *c, struct slice result,
                                          struct client_challenge *out);
