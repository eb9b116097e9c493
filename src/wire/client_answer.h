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

/** The stamp in the result of a put or invalidate, `[stamp, acks]`. Errors: ERR_MALFORMED. */
MUST_USE enum err client_stamp_decode(struct client_codec *c, struct slice result,
                                      struct slice *stamp);

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
