#include "loop/request.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop/auth.h"
#include "loop/clock.h"
#include "loop/tally.h"
#include "loop/worker.h"

#define SMALL_ROOM  4096        /* errors, acks, booleans */
#define MIDDLE_ROOM (64U << 10) /* most values fit: no need to ask for megabytes */

/* ---- room ---- */

/** Room for at least n bytes. */
static bool reserve(struct conn *c, size_t n, struct writer *w)
{
    spares_lend(&c->worker->spares, &c->out);
    uint8_t *room = outbuf_reserve(&c->out, n);
    if (room == NULL)
        return false;
    writer_begin(w, room, c->out.cap - c->out.len);
    return true;
}

static void finish_reply(struct conn *c, const struct writer *w)
{
    assert(w->err == OK);
    outbuf_commit(&c->out, w->len);
}

static void refuse(struct conn *c, uint32_t op, const struct client_fault *fault)
{
    struct writer w;
    tally_error(c->worker, op);
    if (!reserve(c, SMALL_ROOM, &w)) {
        conn_give_up(c);
        return;
    }
    client_reply_error(&w, fault);
    finish_reply(c, &w);
    c->ending = c->ending || fault->close;
}

void request_refuse(struct conn *c, const struct client_fault *fault)
{
    refuse(c, 0, fault);
}

static void refuse_with(struct conn *c, const struct client_request *r, const char *name,
                        const char *text)
{
    struct client_fault fault = {.has_id = true, .id = r->id, .name = name};
    (void)snprintf(fault.text, sizeof fault.text, "%s", text);
    refuse(c, r->op, &fault);
}

static void say_bool(struct conn *c, uint32_t id, bool value)
{
    struct writer w;
    if (!reserve(c, SMALL_ROOM, &w)) {
        conn_give_up(c);
        return;
    }
    client_reply_bool(&w, id, value);
    finish_reply(c, &w);
}

/* ---- filters ---- */

static bool begin_subscribing(struct conn *c)
{
    struct worker *w = c->worker;
    if (c->filters != NULL)
        return true;
    c->filters = calloc(1, sizeof *c->filters);
    if (c->filters == NULL)
        return false;
    LIST_INSERT_HEAD(&w->subscribing, c, subscribing);
    atomic_fetch_add(&w->subscribers, 1); /* before the reply: control pushes from now on */
    return true;
}

static void end_subscribing(struct conn *c)
{
    if (c->filters == NULL || c->filters->n > 0)
        return;
    free(c->filters);
    c->filters = NULL;
    LIST_REMOVE(c, subscribing);
    atomic_fetch_sub(&c->worker->subscribers, 1);
}

static void subscribe(struct conn *c, const struct client_request *r)
{
    enum err err = begin_subscribing(c) ? OK : ERR_FULL;
    for (size_t i = 0; err == OK && i < r->filters_n; i++)
        err = filters_add(c->filters, r->filters[2 * i], r->filters[2 * i + 1]);
    end_subscribing(c);
    if (err == OK)
        say_bool(c, r->id, true);
    else
        refuse_with(c, r, "TOO_MANY_SUBSCRIPTIONS",
                    "a connection holds at most 64 filters; those before the limit are in force");
}

static void unsubscribe(struct conn *c, const struct client_request *r)
{
    bool removed = false;
    if (c->filters != NULL && r->filters_n == 0) {
        removed = c->filters->n > 0;
        filters_clear(c->filters);
    }
    for (size_t i = 0; c->filters != NULL && i < r->filters_n; i++)
        removed |= filters_remove(c->filters, r->filters[2 * i], r->filters[2 * i + 1]);
    end_subscribing(c);
    say_bool(c, r->id, removed);
}

/* ---- tickets ---- */

static bool needs_ticket(uint32_t op)
{
    return op == OP_PUT || op == OP_INVALIDATE || op >= OP_MEMBERS;
}

/** May this request, too, have to go to control? */
static bool may_need_ticket(const struct client_request *r)
{
    return needs_ticket(r->op) || r->read.after.len > 0;
}

static bool has_tickets(const struct worker *w)
{
    return w->tickets < WORKER_TICKETS_MAX && w->ticket_bytes < WORKER_TICKET_ROOM;
}

/** Stop reading c until tickets come back. */
static void wait_for_ticket(struct conn *c)
{
    worker_count(&c->worker->counters.queue_full, 1);
    c->paused = true;
    if (c->waits)
        return;
    c->waits = true;
    LIST_INSERT_HEAD(&c->worker->waiting, c, waiting);
}

