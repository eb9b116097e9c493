#include <poll.h>
#include <string.h>

#include "client/inside.h"

#define BACKOFF_LEAST_MS 10
#define BACKOFF_MOST_MS  2000
#define CROWDED_MS       20 /* until there may be room for another login */
#define NOBODY           0  /* an id that no request has */

uint64_t call_deadline(const struct scrubjay *c)
{
    return clock_ms() + c->timeout_ms + c->extra_ms;
}

struct slice slice_from(struct scrubjay_bytes bytes)
{
    return bytes.len == 0 ? (struct slice){0} : slice_of(bytes.at, bytes.len);
}

struct scrubjay_bytes bytes_from(struct slice bytes)
{
    return (struct scrubjay_bytes){.at = bytes.len > 0 ? bytes.at : (const uint8_t *)"",
                                   .len = bytes.len};
}

void call_begin(struct scrubjay *c)
{
    c->error[0] = '\0';
    c->error_name[0] = '\0';
    c->result = (struct slice){0};
    c->issued = false;
    c->extra_ms = 0;
    pipeline_return(c);
    link_check(c);
}

/* ---- sending ---- */

uint32_t call_id(struct scrubjay *c)
{
    if (++c->next_id == NOBODY)
        c->next_id++;
    return c->next_id;
}

/** Would the node take this frame? The decoder that it runs is asked, so both say the same. */
static enum scrubjay_status check(struct scrubjay *c, struct slice whole)
{
    struct client_request request;
    struct client_fault fault;
    struct slice frame;
    size_t need;
    enum err err = client_frame(c->codec, whole, &frame, &need, &fault);
    if (err == OK)
        err = client_request_decode(c->codec, frame, &request, &fault);
    if (err == OK)
        return SCRUBJAY_OK;
    (void)fail(c, SCRUBJAY_INVALID, "%s. Nothing was sent.", fault.text);
    fail_name(c, slice_text(fault.name));
    return SCRUBJAY_INVALID;
}

/** Append request to out, growing it. Returns: the frame's length, 0 when memory is out. */
static size_t append(struct scrubjay *c, const struct client_request *request)
{
    size_t room = 1024 + request->fill.value.len;
    while (buffer_reserve(&c->out, room)) {
        struct writer w = writer_of(c->out.at + c->out.end, c->out.cap - c->out.end);
        client_request_encode(&w, request);
        if (w.err == OK) {
            c->out.end += w.len;
            return w.len;
        }
        room = 2 * (c->out.cap - c->out.end);
    }
    return 0;
}

enum scrubjay_status call_queue(struct scrubjay *c, struct client_request *request)
{
    if (c->out.start == c->out.end)
        buffer_clear(&c->out);
    request->id = call_id(c);
    const size_t len = append(c, request);
    if (len == 0)
        return fail(c, SCRUBJAY_INVALID, "memory is out for a request of this size");
    const enum scrubjay_status status = check(c, slice_of(c->out.at + c->out.end - len, len));
    if (status != SCRUBJAY_OK)
        c->out.end -= len;
    return status;
}

/* ---- receiving ---- */

enum scrubjay_status call_garbage(struct scrubjay *c)
{
    link_close(c);
    return fail(c, SCRUBJAY_PROTOCOL,
                "%s does not speak scrubjay's protocol. Give the address of a client listener "
                "(port %d by default).",
                c->address.text, SCRUBJAY_DEFAULT_PORT);
}

/** Is this the error of somebody who may not? */
static bool is_denial(struct slice name)
{
    static const char *const denials[] = {"NOT_PERMITTED", "AUTH_REQUIRED", "AUTH_FAILED",
                                          "SHARE_REQUIRED"};
    for (size_t i = 0; i < ARRAY_LEN(denials); i++) {
        if (slice_eq(name, slice_text(denials[i])))
            return true;
    }
    return false;
}

enum scrubjay_status call_judge(struct scrubjay *c, const struct client_reply *reply)
{
    if (reply->error.len == 0)
        return SCRUBJAY_OK;
    const enum scrubjay_status status = is_denial(reply->error) ? SCRUBJAY_DENIED : SCRUBJAY_ERROR;
    (void)fail(c, status, "the node answered %.*s: %.*s", (int)reply->error.len,
               (const char *)reply->error.at, (int)reply->text.len, (const char *)reply->text.at);
    fail_name(c, reply->error);
    return status;
}

