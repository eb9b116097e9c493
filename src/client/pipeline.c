#include <stdlib.h>
#include <string.h>

#include "client/inside.h"

#define FLUSH_LEN 65536 /* queued bytes that are sent without waiting for more */

static struct pending *slot(const struct pipeline *p, size_t i)
{
    return &p->ring[(p->first + i) % PENDING_MAX];
}

static struct pending *find(const struct pipeline *p, uint32_t id)
{
    for (size_t i = 0; i < p->n; i++) {
        if (slot(p, i)->id == id)
            return slot(p, i);
    }
    return NULL;
}

bool pipeline_keep(struct scrubjay *c, uint32_t id, struct slice frame)
{
    struct pending *p = find(&c->pipeline, id);
    if (p == NULL || p->lost || p->saved != NULL)
        return false;
    p->saved = malloc(frame.len);
    p->lost = p->saved == NULL;
    p->saved_len = frame.len;
    if (p->saved != NULL)
        memcpy(p->saved, frame.at, frame.len);
    return true;
}

void pipeline_lose(struct scrubjay *c)
{
    for (size_t i = 0; i < c->pipeline.n; i++) {
        struct pending *p = slot(&c->pipeline, i);
        p->lost = p->saved == NULL;
    }
}

void pipeline_return(struct scrubjay *c)
{
    free(c->pipeline.taken);
    c->pipeline.taken = NULL;
}

void pipeline_free(struct scrubjay *c)
{
    pipeline_return(c);
    for (size_t i = 0; i < c->pipeline.n; i++)
        free(slot(&c->pipeline, i)->saved);
    free(c->pipeline.ring);
}

/** Is there room for one more answer? Makes the queue at its first use. */
static enum scrubjay_status make_room(struct scrubjay *c)
{
    struct pipeline *p = &c->pipeline;
    if (p->ring == NULL)
        p->ring = calloc(PENDING_MAX, sizeof *p->ring);
    if (p->ring == NULL)
        return fail(c, SCRUBJAY_INVALID, "memory is out for pipelined requests");
    if (p->n == PENDING_MAX)
        return fail(c, SCRUBJAY_INVALID,
                    "%d pipelined answers wait; the limit is %d. Take some with "
                    "scrubjay_pipeline_next first.",
                    PENDING_MAX, PENDING_MAX);
    return SCRUBJAY_OK;
}

/** Queue request, connecting first when there is no connection. */
static enum scrubjay_status push(struct scrubjay *c, struct client_request *request)
{
    const uint64_t deadline_ms = call_deadline(c);
    enum scrubjay_status status = make_room(c);
    if (status == SCRUBJAY_OK)
        status = call_queue(c, request);
    if (status == SCRUBJAY_OK)
        status = call_connect(c, false, deadline_ms);
    if (status != SCRUBJAY_OK) {
        if (c->fd < 0)
            buffer_clear(&c->out);
        return status;
    }
    *slot(&c->pipeline, c->pipeline.n++) = (struct pending){.id = request->id, .op = request->op};
    return buffer_rest(&c->out).len < FLUSH_LEN ? SCRUBJAY_OK : link_send(c, &c->out, deadline_ms);
}

enum scrubjay_status scrubjay_pipeline_get(struct scrubjay *c, const char *ns,
                                           struct scrubjay_bytes key)
{
    struct client_request request = {.op = OP_GET, .ns = call_ns(ns)};
    request.fill.key = slice_from(key);
    call_begin(c);
    return push(c, &request);
}

/* NOLINTNEXTLINE(readability-function-size): the public header has these parameters */
enum scrubjay_status scrubjay_pipeline_fill(struct scrubjay *c, const char *ns,
                                            struct scrubjay_bytes key, struct scrubjay_bytes value,
                                            struct scrubjay_bytes token,
                                            const struct scrubjay_store *store)
{
    struct client_request request = {.op = OP_FILL, .ns = call_ns(ns)};
    request.fill.key = slice_from(key);
    request.fill.value = slice_from(value);
    request.fill.token = slice_from(token);
    call_begin(c);
    const enum scrubjay_status status = call_store(c, store, &request.fill);
    return status == SCRUBJAY_OK ? push(c, &request) : status;
}

/** Take the oldest off the queue; what it saved is lent out until the next call. */
static struct pending pop(struct scrubjay *c)
{
    struct pipeline *p = &c->pipeline;
    const struct pending oldest = *slot(p, 0);
    p->first = (p->first + 1) % PENDING_MAX;
    p->n--;
    p->taken = oldest.saved;
    return oldest;
}

/** The reply to p, from memory or from the connection. */
static enum scrubjay_status obtain(struct scrubjay *c, const struct pending *p,
                                   struct client_reply *reply)
{
    const uint64_t deadline_ms = call_deadline(c);
    if (p->saved != NULL) {
        if (client_reply_decode(c->codec, slice_of(p->saved, p->saved_len), reply) != OK)
            return call_garbage(c);
        return call_judge(c, reply);
    }
    if (p->lost || c->fd < 0)
        return fail(c, SCRUBJAY_CONNECT, "the connection to %s broke before this answer came",
                    c->address.text);
    const enum scrubjay_status status = link_send(c, &c->out, deadline_ms);
    return status == SCRUBJAY_OK ? call_await(c, p->id, deadline_ms, reply) : status;
}

enum scrubjay_status scrubjay_pipeline_next(struct scrubjay *c, struct scrubjay_value *out)
{
    struct client_reply reply = {0};
    call_begin(c);
    if (c->pipeline.n == 0)
        return fail(c, SCRUBJAY_INVALID, "no pipelined request waits for its answer");
    const struct pending oldest = pop(c);
    const enum scrubjay_status status = obtain(c, &oldest, &reply);
    if (status == SCRUBJAY_CONNECT && oldest.op != OP_GET)
        return fail(c, SCRUBJAY_UNKNOWN,
                    "the connection to %s broke before the answer: the fill may or may not have "
                    "taken effect",
                    c->address.text);
    if (status != SCRUBJAY_OK)
        return status;
    return oldest.op == OP_GET ? call_got(c, reply.result, out) : call_stored(c, reply.result);
}

size_t scrubjay_pipeline_pending(const struct scrubjay *c)
{
    return c->pipeline.n;
}
