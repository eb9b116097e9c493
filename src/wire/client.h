/**
 * wire/client.h - the client protocol: requests, replies and pushes as plain structs and as bytes.
 *
 * A frame is `u32 big-endian length` and one msgpack array: request `[0, id, op, args]`, reply
 * `[1, id, error or nil, result or nil]`, push `[2, op, args]`. op is a name or its number; args is an
 * array whose last element may be an option map; unknown options are an error, never ignored.
 * Replies use bin for keys, values and tags. The specification is proto/client.md.
 * Never decides what a request means: that is node/command.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/slice.h"
#include "wire/client_words.h"

/** One fill, put, or element of an mfill. */
struct client_fill {
    struct slice key;
    struct slice value;
    struct slice token; /* fill: mandatory; put: optional */
    uint64_t ttl_ms;    /* 0 = none given */
    uint64_t fresh_ms;  /* after this time the value is out of date; 0 = none given */
    bool has_version;
    uint64_t version; /* of the source, larger is newer */
    struct slice tags[CLIENT_TAGS_MAX];
    size_t tags_n;
};

/** How a get or mget may be answered. All zero: as by default. */
struct client_read {
    struct slice after; /* 1 to CLIENT_AFTER_MAX stamps, one behind the other; empty = none */
    bool stale;         /* a value that is out of date is welcome */
    uint32_t wait_ms;   /* wait this long for somebody else's fill */
    uint32_t within_ms; /* not older than this, as a majority can show; 0 = not asked */
};

/** One request. Slices are lent from the frame. Which fields count follows from op. */
struct client_request {
    uint32_t id;
    uint32_t op;
    struct slice ns;
    struct slice client;     /* HELLO: name of the client program */
    uint32_t proto;          /* HELLO: wanted protocol, 0 when not given */
    struct slice auth;       /* HELLO: a claim or a proof, or empty */
    struct slice share;      /* HELLO: CLIENT_SHARE_LEN bytes, or empty: what follows is plain */
    struct client_fill fill; /* FILL, PUT; GET and TOUCH use fill.key; TOUCH fill.ttl_ms;
                                  * INVALIDATE with SCOPE_KEY fill.version */
    struct client_read read; /* GET, MGET: for all keys alike */
    enum client_scope scope; /* INVALIDATE; BEGIN: SCOPE_KEY */
    const struct slice *targets; /* INVALIDATE, BEGIN targets, MGET keys: lent from the codec */
    size_t targets_n;
    bool soft;             /* INVALIDATE: mark instead of kill; SCOPE_KEY, TAG, NAMESPACE, ALL */
    bool dry_run;          /* INVALIDATE: only tell what it would concern on this node */
    struct client_ack ack; /* PUT, INVALIDATE, BEGIN, COMMIT */
    uint32_t timeout_ms;   /* PUT, INVALIDATE, COMMIT: longest wait for ack; BEGIN: life of the
                            * intent; 0 = not given: CLIENT_ACK_MS, CLIENT_INTENT_MS */
    struct slice stamp;    /* TRACE, COMMIT, ABORT: CLIENT_STAMP_LEN bytes; PUT: of the txn that it
                            * ends for its key, or empty */
    const struct client_fill *fills; /* MFILL: lent from the codec */
    size_t fills_n;
    struct slice reason;         /* INVALIDATE: free text, at most 255 bytes, or empty */
    const struct slice *filters; /* SUBSCRIBE: pairs ns, prefix; lent from the codec */
    size_t filters_n;            /* number of pairs */
};

/** Why a request was refused: a protocol error name and a text naming value and limit. */
struct client_fault {
    bool close; /* the frame could not be parsed: answer with id nil and close */
    bool has_id;
    uint32_t id;      /* when has_id */
    const char *name; /* "KEY_TOO_LONG"; static */
    char text[160];
};

/** A decoder of requests with the memory that it needs, taken once; one per thread. */
struct client_codec;

/** Make a decoder for values up to value_max bytes; NULL when the arena is too small. */
struct client_codec *client_codec_new(struct arena *arena, uint32_t value_max);

/** Release the zone that msgpack-c allocated. */
void client_codec_free(struct client_codec *c);

/**
 * Find the first whole frame in bytes.
 *
 * bytes:   hostile, from the socket.
 * Errors:  ERR_SHORT (*need is the number of bytes that the frame will have in all, or 4), ERR_LIMIT
 *          (declared length over value limit + CLIENT_FRAME_EXTRA, told from the first 4 bytes; *fault
 *          says so).
 * Lends:   *frame (without its length) from bytes.
 */
MUST_USE enum err client_frame(const struct client_codec *c, struct slice bytes,
                               struct slice *frame, size_t *need, struct client_fault *fault);

/**
 * Decode one frame as a request: scan, msgpack-c, then every type and limit.
 *
 * Errors:  ERR_MALFORMED, ERR_LIMIT, ERR_UNKNOWN (op or option); *fault tells the client.
 * Lends:   *out from frame and c until the next decode.
 */
MUST_USE enum err client_request_decode(struct client_codec *c, struct slice frame,
                                        struct client_request *out, struct client_fault *fault);

/* ---- requests, written by clients ---- */

/** Append one request frame, length included. Errors: the writer's sticky ERR_SPACE. */
void client_request_encode(struct writer *w, const struct client_request *request);

