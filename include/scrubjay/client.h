/**
 * scrubjay/client.h - the C client of scrubjay: connect, get, fill, put, invalidate, watch.
 *
 * A client is one connection to one node, used by one thread at a time. Blocking calls send, then wait
 * for their reply; pipelined calls queue requests and read replies later. A lost connection is opened
 * again by the next call, with backoff; a request that was under way is told as SCRUBJAY_UNKNOWN when
 * it may have taken effect. Results are lent until the next call on the same client.
 * A process that forks makes a client of its own on each side: the connection is one, and both would
 * speak on it. On one that is sealed the side that did not open it gets SCRUBJAY_CONNECT once.
 */
#pragma once

#include <scrubjay/types.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/** A connection to one node. */
struct scrubjay;

/** Bytes of a NUL-terminated text. */
struct scrubjay_bytes scrubjay_text(const char *text);

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

/* ---- reading ---- */

/** Read a key. SCRUBJAY_OK with out->value, or SCRUBJAY_MISS with out->token; in a namespace that asks
 *  for proof also SCRUBJAY_UNPROVEN. ns "" is the default. */
enum scrubjay_status scrubjay_get(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                  struct scrubjay_value *out);

/** As scrubjay_get, and also SCRUBJAY_STALE, SCRUBJAY_WAIT, SCRUBJAY_UNPROVEN. Waits wait_ms longer
 *  than other calls. */
enum scrubjay_status scrubjay_get_with(struct scrubjay *c, const char *ns,
                                       struct scrubjay_bytes key, const struct scrubjay_read *read,
                                       struct scrubjay_value *out);

/* ---- writing: a call waits as long as its ack says on top of the client's own timeout ---- */

/** Store what was read from the source after the MISS that gave token. SCRUBJAY_REFUSED when an
 *  invalidation came in between. */
enum scrubjay_status scrubjay_fill(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                   struct scrubjay_bytes value, struct scrubjay_bytes token,
                                   const struct scrubjay_store *store);

/** Write a value: invalidates everywhere, stores here. out may be NULL; it is also set when the answer
 *  is SCRUBJAY_UNREACHED. */
enum scrubjay_status scrubjay_put(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                  struct scrubjay_bytes value, const struct scrubjay_store *store,
                                  struct scrubjay_stamp *out);

/** Invalidate everywhere. targets_n is 0 for NAMESPACE and ALL. out may be NULL. */
enum scrubjay_status scrubjay_invalidate(struct scrubjay *c, const char *ns,
                                         enum scrubjay_scope scope,
                                         const struct scrubjay_bytes *targets, size_t targets_n,
                                         struct scrubjay_stamp *out);

/** As scrubjay_invalidate, with options. out may be NULL; it is also set when the answer is
 *  SCRUBJAY_UNREACHED. */
enum scrubjay_status scrubjay_invalidate_with(struct scrubjay *c, const struct scrubjay_aim *aim,
                                              const struct scrubjay_how *how,
                                              struct scrubjay_stamp *out);

/** Count what an invalidation would concern on this node; nothing is dropped. */
enum scrubjay_status scrubjay_dry_run(struct scrubjay *c, const struct scrubjay_aim *aim,
                                      struct scrubjay_matches *out);

/** Who applied what the last call issued. SCRUBJAY_INVALID when it issued nothing. */
enum scrubjay_status scrubjay_acked(struct scrubjay *c, struct scrubjay_acks *out);

/* ---- intents: hold fills back while the source changes ---- */

/** Drop keys everywhere and refuse their fills until commit, abort, or for hold_ms (at most 600,000;
 *  0 = 10,000). scope is KEY. ack may be NULL; its timeout_ms does not count. *out is also set when
 *  the answer is SCRUBJAY_UNREACHED. */
enum scrubjay_status scrubjay_begin(struct scrubjay *c, const struct scrubjay_aim *aim,
                                    uint32_t hold_ms, const struct scrubjay_ack *ack,
                                    struct scrubjay_begun *out);

/** The source was changed: drop the keys once more, then let fills in. ack and out may be NULL. */
enum scrubjay_status scrubjay_commit(struct scrubjay *c, const struct scrubjay_stamp *txn,
                                     const struct scrubjay_ack *ack, struct scrubjay_stamp *out);

/** The source was not changed: let fills in. out may be NULL. */
enum scrubjay_status scrubjay_abort(struct scrubjay *c, const struct scrubjay_stamp *txn,
                                    struct scrubjay_stamp *out);

/* ---- the rest ---- */

/** Text for the logs of every node, sent with each later invalidation; at most 255 bytes are kept.
 *  NULL or "" = none. Copies text. */
void scrubjay_set_reason(struct scrubjay *c, const char *text);

/** Set a new time to live on this node. SCRUBJAY_MISS when there is no entry. */
enum scrubjay_status scrubjay_touch(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                    uint64_t ttl_ms);

/** Round trip to the node. */
enum scrubjay_status scrubjay_ping(struct scrubjay *c);

/** One of "members", "node", "stats", "vectors", "namespaces", "matrix" as msgpack bytes, lent. The matrix is
 *  asked of all members, for at most half a second. */
enum scrubjay_status scrubjay_inspect(struct scrubjay *c, const char *what,
                                      struct scrubjay_bytes *msgpack);

/** What became of an invalidation on every node, as msgpack bytes, lent. */
enum scrubjay_status scrubjay_trace(struct scrubjay *c, const struct scrubjay_stamp *stamp,
                                    struct scrubjay_bytes *msgpack);

/* ---- invalidations as they happen ---- */

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
