/**
 * scrubjay/client.h - the C client of scrubjay: connect, get, fill, put, invalidate, watch.
 *
 * A client is one connection to one node, used by one thread at a time. Blocking calls send, then wait
 * for their reply; pipelined calls queue requests and read replies later. A lost connection is opened
 * again by the next call, with backoff; a request that was under way is told as SCRUBJAY_UNKNOWN when
 * it may have taken effect. Results are lent until the next call on the same client.
 */
#pragma once

#include <scrubjay/limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/** How a call ended. */
enum scrubjay_status {
    SCRUBJAY_OK = 0,
    SCRUBJAY_MISS,    /* get: nothing here; the token allows one fill */
    SCRUBJAY_REFUSED, /* fill: not stored, scrubjay_error() says why; the value may be out of date */
    SCRUBJAY_ERROR,   /* the node answered with an error */
    SCRUBJAY_INVALID, /* an argument breaks a limit; nothing was sent */
    SCRUBJAY_CONNECT, /* no connection */
    SCRUBJAY_TIMEOUT, /* no reply in time */
    SCRUBJAY_UNKNOWN, /* the connection broke under way: it may or may not have taken effect */
    SCRUBJAY_PROTOCOL /* the peer does not speak this protocol */
};

struct scrubjay;

/** Bytes with a length. As an argument: borrowed for the call. As a result: lent until the next call. */
struct scrubjay_bytes {
    const void *at;
    size_t len;
};

/** Bytes of a NUL-terminated text. */
struct scrubjay_bytes scrubjay_text(const char *text);

struct scrubjay_options {
    const char *address; /* "HOST:PORT", "HOST", "[::1]:6247"; NULL = 127.0.0.1:6247 */
    const char *name;    /* of this program, told to the node; NULL = "libscrubjay" */
    uint32_t timeout_ms; /* of one call; 0 = 2,000 */
    uint32_t value_max;  /* largest value; 0 = 8 MiB */
};

/** Make a client; connects at the first call. Copies options. NULL when memory is out. */
struct scrubjay *scrubjay_new(const struct scrubjay_options *options);

/** Close the connection and free c. NULL is allowed. */
void scrubjay_free(struct scrubjay *c);

/** Connect now and say hello, if not connected; never refused for the sake of backoff. */
enum scrubjay_status scrubjay_connect(struct scrubjay *c);

/** One clear English sentence about the last call that was not OK: what, why, what to do. Lent. */
const char *scrubjay_error(const struct scrubjay *c);

/** The protocol's name of the last error or refusal, "KEY_TOO_LONG", "invalidated"; "" when none. */
const char *scrubjay_error_name(const struct scrubjay *c);

/** The whole result of the last blocking call that got one, as msgpack bytes: what the struct results
 *  leave out, such as who applied an invalidation. Lent until the next call; empty when there is none. */
struct scrubjay_bytes scrubjay_result(const struct scrubjay *c);

/** One get's answer. */
struct scrubjay_value {
    struct scrubjay_bytes value; /* SCRUBJAY_OK */
    struct scrubjay_bytes
        token; /* SCRUBJAY_MISS: take it to fill; empty when the node gives none */
    uint64_t age_ms;
    uint64_t ttl_ms; /* UINT64_MAX = none */
};

/** Read a key. SCRUBJAY_OK with out->value, or SCRUBJAY_MISS with out->token. ns "" is the default. */
enum scrubjay_status scrubjay_get(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                  struct scrubjay_value *out);

/** Options of fill and put; NULL = none. */
struct scrubjay_store {
    uint64_t ttl_ms; /* 0 = none */
    const struct scrubjay_bytes *tags;
    size_t tags_n;
};

/** Store what was read from the source after the MISS that gave token. SCRUBJAY_REFUSED when an
 *  invalidation came in between. */
enum scrubjay_status scrubjay_fill(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                   struct scrubjay_bytes value, struct scrubjay_bytes token,
                                   const struct scrubjay_store *store);

/** A cluster-wide name of an invalidation, and who applied it. */
struct scrubjay_stamp {
    uint8_t bytes[SCRUBJAY_STAMP_MAX];
    size_t len;
};

/** Write a value: invalidates everywhere, stores here. out may be NULL. */
enum scrubjay_status scrubjay_put(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                  struct scrubjay_bytes value, const struct scrubjay_store *store,
                                  struct scrubjay_stamp *out);

enum scrubjay_scope {
    SCRUBJAY_KEY = 1,
    SCRUBJAY_TAG,
    SCRUBJAY_PREFIX,
    SCRUBJAY_NAMESPACE,
    SCRUBJAY_ALL
};

/** Invalidate everywhere. targets_n is 0 for NAMESPACE and ALL. out may be NULL. */
enum scrubjay_status scrubjay_invalidate(struct scrubjay *c, const char *ns,
                                         enum scrubjay_scope scope,
                                         const struct scrubjay_bytes *targets, size_t targets_n,
                                         struct scrubjay_stamp *out);

/** Text for the logs of every node, sent with each later invalidation; at most 255 bytes are kept.
 *  NULL or "" = none. Copies text. */
void scrubjay_set_reason(struct scrubjay *c, const char *text);

/** Set a new time to live on this node. SCRUBJAY_MISS when there is no entry. */
enum scrubjay_status scrubjay_touch(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                    uint64_t ttl_ms);

/** Round trip to the node. */
enum scrubjay_status scrubjay_ping(struct scrubjay *c);

/** One of "members", "node", "stats", "vectors" as msgpack bytes, lent. */
enum scrubjay_status scrubjay_inspect(struct scrubjay *c, const char *what,
                                      struct scrubjay_bytes *msgpack);

/* ---- invalidations as they happen ---- */

struct scrubjay_event {
    struct scrubjay_bytes ns;
    enum scrubjay_scope scope;
    struct scrubjay_bytes target; /* empty for NAMESPACE and ALL */
    struct scrubjay_bytes stamp;
};

/** Subscribe to a namespace, below prefix when it is not empty. SCRUBJAY_OK when the node agreed. */
enum scrubjay_status scrubjay_subscribe(struct scrubjay *c, const char *ns,
                                        struct scrubjay_bytes prefix);

/** Wait for the next event, at most timeout_ms. SCRUBJAY_TIMEOUT when none came; SCRUBJAY_CONNECT when
 *  the connection broke: everything may have changed, subscribe again. */
enum scrubjay_status scrubjay_next(struct scrubjay *c, uint32_t timeout_ms,
                                   struct scrubjay_event *out);

/* ---- pipelining ---- */

/** Queue a get; its answer comes in order by scrubjay_pipeline_next(). Sends when flushed or full;
 *  SCRUBJAY_INVALID when 1,024 answers wait to be taken. */
enum scrubjay_status scrubjay_pipeline_get(struct scrubjay *c, const char *ns,
                                           struct scrubjay_bytes key);

/** Queue a fill, as scrubjay_pipeline_get. */
enum scrubjay_status scrubjay_pipeline_fill(struct scrubjay *c, const char *ns,
                                            struct scrubjay_bytes key, struct scrubjay_bytes value,
                                            struct scrubjay_bytes token,
                                            const struct scrubjay_store *store);

/** Take the answer of the oldest queued request, sending what is queued first. out is set for gets. */
enum scrubjay_status scrubjay_pipeline_next(struct scrubjay *c, struct scrubjay_value *out);

/** Requests queued whose answers were not taken yet. */
size_t scrubjay_pipeline_pending(const struct scrubjay *c);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