/** An error without an id is about the connection, which the node closes after it. */
static enum scrubjay_status end_by_node(struct scrubjay *c, const struct client_reply *reply)
{
    if (call_judge(c, reply) == SCRUBJAY_OK)
        return call_garbage(c);
    link_close(c);
    return SCRUBJAY_ERROR;
}

/** Nothing but the login is under way, and what comes is not sealed yet: whoever can change what is on the wire
 *  may have written it. */
static bool is_logging_in(const struct scrubjay *c)
{
    return c->id[0] != '\0' && !c->plain && !c->sealed;
}

/** Find out for whom a frame is. */
static enum scrubjay_status sort(struct scrubjay *c, uint32_t id, struct slice frame,
                                 struct client_reply *out, bool *mine)
{
    if (client_reply_decode(c->codec, frame, out) != OK)
        return call_garbage(c);
    if (is_logging_in(c) && (out->push || (out->has_id && out->id != id)))
        return call_garbage(c);
    if (out->push) {
        if (slice_eq(out->op, slice_text("invalidated")))
            watch_keep(c, out->result);
        return SCRUBJAY_OK;
    }
    if (!out->has_id)
        return end_by_node(c, out);
    *mine = out->id == id;
    if (!*mine)
        (void)pipeline_keep(c, out->id, frame);
    return SCRUBJAY_OK;
}

enum scrubjay_status call_step(struct scrubjay *c, uint32_t id, uint64_t deadline_ms,
                               struct client_reply *out, bool *mine)
{
    struct client_fault fault;
    struct slice frame;
    size_t need;
    *mine = false;
    c->in.start += c->lent;
    c->lent = 0;
    const enum err err = client_frame(c->codec, buffer_rest(&c->in), &frame, &need, &fault);
    if (err == ERR_SHORT)
        return link_read(c, deadline_ms);
    if (err != OK)
        return call_garbage(c);
    c->lent = need;
    return sort(c, id, frame, out, mine);
}

enum scrubjay_status call_await(struct scrubjay *c, uint32_t id, uint64_t deadline_ms,
                                struct client_reply *out)
{
    bool mine = false;
    enum scrubjay_status status = SCRUBJAY_OK;
    while (status == SCRUBJAY_OK && !mine)
        status = call_step(c, id, deadline_ms, out, &mine);
    return status == SCRUBJAY_OK ? call_judge(c, out) : status;
}

/* ---- connecting ---- */

/** Others of this machine are logging in, and the node takes few at a time: so it may be soon. */
static bool is_crowded(const struct scrubjay *c, enum scrubjay_status status)
{
    if (c->id[0] == '\0' || status == SCRUBJAY_OK)
        return false;
    return status == SCRUBJAY_CONNECT || strcmp(c->error_name, "TOO_MANY_CONNECTIONS") == 0;
}

/** Dial and greet; while there are too many, again. What waits to be sent goes on waiting. */
static enum scrubjay_status meet(struct scrubjay *c, uint64_t deadline_ms)
{
    const size_t start = c->out.start, end = c->out.end;
    for (;;) {
        enum scrubjay_status status = dial(c, deadline_ms);
        if (status != SCRUBJAY_OK)
            return status;
        status = login_greet(c, deadline_ms);
        if (!is_crowded(c, status) || clock_left(deadline_ms) < 2 * CROWDED_MS)
            return status;
        link_close(c);
        c->out.start = start; /* closing moves these alone: the bytes are still there */
        c->out.end = end;
        (void)poll(NULL, 0, CROWDED_MS);
    }
}

/** After a failed attempt the next one waits, twice as long each time. */
static void back_off(struct scrubjay *c)
{
    const uint32_t next = c->backoff_ms == 0 ? BACKOFF_LEAST_MS : 2 * c->backoff_ms;
    c->backoff_ms = next < BACKOFF_MOST_MS ? next : BACKOFF_MOST_MS;
    c->retry_ms = clock_ms() + c->backoff_ms;
}