/* ---- replies and pushes, written by the node: each appends one whole frame, length included ---- */

void client_reply_error(struct writer *w, const struct client_fault *fault); /**< error reply */

/** Is this whole reply, as one of these functions wrote it, an error? Asserts that it is one's. */
bool client_reply_is_error(struct slice reply);

void client_reply_text(struct writer *w, uint32_t id, struct slice text); /**< result: str */
void client_reply_bool(struct writer *w, uint32_t id, bool value);        /**< result: bool */

/** What a get answers: `[status, value or nil, token or nil, info or nil]`. */
struct client_got {
    enum client_status status;
    struct slice value; /* HIT, STALE */
    struct slice token; /* all but HIT; empty = nil */
    uint64_t age_ms;    /* HIT, STALE: info map */
    uint64_t ttl_ms;    /* HIT, STALE: UINT64_MAX = no ttl */
    bool has_version;   /* HIT, STALE */
    uint64_t version;
    bool has_proof; /* any: a majority showed that nothing newer was known proof_ms ago */
    uint64_t proof_ms;
};

void client_reply_get(struct writer *w, uint32_t id, const struct client_got *got); /**< get */

/** mget: begin a reply of n gets, then write each; the frame's length is set by _end. */
size_t client_reply_many_begin(struct writer *w, uint32_t id, size_t n);
void client_reply_many_get(struct writer *w, const struct client_got *got); /**< one get of mget */
/** one `[stored, reason or nil]` of mfill; reason NULL = stored */
void client_reply_many_fill(struct writer *w, const char *reason);
void client_reply_many_end(struct writer *w, size_t mark); /**< mark: what _begin returned */

/** `[stored, reason or nil]` of a fill; reason NULL = stored. */
void client_reply_fill(struct writer *w, uint32_t id, const char *reason);

/** `[stamp, acks]` of put, invalidate, commit and abort, acks = {level, reached, applied, missing}. */
struct client_acks {
    struct slice stamp;
    struct client_ack level; /* not ACK_DEFAULT: the level that was waited for */
    bool reached;
    const struct slice *applied; /* names */
    size_t applied_n;
    const struct slice *missing;
    size_t missing_n;
};

/** acks. At most CLIENT_ACKS_MAX bytes and CLIENT_ACKS_NAME_MAX for each name. */
void client_reply_acks(struct writer *w, uint32_t id, const struct client_acks *acks);

/**
 * `[txn, acks, [token...]]` of a begin; acks->stamp is the txn.
 *
 * tokens: tokens_n of them, in the order of the request's targets, taken before the caller can change
 *         its source: what a put with `txn` and `token` wants. An empty one is told as nil.
 * Room:   CLIENT_ACKS_MAX, and CLIENT_BEGUN_TOKEN_MAX for each token.
 */
void client_reply_begin(struct writer *w, uint32_t id, const struct client_acks *acks,
                        const struct slice *tokens, size_t tokens_n);

/** `[nil, {matches, bytes}]` of an invalidate with dry_run: entries, and bytes of keys and values. */
void client_reply_dry_run(struct writer *w, uint32_t id, uint64_t matches, uint64_t bytes);

/** `{proto, version, node, epoch, cluster, features, limits}` of a hello. */
struct client_hello {
    const char *version;
    struct slice node;
    uint64_t epoch;
    struct slice cluster;
    const char *const *features;
    size_t features_n;
    uint32_t value_max;
};

void client_reply_hello(struct writer *w, uint32_t id,
                        const struct client_hello *hello); /**< hello */

/** `{proto, cluster, challenge, proof, share}`: what a hello with a claim is answered with. */
struct client_challenge {
    struct slice cluster;
    struct slice nonce; /* CLIENT_NONCE_LEN bytes each */
    struct slice proof;
    struct slice share; /* CLIENT_SHARE_LEN bytes; empty where the claim had none */
};

void client_reply_challenge(struct writer *w, uint32_t id,
                            const struct client_challenge *challenge); /**< hello */

/** A result that is already msgpack (one whole value). */
void client_reply_raw(struct writer *w, uint32_t id, struct slice msgpack);

/** The push `[2, "invalidated", [ns, scope, targets, stamp]]`; target empty for namespace and all.
 *  SCOPE_TAGS_ALL is told as its namespace. */
void client_push_invalidated(struct writer *w, struct slice ns, enum client_scope scope,
                             struct slice target, struct slice stamp);

/* ---- replies, read by clients ---- */

/** One frame from a node. Slices are lent from the frame. */
struct client_reply {
    bool push;   /* else a reply */
    bool has_id; /* false: the node could not read the request's id */
    uint32_t id;
    struct slice error;  /* its name; empty = none */
    struct slice text;   /* of the error */
    struct slice result; /* msgpack bytes of the result, or of the push's args */
    struct slice op;     /* push: its name */
};

/** Decode one frame from a node. Errors: ERR_MALFORMED, ERR_LIMIT. Lends from frame. */
MUST_USE enum err client_reply_decode(struct client_codec *c, struct slice frame,
                                      struct client_reply *out);

/** Decode the result of a get. Errors: ERR_MALFORMED. Lends from result. */
MUST_USE enum err client_got_decode(struct client_codec *c, struct slice result,
                                    struct client_got *out);
