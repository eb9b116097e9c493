#include <string.h>

#include "client/inside.h"

struct slice call_ns(const char *ns)
{
    return slice_text(ns != NULL ? ns : "");
}

/** How a get ended, in the words of the public header. */
static enum scrubjay_status status_of(enum client_status status)
{
    switch (status) {
    case STATUS_HIT:
        return SCRUBJAY_OK;
    case STATUS_STALE:
        return SCRUBJAY_STALE;
    case STATUS_WAIT:
        return SCRUBJAY_WAIT;
    case STATUS_UNPROVEN:
        return SCRUBJAY_UNPROVEN;
    default:
        return SCRUBJAY_MISS;
    }
}

enum scrubjay_status call_got(struct scrubjay *c, struct slice result, struct scrubjay_value *out)
{
    struct client_got got;
    if (client_got_decode(c->codec, result, &got) != OK)
        return call_garbage(c);
    *out = (struct scrubjay_value){.value = bytes_from(got.value),
                                   .token = bytes_from(got.token),
                                   .age_ms = got.age_ms,
                                   .ttl_ms = got.ttl_ms,
                                   .has_version = got.has_version,
                                   .version = got.version,
                                   .has_proof = got.has_proof,
                                   .proof_ms = got.proof_ms};
    return status_of(got.status);
}

enum scrubjay_status call_stored(struct scrubjay *c, struct slice result)
{
    struct client_stored stored;
    if (client_stored_decode(c->codec, result, &stored) != OK)
        return call_garbage(c);
    if (stored.stored)
        return SCRUBJAY_OK;
    (void)fail(
        c, SCRUBJAY_REFUSED,
        "the value was not stored (%.*s): it may be older than what the cluster has heard of; "
        "get the key again, and fill what you then read from its source",
        (int)stored.reason.len, (const char *)stored.reason.at);
    fail_name(c, stored.reason);
    return SCRUBJAY_REFUSED;
}

enum scrubjay_status call_store(struct scrubjay *c, const struct scrubjay_store *store,
                                struct client_fill *out)
{
    if (store == NULL)
        return SCRUBJAY_OK;
    if (store->tags_n > CLIENT_TAGS_MAX) {
        (void)fail(c, SCRUBJAY_INVALID, "entry has %zu tags; the limit is %d. Nothing was sent.",
                   store->tags_n, CLIENT_TAGS_MAX);
        fail_name(c, slice_text("TOO_MANY_TAGS"));
        return SCRUBJAY_INVALID;
    }
    out->ttl_ms = store->ttl_ms;
    out->fresh_ms = store->fresh_ms;
    out->has_version = store->has_version;
    out->version = store->version;
    out->tags_n = store->tags_n;
    for (size_t i = 0; i < store->tags_n; i++)
        out->tags[i] = slice_from(store->tags[i]);
    return SCRUBJAY_OK;
}

/** Put the stamps of `after` one behind the other. Errors: SCRUBJAY_INVALID. */
static enum scrubjay_status join_stamps(struct scrubjay *c, const struct scrubjay_read *read,
                                        struct writer *w)
{
    if (read->after_n > SCRUBJAY_AFTER_MAX)
        return fail(c, SCRUBJAY_INVALID, "a get is after %zu stamps; the limit is %d",
                    read->after_n, SCRUBJAY_AFTER_MAX);
    for (size_t i = 0; i < read->after_n; i++)
        write_bytes(w, stamp_slice(&read->after[i]));
    return SCRUBJAY_OK;
}

enum scrubjay_status scrubjay_get_with(struct scrubjay *c, const char *ns,
                                       struct scrubjay_bytes key, const struct scrubjay_read *read,
                                       struct scrubjay_value *out)
{
    static const struct scrubjay_read plain;
    uint8_t stamps[SCRUBJAY_AFTER_MAX * SCRUBJAY_STAMP_MAX];
    struct slice result;
    struct writer w = writer_of(stamps, sizeof stamps);
    struct client_request request = {.op = OP_GET, .ns = call_ns(ns), .fill.key = slice_from(key)};
    const struct scrubjay_read *how = read != NULL ? read : &plain;
    call_begin(c);
    enum scrubjay_status status = join_stamps(c, how, &w);
    request.read = (struct client_read){.after = writer_slice(&w),
                                        .stale = how->stale,
                                        .wait_ms = how->wait_ms,
                                        .within_ms = how->within_ms};
    if (status == SCRUBJAY_OK)
        status = call_run(c, &request, &result);
    return status == SCRUBJAY_OK ? call_got(c, result, out) : status;
}

enum scrubjay_status scrubjay_get(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                  struct scrubjay_value *out)
{
    return scrubjay_get_with(c, ns, key, NULL, out);
}

/* NOLINTNEXTLINE(readability-function-size): the public header has these parameters */
enum scrubjay_status scrubjay_fill(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                   struct scrubjay_bytes value, struct scrubjay_bytes token,
                                   const struct scrubjay_store *store)
{
    struct slice result;
    struct client_request request = {.op = OP_FILL, .ns = call_ns(ns)};
    request.fill.key = slice_from(key);
    request.fill.value = slice_from(value);
    request.fill.token = slice_from(token);
    call_begin(c);
    enum scrubjay_status status = call_store(c, store, &request.fill);
    if (status == SCRUBJAY_OK)
        status = call_run(c, &request, &result);
    return status == SCRUBJAY_OK ? call_stored(c, result) : status;
}

enum scrubjay_status scrubjay_touch(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                    uint64_t ttl_ms)
{
    struct slice result;
    struct client_request request = {.op = OP_TOUCH, .ns = call_ns(ns)};
    bool touched = false;
    request.fill.key = slice_from(key);
    request.fill.ttl_ms = ttl_ms;
    call_begin(c);
    const enum scrubjay_status status = call_run(c, &request, &result);
    if (status != SCRUBJAY_OK)
        return status;
    if (client_bool_decode(c->codec, result, &touched) != OK)
        return call_garbage(c);
    return touched ? SCRUBJAY_OK : SCRUBJAY_MISS;
}

enum scrubjay_status scrubjay_ping(struct scrubjay *c)
{
    struct slice result;
    struct client_request request = {.op = OP_PING};
    call_begin(c);
    return call_run(c, &request, &result);
}

enum scrubjay_status scrubjay_inspect(struct scrubjay *c, const char *what,
                                      struct scrubjay_bytes *msgpack)
{
    static const uint32_t ops[] = {OP_MEMBERS, OP_NODE,       OP_STATS,
                                   OP_VECTORS, OP_NAMESPACES, OP_MATRIX};
    struct slice result;
    struct client_request request = {0};
    call_begin(c);
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (strcmp(client_op_text(ops[i]), what) == 0)
            request.op = ops[i];
    }
    if (request.op == 0)
        return fail(
            c, SCRUBJAY_INVALID,
            "\"%s\" cannot be inspected; members, node, stats, vectors, namespaces and matrix can",
            what);
    const enum scrubjay_status status = call_run(c, &request, &result);
    if (status == SCRUBJAY_OK)
        *msgpack = bytes_from(result);
    return status;
}

enum scrubjay_status scrubjay_trace(struct scrubjay *c, const struct scrubjay_stamp *stamp,
                                    struct scrubjay_bytes *msgpack)
{
    struct slice result;
    struct client_request request = {.op = OP_TRACE, .stamp = stamp_slice(stamp)};
    call_begin(c);
    const enum scrubjay_status status = call_run(c, &request, &result);
    if (status == SCRUBJAY_OK)
        *msgpack = bytes_from(result);
    return status;
}
