#include "http/stream.h"

#include <stdlib.h>

#include <sys/socket.h>

#include "http/exchange.h"
#include "http/reader.h"

#define BLOCK_SIZE 4096

struct http_stream {
    struct http_streams *all;
    struct MHD_Connection *connection;
    struct http_reader reader;
    size_t budget; /* bytes until the next tick */
    mono_us said_at;
    bool suspended;
    bool ended;
    LIST_ENTRY(http_stream) others;
};

/* ---- news ---- */

/** Wake who waits, soon, if anybody listens at all. */
static void tell(struct http_streams *s)
{
    if (LIST_EMPTY(&s->open) || s->ending || ev_is_active(&s->tick))
        return;
    ev_timer_set(&s->tick, (double)STREAM_TICK_US / (double)US_PER_SEC, 0.0);
    ev_timer_start(loop_ev(s->loop), &s->tick);
}

/** A loop_watch over a struct http_streams. What is lent is copied first of all. */
static void on_out(void *ctx, const struct node_out *out)
{
    struct http_streams *s = ctx;
    if (out->kind == NODE_OUT_EVENT)
        http_events_member(&s->events, loop_now(), out->event, &out->member);
    else if (out->kind == NODE_OUT_APPLIED)
        http_events_applied(&s->events, loop_now(), &out->applied);
    else if (out->kind == NODE_OUT_STATE)
        http_events_state(&s->events, loop_now(), node_state_text(loop_node(s->loop)));
    tell(s);
}

/* ---- listeners ---- */

static bool is_behind(const struct http_stream *s)
{
    return http_reader_behind(&s->reader, &s->all->events);
}

static void resume(struct http_stream *s)
{
    if (!s->suspended)
        return;
    s->suspended = false;
    http_exchange_excuse(s->connection, false);
    MHD_resume_connection(s->connection);
    s->all->woken(s->all->ctx);
}

static void park(struct http_stream *s)
{
    s->suspended = true;
    http_exchange_excuse(s->connection, true);
    MHD_suspend_connection(s->connection);
    if (is_behind(s))
        tell(s->all);
}

static void on_tick(struct ev_loop *loop, struct ev_timer *w, int events)
{
    struct http_streams *s = w->data;
    struct http_stream *each = NULL;
    (void)loop;
    (void)events;
    (void)http_owners_gather(&s->owners, loop_node(s->loop));
    LIST_FOREACH(each, &s->open, others)
    {
        each->budget = STREAM_BUDGET;
        if (is_behind(each))
            resume(each);
    }
}

static size_t take(struct http_stream *s, char *to, size_t max)
{
    const struct http_json_events j = {.owners = &s->all->owners,
                                       .hkey = node_hkey(loop_node(s->all->loop)),
                                       .self = s->all->epoch,
                                       .now = loop_now()};
    const uint64_t gaps = s->reader.gaps;
    const size_t n =
        http_reader_take(&s->reader, &s->all->events, &j, to, max < s->budget ? max : s->budget);
    s->all->counters->stream_gaps += s->reader.gaps - gaps;
    s->budget -= n;
    return n;
}

/** An MHD_ContentReaderCallback. Nothing to say: the connection sleeps until there is. */
static ssize_t on_read(void *stream, uint64_t pos, char *to, size_t max)
{
    struct http_stream *s = stream;
    (void)pos;
    http_exchange_excuse(s->connection, false);
    const size_t n = take(s, to, max);
    if (s->reader.block.failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n > 0)
        s->said_at = loop_now();
    else if (s->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    else
        park(s);
    return (ssize_t)n;
}

static void on_closed(void *stream)
{
    http_stream_close(stream);
}

struct http_stream *http_stream_open(struct http_streams *s, const char *last_id)
{
    if (s->ending || s->counters->streams_open >= STREAMS_MAX) {
        s->counters->streams_refused++;
        return NULL;
    }
    struct http_stream *out = calloc(1, sizeof *out);
    if (out == NULL)
        return NULL;
    out->all = s;
    out->budget = STREAM_BUDGET;
    out->said_at = loop_now();
    http_reader_init(&out->reader, &s->events, s->epoch, last_id);
    (void)http_owners_gather(&s->owners, loop_node(s->loop));
    LIST_INSERT_HEAD(&s->open, out, others);
    s->counters->streams++;
    s->counters->streams_open++;
    return out;
}

void http_stream_close(struct http_stream *s)
{
    if (s == NULL)
        return;
    LIST_REMOVE(s, others);
    s->all->counters->streams_open--;
    http_reader_fini(&s->reader);
    free(s);
}

struct MHD_Response *http_stream_response(struct http_stream *s, struct MHD_Connection *connection)
{
    s->connection = connection;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, on_read, s, on_closed);
    if (response == NULL)
        http_stream_close(s);
    return response;
}

/** libmicrohttpd does not look at a suspended connection. */
static bool hung_up(const struct http_stream *s)
{
    char byte = 0;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(s->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL && recv(info->connect_fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void http_streams_sweep(struct http_streams *s, mono_us now)
{
    struct http_stream *each = NULL;
    LIST_FOREACH(each, &s->open, others)
    {
        if (!each->suspended)
            continue;
        each->ended = hung_up(each);
        if (now > each->said_at + STREAM_BEAT_US)
            http_reader_beat(&each->reader);
        if (each->ended || (is_behind(each) && each->budget > 0))
            resume(each);
    }
}

/* ---- life ---- */

bool http_streams_init(struct http_streams *s, struct loop *l, struct facts_http *counters)
{
    struct node_view v;
    node_inspect(loop_node(l), &v);
    *s = (struct http_streams){.loop = l, .counters = counters, .epoch = v.epoch};
    LIST_INIT(&s->open);
    ev_timer_init(&s->tick, on_tick, 0.0, 0.0);
    s->tick.data = s;
    if (!http_events_init(&s->events))
        return false;
    loop_watch_set(l, on_out, s);
    return true;
}

void http_streams_end(struct http_streams *s)
{
    struct http_stream *each = NULL;
    s->ending = true;
    ev_timer_stop(loop_ev(s->loop), &s->tick);
    LIST_FOREACH(each, &s->open, others)
    {
        each->ended = true;
        each->budget = STREAM_BUDGET;
        resume(each);
    }
}

void http_streams_fini(struct http_streams *s)
{
    if (s->events.ring == NULL)
        return;
    loop_watch_set(s->loop, NULL, NULL);
    http_owners_fini(&s->owners);
    http_events_fini(&s->events);
}