/** For the request that the worker decoded last. */
static void send_ticket(struct conn *c, mono_us now, struct slice frame,
                        const struct command_issue *issue)
{
    struct worker *w = c->worker;
    const struct client_request *r = &w->request;
    struct ticket *t =
        ticket_new(&(struct ticket_cfg){.frame = frame, .request = r, .issue = issue});
    if (t == NULL) {
        refuse_with(c, r, "NO_MEMORY", "the node is out of memory; try again");
        return;
    }
    t->worker = w;
    t->conn = c;
    t->since = now;
    c->owed++;
    w->tickets++;
    w->ticket_bytes += t->bytes;
    const bool posted = mailbox_post(w->world->control, t);
    assert(posted); /* it has room for every ticket that workers may hold */
    (void)posted;
}

/** What control rendered, or that it cannot. */
static bool answer_rendered(struct conn *c, const struct ticket *t)
{
    struct writer w;
    if (!reserve(c, SMALL_ROOM + t->rendered_len, &w))
        return false;
    if (t->rendered_len > 0) {
        client_reply_raw(&w, t->id, slice_of(t->rendered, t->rendered_len));
    } else {
        const struct client_fault fault = {.has_id = true,
                                           .id = t->id,
                                           .name = "NOT_CONFIGURED",
                                           .text = "this node cannot tell that"};
        client_reply_error(&w, &fault);
    }
    tally_reply(c->worker, t->op, writer_slice(&w));
    finish_reply(c, &w);
    return true;
}

static bool answer_issued(struct conn *c, const struct ticket *t)
{
    const struct command_ctx *ctx = &c->worker->world->ctx;
    const struct command_begin begin = {
        .id = t->id, .targets = t->targets, .targets_n = t->command.targets_n};
    struct writer w;
    if (!reserve(c, SMALL_ROOM + command_issued_room(&t->reply), &w))
        return false;
    if (t->op == OP_PUT)
        command_put_issued(ctx, clock_now(), &t->put, &t->reply, &w);
    else if (t->op == OP_BEGIN)
        command_begin_issued(ctx, clock_now(), &begin, &t->reply, &w);
    else
        command_issued(ctx, t->id, &t->reply, &w);
    tally_reply(c->worker, t->op, writer_slice(&w));
    tally_time(c->worker, t->op, t->since);
    finish_reply(c, &w);
    return true;
}

/** What does not fit the table of those who wait is answered as if its time were over. */
static void wait_for_fill(struct conn *c, const struct command_call *call, struct slice frame)
{
    const struct client_request *r = &c->worker->request;
    struct command_call last = *call;
    last.waited = true;
    if (!waiting_add(c, r, frame, call))
        (void)request_again(c, r, &last);
}

/** Control said what `after` means: now the look-up itself. */
static void answer_asked(struct conn *c, const struct ticket *t)
{
    struct client_request *request = &c->worker->request;
    struct client_fault fault;
    const struct command_call call = {.now = clock_now(),
                                      .caller = (uintptr_t)c,
                                      .claims = &c->claims,
                                      .said = &c->worker->said,
                                      .has_after = true,
                                      .after = t->reply.index};
    const enum err err = client_request_decode(c->worker->codec, t->frame, request, &fault);
    assert(err == OK); /* it was decoded before */
    (void)err;
    if (!request_again(c, request, &call))
        wait_for_fill(c, &call, t->frame);
}

bool request_answer(struct conn *c, const struct ticket *t)
{
    if (t->renders || ticket_is_told(&t->reply))
        return answer_rendered(c, t);
    if (t->reply.ask != NODE_AFTER)
        return answer_issued(c, t);
    answer_asked(c, t);
    return true;
}

/* ---- requests ---- */

/** Run the request with as much room as it turns out to need. false: no room at all. */
static bool run(struct conn *c, const struct client_request *r, const struct command_call *call,
                enum command_step *step)
{
    struct worker *worker = c->worker;
    const struct command_ctx *ctx = &worker->world->ctx;
    const size_t rooms[] = {command_room(r), MIDDLE_ROOM, command_room_max(ctx)};
    for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
        struct writer w;
        if (!reserve(c, rooms[i], &w))
            return false;
        *step = command_run(ctx, call, r, &w, &worker->issue);
        if (w.err == OK) {
            tally_reply(worker, r->op, writer_slice(&w));
            outbuf_commit(&c->out, w.len);
            return true;
        }
    }
    return false;
}