enum scrubjay_status call_connect(struct scrubjay *c, bool explicit, uint64_t deadline_ms)
{
    if (c->fd >= 0)
        return SCRUBJAY_OK;
    if (c->address.host[0] == '\0')
        return fail(c, SCRUBJAY_INVALID, "\"%s\" is no address: write HOST:PORT, HOST or [V6]:PORT",
                    c->address.text);
    if (!explicit && clock_ms() < c->retry_ms)
        return fail(c, SCRUBJAY_CONNECT,
                    "%s could not be reached; the next attempt is due in %d ms. Use the source "
                    "meanwhile.",
                    c->address.text, clock_left(c->retry_ms));
    if (c->key_unfit)
        return fail(c, SCRUBJAY_INVALID,
                    "the id has 1 to 32 of letters, digits, \".\", \"_\" and \"-\", and the key "
                    "44 characters of base64: give both as the clients file has them");
    const enum scrubjay_status status = meet(c, deadline_ms);
    if (status == SCRUBJAY_OK) {
        c->backoff_ms = 0;
        return SCRUBJAY_OK;
    }
    link_close(c);
    back_off(c);
    return status;
}

/* ---- one call ---- */

/** May this op be sent twice without anybody seeing a difference? */
static bool is_repeatable(uint32_t op)
{
    switch (op) {
    case OP_FILL:
    case OP_PUT:
    case OP_INVALIDATE:
    case OP_TOUCH:
    case OP_BEGIN:
    case OP_COMMIT:
    case OP_ABORT:
        return false;
    default:
        return true;
    }
}

/** How long the node was asked to wait before it answers. */
static uint32_t patience(const struct client_request *q)
{
    const bool acks = q->ack.level != ACK_DEFAULT && q->ack.level != ACK_LOCAL;
    if (q->op == OP_GET)
        return q->read.wait_ms;
    if (q->op == OP_BEGIN) /* its timeout is the life of the intent */
        return acks ? CLIENT_ACK_MS : 0;
    if (q->timeout_ms != 0)
        return q->timeout_ms;
    return acks ? CLIENT_ACK_MS : 0;
}

/** One way there and back. *sent says whether the node may have seen the request. */
static enum scrubjay_status exchange(struct scrubjay *c, uint32_t id, uint64_t deadline_ms,
                                     struct client_reply *reply, bool *sent)
{
    enum scrubjay_status status = call_connect(c, false, deadline_ms);
    *sent = status == SCRUBJAY_OK;
    if (status == SCRUBJAY_OK)
        status = link_send(c, &c->out, deadline_ms);
    return status == SCRUBJAY_OK ? call_await(c, id, deadline_ms, reply) : status;
}

/** Put the frame of the last request, whose bytes still lie in out, there again. */
static void requeue(struct scrubjay *c, size_t end, size_t len)
{
    c->out.start = end - len;
    c->out.end = end;
}

static enum scrubjay_status unknown(struct scrubjay *c, uint32_t op)
{
    return fail(c, SCRUBJAY_UNKNOWN,
                "the connection to %s broke before the answer: the %s may or may not have taken "
                "effect. Repeat it when in doubt.",
                c->address.text, client_op_text(op));
}

enum scrubjay_status call_run(struct scrubjay *c, struct client_request *request,
                              struct slice *result)
{
    struct client_reply reply;
    c->extra_ms = patience(request);
    const uint64_t deadline_ms = call_deadline(c);
    if (!is_repeatable(request->op))
        link_look(c); /* a node that has left cannot take it: that is not unknown, but known */
    const bool stands = c->fd >= 0;
    const size_t before = buffer_rest(&c->out).len;
    bool sent = false;
    enum scrubjay_status status = call_queue(c, request);
    if (status != SCRUBJAY_OK)
        return status;
    const size_t end = c->out.end;
    const size_t len = buffer_rest(&c->out).len - before;
    status = exchange(c, request->id, deadline_ms, &reply, &sent);
    if (status == SCRUBJAY_CONNECT && sent && stands && is_repeatable(request->op)) {
        requeue(c, end, len);
        status = exchange(c, request->id, deadline_ms, &reply, &sent);
    }
    if (c->fd < 0)
        buffer_clear(&c->out);
    if (status == SCRUBJAY_CONNECT && sent && !is_repeatable(request->op))
        return unknown(c, request->op);
    if (status == SCRUBJAY_OK) {
        c->result = reply.result;
        *result = reply.result;
    }
    return status;
}
