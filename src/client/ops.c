#include <string.h>

#include "client/inside.h"
#include "wire/client_answer.h"

static struct slice ns_of(const char *ns)
{
    return slice_text(ns != NULL ? ns : "");
}

enum scrubjay_status call_got(struct scrubjay *c, struct slice result, struct scrubjay_value *out)
{
    struct client_got got;
    if (client_got_decode(c->codec, result, &got) != OK)
        return call_garbage(c);
    *out = (struct scrubjay_value){.value = bytes_from(got.value),
                                   .token = bytes_from(got.token),
                                   .age_ms = got.age_ms,
                                   .ttl_ms = got.ttl_ms};
    return got.status == STATUS_HIT ? SCRUBJAY_OK : SCRUBJAY_MISS;
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
    out->tags_n = store->tags_n;
    for (size_t i = 0; i < store->tags_n; i++)
        out->tags[i] = slice_from(store->tags[i]);
    return SCRUBJAY_OK;
}

enum scrubjay_status scrubjay_get(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                  struct scrubjay_value *out)
{
    struct slice result;
    struct client_request request = {.op = OP_GET, .ns = ns_of(ns), .fill.key = slice_from(key)};
    call_begin(c);
    const enum scrubjay_status status = call_run(c, &request, &result);
    return status == SCRUBJAY_OK ? call_got(c, result, out) : status;
}

/* NOLINTNEXTLINE(readability-function-size): the public header has these parameters */
enum scrubjay_status scrubjay_fill(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                   struct scrubjay_bytes value, struct scrubjay_bytes token,
                                   const struct scrubjay_store *store)
{
    struct slice result;
    struct client_request request = {.op = OP_FILL, .ns = ns_of(ns)};
    request.fill.key = slice_from(key);
    request.fill.value = slice_from(value);
    request.fill.token = slice_from(token);
    call_begin(c);
    enum scrubjay_status status = call_store(c, store, &request.fill);
    if (status == SCRUBJAY_OK)
        status = call_run(c, &request, &result);
    return status == SCRUBJAY_OK ? call_stored(c, result) : status;
}

/** Run a put or an invalidate and keep its stamp. */
static enum scrubjay_status run_stamped(struct scrubjay *c, struct client_request *request,
                                        struct scrubjay_stamp *out)
{
    struct slice result, stamp;
    const enum scrubjay_status status = call_run(c, request, &result);
    if (status != SCRUBJAY_OK)
        return status;
    if (client_stamp_decode(c->codec, result, &stamp) != OK || stamp.len > SCRUBJAY_STAMP_MAX)
        return call_garbage(c);
    if (out == NULL)
        return SCRUBJAY_OK;
    out->len = stamp.len;
    if (stamp.len > 0)
        memcpy(out->bytes, stamp.at, stamp.len);
    return SCRUBJAY_OK;
}

/* NOLINTNEXTLINE(readability-function-size): the public header has these parameters */
enum scrubjay_status scrubjay_put(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                  struct scrubjay_bytes value, const struct scrubjay_store *store,
                                  struct scrubjay_stamp *out)
{
    struct client_request request = {.op = OP_PUT, .ns = ns_of(ns)};
    request.fill.key = slice_from(key);
    request.fill.value = slice_from(value);
    call_begin(c);
    const enum scrubjay_status status = call_store(c, store, &request.fill);
    return status == SCRUBJAY_OK ? run_stamped(c, &request, out) : status;
}

/* NOLINTNEXTLINE(readability-function-size): the public header has these parameters */
enum scrubjay_status scrubjay_invalidate(struct scrubjay *c, const char *ns,
                                         enum scrubjay_scope scope,
                                         const struct scrubjay_bytes *targets, size_t targets_n,
                                         struct scrubjay_stamp *out)
{
    struct slice list[CLIENT_TARGETS_MAX];
    struct client_request request = {.op = OP_INVALIDATE,
                                     .ns = ns_of(ns),
                                     .scope = (enum client_scope)scope,
                                     .targets = list,
                                     .targets_n = targets_n,
                                     .reason = slice_text(c->reason)};
    call_begin(c);
    if (scope < SCRUBJAY_KEY || scope > SCRUBJAY_ALL)
        return fail(c, SCRUBJAY_INVALID, "scope %d is none of enum scrubjay_scope", (int)scope);
    if (targets_n > CLIENT_TARGETS_MAX)
        return fail(c, SCRUBJAY_INVALID,
                    "invalidate has %zu targets; the limit is %d. Split the call: each part is "
                    "complete by itself.",
                    targets_n, CLIENT_TARGETS_MAX);
    for (size_t i = 0; i < targets_n; i++)
        list[i] = slice_from(targets[i]);
    return run_stamped(c, &request, out);
}

enum scrubjay_status scrubjay_touch(struct scrubjay *c, const char *ns, struct scrubjay_bytes key,
                                    uint64_t ttl_ms)
{
    struct slice result;
    struct client_request request = {.op = OP_TOUCH, .ns = ns_of(ns)};
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
    static const uint32_t ops[] = {OP_MEMBERS, OP_NODE, OP_STATS, OP_VECTORS};
    struct slice result;
    struct client_request request = {0};
    call_begin(c);
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        if (strcmp(client_op_text(ops[i]), what) == 0)
            request.op = ops[i];
    }
    if (request.op == 0)
        return fail(c, SCRUBJAY_INVALID,
                    "\"%s\" cannot be inspected; members, node, stats and vectors can", what);
    const enum scrubjay_status status = call_run(c, &request, &result);
    if (status == SCRUBJAY_OK)
        *msgpack = bytes_from(result);
    return status;
}