bool request_again(struct conn *c, const struct client_request *request,
                   const struct command_call *call)
{
    enum command_step step = COMMAND_DONE;
    if (request == NULL || !run(c, request, call, &step)) {
        conn_give_up(c);
        return true;
    }
    assert(step == COMMAND_DONE || step == COMMAND_WAIT);
    return step == COMMAND_DONE;
}

bool request_count(struct conn *c, const struct client_request *request,
                   const struct command_call *call, struct command_dry_run *dry_run)
{
    struct writer w;
    if (!reserve(c, SMALL_ROOM, &w)) {
        conn_give_up(c);
        return true;
    }
    if (!command_count(&c->worker->world->ctx, call, request, dry_run, &w))
        return false;
    finish_reply(c, &w);
    return true;
}

static void count(struct conn *c, const struct client_request *r, struct slice frame)
{
    if (!waiting_count(c, frame))
        refuse_with(c, r, "BUSY", "too many dry runs and waiting gets; try again");
}

static void carry_out(struct conn *c, mono_us now, struct slice frame)
{
    const struct client_request *r = &c->worker->request;
    const struct command_call call = {
        .now = now, .caller = (uintptr_t)c, .claims = &c->claims, .said = &c->worker->said};
    enum command_step step = COMMAND_DONE;
    if (!run(c, r, &call, &step))
        conn_give_up(c);
    else if (step == COMMAND_DONE && tally_times(r->op) && tally_is_due(c->worker))
        tally_time(c->worker, r->op, now);
    else if (step == COMMAND_ISSUE || step == COMMAND_ASK)
        send_ticket(c, now, frame, &c->worker->issue);
    else if (step == COMMAND_INSPECT)
        send_ticket(c, now, frame, NULL);
    else if (step == COMMAND_WAIT)
        wait_for_fill(c, &call, frame);
    else if (step == COMMAND_COUNT)
        count(c, r, frame);
    else if (step == COMMAND_SUBSCRIBE && r->op == OP_SUBSCRIBE)
        subscribe(c, r);
    else if (step == COMMAND_SUBSCRIBE)
        unsubscribe(c, r);
}

bool request_run(struct conn *c, mono_us now, struct slice frame)
{
    struct worker *w = c->worker;
    struct client_fault fault;
    if (!client_plain_many(w->codec, frame, &w->request) &&
        client_request_decode(w->codec, frame, &w->request, &fault) != OK) {
        worker_count(&w->counters.requests[0], 1);
        request_refuse(c, &fault);
        return true;
    }
    if ((client_op_needs(w->request.op) & ~c->rights) != 0) {
        auth_refuse(c, &w->request);
        return true;
    }
    if (may_need_ticket(&w->request) && !has_tickets(w)) {
        wait_for_ticket(c);
        return false;
    }
    worker_count(&w->counters.requests[w->request.op < LOOP_OPS ? w->request.op : 0], 1);
    carry_out(c, now, frame);
    return true;
}

static void count_plain(struct worker *w, uint32_t op, enum client_status status,
                        struct slice reply)
{
    if (op == OP_GET) {
        batch_learn(&w->batch, reply.len);
        w->said.n[status]++;
    } else {
        tally_reply(w, op, reply);
    }
}

/** As run(), for a plain request. */
static bool run_plain(struct conn *c, const struct command_call *call,
                      const struct command_plain *plain)
{
    const struct command_ctx *ctx = &c->worker->world->ctx;
    const size_t rooms[] = {command_plain_room(plain), MIDDLE_ROOM, command_room_max(ctx)};
    for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
        struct writer w;
        if (!reserve(c, rooms[i], &w))
            return false;
        const enum client_status status = command_plain_run(ctx, call, plain, &w);
        if (w.err == OK) {
            count_plain(c->worker, plain->request.op, status, writer_slice(&w));
            outbuf_commit(&c->out, w.len);
            return true;
        }
    }
    return false;
}

void request_run_plain(struct conn *c, const struct command_call *call,
                       const struct command_plain *plain)
{
    worker_count(&c->worker->counters.requests[plain->request.op], 1);
    if (!run_plain(c, call, plain))
        conn_give_up(c);
    else if (tally_is_due(c->worker))
        tally_time(c->worker, plain->request.op, call->now);
}
