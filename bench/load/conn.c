#include "load/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "load/fatal.h"
#include "load/lane.h"
#include "load/meter.h"

static void on_readable(struct ev_loop *loop, struct ev_io *w, int events);
static void on_writable(struct ev_loop *loop, struct ev_io *w, int events);

void conn_init(struct conn *c, struct lane *lane, int fd)
{
    const uint32_t depth = lane->job->options->depth;
    *c = (struct conn){.lane = lane, .fd = fd, .free_n = depth};
    c->slots = fatal_calloc(depth, sizeof *c->slots);
    c->free = fatal_calloc(depth, sizeof *c->free);
    c->order = fatal_calloc(depth, sizeof *c->order);
    for (uint32_t i = 0; i < depth; i++)
        c->free[i] = (uint16_t)(depth - 1 - i);
    ev_io_init(&c->reader, on_readable, fd, EV_READ);
    ev_io_init(&c->writer, on_writable, fd, EV_WRITE);
    c->reader.data = c->writer.data = c;
    ev_io_start(lane->loop, &c->reader);
}

static void hang_up(struct conn *c)
{
    if (c->fd < 0)
        return;
    ev_io_stop(c->lane->loop, &c->reader);
    ev_io_stop(c->lane->loop, &c->writer);
    close(c->fd);
    c->fd = -1;
}

void conn_fini(struct conn *c)
{
    hang_up(c);
    free(c->slots);
    free(c->free);
    free(c->order);
    free(c->out);
    free(c->kept);
}

/** What it still waited for never comes. */
static void lose(struct conn *c, const char *why)
{
    const uint32_t depth = c->lane->job->options->depth;
    hang_up(c);
    lane_lost(c->lane, depth - c->free_n, why);
    c->free_n = 0;
}

/* ---- asking ---- */

/** Make room for len bytes more. Requests under way are few, so this ends soon. */
static void make_room(struct conn *c, size_t len)
{
    if (c->out_cap - c->out_len >= len)
        return;
    c->out_cap = (c->out_len + len) * 2;
    uint8_t *wider = realloc(c->out, c->out_cap);
    if (wider == NULL)
        fatal(EXIT_ERRORS, "no memory for %zu bytes of requests", c->out_cap);
    c->out = wider;
}

void conn_ask(struct conn *c, const struct ask *ask, uint64_t now_ns)
{
    const struct stencil *t = lane_stencil(c->lane, ask->verb);
    const uint32_t depth = c->lane->job->options->depth;
    assert(c->free_n > 0);
    const uint16_t i = c->free[--c->free_n];
    const struct stencil_fill fill = {
        .id = (uint16_t)(PROTOCOL_ID_FIRST + i), .key = ask->key, .token = ask->token};
    make_room(c, t->len);
    stencil_write(t, &fill, &c->lane->job->values, c->out + c->out_len);
    c->out_len += t->len;
    c->slots[i] = (struct slot){
        .verb = ask->verb, .busy = true, .key = ask->key, .due_ns = ask->due_ns, .sent_ns = now_ns};
    const uint32_t tail = c->head + (depth - c->free_n - 1);
    c->order[tail < depth ? tail : tail - depth] = i;
}

void conn_flush(struct conn *c)
{
    if (c->fd < 0 || c->out_at == c->out_len)
        return;
    const ssize_t sent = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        lose(c, "connection broken");
        return;
    }
    c->out_at += sent > 0 ? (size_t)sent : 0;
    if (c->out_at < c->out_len) {
        ev_io_start(c->lane->loop, &c->writer);
        return;
    }
    c->out_at = c->out_len = 0;
    if (ev_is_active(&c->writer))
        ev_io_stop(c->lane->loop, &c->writer);
}

static void on_writable(struct ev_loop *loop, struct ev_io *w, int events)
{
    (void)loop;
    (void)events;
    conn_flush(w->data);
}

/* ---- answers ---- */

/** The slot that a reply is for; NULL when nobody asked. */
static struct slot *slot_of(struct conn *c, const struct reply *r)
{
    const uint32_t depth = c->lane->job->options->depth;
    const bool has_ids = c->lane->job->options->protocol->has_ids;
    const uint32_t i = has_ids ? (uint32_t)r->id - PROTOCOL_ID_FIRST : c->order[c->head];
    if (c->free_n == depth || i >= depth || !c->slots[i].busy)
        return NULL;
    c->head = c->head + 1 < depth ? c->head + 1 : 0;
    return &c->slots[i];
}

static bool take_reply(struct conn *c, const struct reply *r, uint64_t now_ns)
{
    struct slot *slot = slot_of(c, r);
    if (slot == NULL) {
        if (r->answer == ANSWER_ERROR)
            tally_error(&c->lane->tally, r->why, 1);
        lose(c, "a reply that nobody asked for");
        return false;
    }
    const struct slot was = *slot;
    slot->busy = false;
    c->free[c->free_n++] = (uint16_t)(slot - c->slots);
    lane_answered(c->lane, c, &was, r, now_ns);
    return true;
}

/** Take every whole reply. Returns: how many bytes they had. */
static size_t take_replies(struct conn *c, struct slice in, uint64_t now_ns)
{
    const struct protocol *p = c->lane->job->options->protocol;
    size_t used = 0;
    while (used < in.len) {
        struct reply r;
        const enum err err = p->read(slice_of(in.at + used, in.len - used), &r);
        if (err == ERR_SHORT)
            break;
        if (err != OK) {
            lose(c, "a reply that is malformed");
            return in.len;
        }
        used += r.len;
        if (!take_reply(c, &r, now_ns))
            return in.len;
    }
    return used;
}

/** Keep the beginning of a reply until the rest is there. */
static void keep(struct conn *c, struct slice rest)
{
    if (rest.len > c->kept_cap) {
        free(c->kept);
        c->kept_cap = rest.len * 2;
        c->kept = fatal_calloc(c->kept_cap, 1);
    }
    if (rest.len > 0)
        memcpy(c->kept, rest.at, rest.len);
    c->kept_len = rest.len;
}

static void on_readable(struct ev_loop *loop, struct ev_io *w, int events)
{
    struct conn *c = w->data;
    struct lane *lane = c->lane;
    (void)loop;
    (void)events;
    if (c->kept_len > 0)
        memcpy(lane->in, c->kept, c->kept_len);
    const ssize_t got = recv(c->fd, lane->in + c->kept_len, lane->in_cap - c->kept_len, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        lose(c, got == 0 ? "connection closed by the server" : "connection broken");
        return;
    }
    const size_t len = c->kept_len + (size_t)got;
    const size_t used = take_replies(c, slice_of(lane->in, len), meter_now_ns());
    if (c->fd < 0)
        return;
    keep(c, slice_of(lane->in + used, len - used));
    lane_refill(lane, c);
    conn_flush(c);
}
