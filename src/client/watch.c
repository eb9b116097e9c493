#include <string.h>

#include "base/bytes.h"
#include "client/inside.h"
#include "wire/client_answer.h"

#define QUEUE_MAX  262144 /* bytes of events kept while something else is waited for */
#define LENGTH_LEN 4
#define NOBODY     0 /* an id that no request has: only pushes are waited for */

void watch_keep(struct scrubjay *c, struct slice args)
{
    struct buffer *q = &c->watch.queue;
    const size_t need = LENGTH_LEN + args.len;
    if (buffer_rest(q).len + need > QUEUE_MAX || !buffer_reserve(q, need)) {
        buffer_clear(q); /* all of it is told by the one event that takes its place */
        c->watch.overflowed = true;
        return;
    }
    struct writer w = writer_of(q->at + q->end, need);
    write_u32(&w, (uint32_t)args.len);
    write_bytes(&w, args);
    q->end += w.len;
}

/** The event for "everything may have changed". */
static void tell_all(struct scrubjay *c, struct scrubjay_event *out)
{
    c->watch.overflowed = false;
    *out = (struct scrubjay_event){.scope = SCRUBJAY_ALL};
}

/** Take the oldest event off the queue. */
static enum scrubjay_status take_event(struct scrubjay *c, struct scrubjay_event *out)
{
    struct client_event event;
    struct reader r = reader_of(buffer_rest(&c->watch.queue));
    const uint32_t len = read_u32(&r);
    const struct slice args = read_bytes(&r, len);
    c->watch.queue.start += LENGTH_LEN + len;
    if (client_event_decode(c->codec, args, &event) != OK)
        return call_garbage(c);
    *out = (struct scrubjay_event){.ns = bytes_from(event.ns),
                                   .scope = (enum scrubjay_scope)event.scope,
                                   .target = bytes_from(event.target),
                                   .stamp = bytes_from(event.stamp)};
    return SCRUBJAY_OK;
}

static bool has_event(const struct scrubjay *c)
{
    return c->watch.overflowed || buffer_rest(&c->watch.queue).len > 0;
}

enum scrubjay_status scrubjay_subscribe(struct scrubjay *c, const char *ns,
                                        struct scrubjay_bytes prefix)
{
    struct slice result;
    const struct slice filter[2] = {call_ns(ns), slice_from(prefix)};
    struct client_request request = {.op = OP_SUBSCRIBE, .filters = filter, .filters_n = 1};
    call_begin(c);
    const enum scrubjay_status status = call_run(c, &request, &result);
    if (status == SCRUBJAY_OK)
        c->watch.active = true;
    return status;
}

/** No event can come any more. Told once; then the caller may subscribe again. */
static enum scrubjay_status tell_loss(struct scrubjay *c)
{
    if (!c->watch.lost)
        return fail(c, SCRUBJAY_INVALID, "there is no subscription: call scrubjay_subscribe first");
    c->watch.lost = false;
    return fail(c, SCRUBJAY_CONNECT,
                "the connection to %s broke: invalidations may have been missed. Drop what was "
                "derived from this cache and subscribe again.",
                c->address.text);
}

enum scrubjay_status scrubjay_next(struct scrubjay *c, uint32_t timeout_ms,
                                   struct scrubjay_event *out)
{
    const uint64_t deadline_ms = clock_ms() + timeout_ms;
    struct client_reply reply;
    enum scrubjay_status status = SCRUBJAY_OK;
    bool mine;
    call_begin(c);
    while (status == SCRUBJAY_OK && !has_event(c) && c->watch.active)
        status = call_step(c, NOBODY, deadline_ms, &reply, &mine);
    if (c->watch.overflowed)
        tell_all(c, out);
    else if (has_event(c))
        return take_event(c, out);
    else if (c->watch.lost || status == SCRUBJAY_OK)
        return tell_loss(c);
    else
        return status;
    return SCRUBJAY_OK;
}
