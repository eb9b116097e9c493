#include "http/exchange.h"

#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>

#include "http/problem.h"
#include "http/server.h"
#include "http/stream.h"
#include "loop/address.h"

/* A body somewhat too long is read to its end, because closing with bytes unread would reset the
 * connection before the answer arrives (RFC 9112 9.6). Longer ones are answered at once. */
#define DISCARD_MAX (1U << 20)

struct exchange {
    struct exchanges *all;
    struct MHD_Connection *connection;
    struct http_request request;
    struct http_reply reply;
    uint8_t *body; /* made with the first bytes */
    size_t body_n; /* bytes received, kept or not */
    bool routed;
    bool suspended;
    LIST_ENTRY(exchange) others;
};

/* ---- connections ---- */

static struct session *session_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static void renew(struct MHD_Connection *connection)
{
    struct session *s = session_of(connection);
    if (s != NULL)
        s->due = loop_now() + HTTP_PATIENCE_US;
}

void http_exchange_excuse(struct MHD_Connection *connection, bool excused)
{
    struct session *s = session_of(connection);
    if (s != NULL)
        s->excused = excused;
    renew(connection);
}

/** ip_len 0 when the connection has ended already. */
static struct addr own_address(int fd)
{
    struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof at;
    (void)getsockname(fd, (struct sockaddr *)&at, &len);
    return address_of_sock(&at);
}

static struct session *open_session(struct exchanges *x, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL || info == NULL) {
        free(s);
        return NULL;
    }
    s->fd = info->connect_fd;
    s->due = loop_now() + HTTP_PATIENCE_US;
    s->at = own_address(s->fd);
    LIST_INSERT_HEAD(&x->sessions, s, others);
    x->sessions_n++;
    x->site.facts.http.connections++;
    return s;
}

void http_exchange_connection(void *exchanges, struct MHD_Connection *connection, void **session,
                              enum MHD_ConnectionNotificationCode code)
{
    struct exchanges *x = exchanges;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *session = open_session(x, connection);
    } else if (*session != NULL) {
        struct session *s = *session;
        LIST_REMOVE(s, others);
        x->sessions_n--;
        free(s);
        *session = NULL;
    }
}

void http_exchanges_sweep(struct exchanges *x, mono_us now)
{
    struct session *s = NULL;
    LIST_FOREACH(s, &x->sessions, others)
    {
        if (s->excused || s->due > now)
            continue;
        s->due = NEVER;
        x->site.facts.http.timeouts++;
        /* Not close(): the socket is the daemon's, which will notice its end. */
        (void)shutdown(s->fd, SHUT_RDWR);
    }
}

/* ---- answers ---- */

/** Hand the body, or the stream, over to libmicrohttpd, which frees it. */
static struct MHD_Response *make_response(struct exchange *e)
{
    struct http_reply *r = &e->reply;
    static char nothing[1];
    const bool empty = r->body.len == 0;
    struct http_stream *stream = r->stream;
    r->stream = NULL;
    if (stream != NULL)
        return http_stream_response(stream, e->connection);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(r->body.len, empty ? nothing : r->body.at,
                                        empty ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE);
    if (response != NULL && !empty)
        r->body = (struct http_text){0};
    return response;
}

static void add_headers(struct MHD_Response *response, const struct http_reply *r)
{
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    if (r->type != NULL)
        (void)MHD_add_response_header(response, "Content-Type", r->type);
    if (r->allow != NULL)
        (void)MHD_add_response_header(response, "Allow", r->allow);
    if (r->authenticate != NULL)
        (void)MHD_add_response_header(response, "WWW-Authenticate", r->authenticate);
    if (r->policy == NULL)
        return;
    (void)MHD_add_response_header(response, "Content-Security-Policy", r->policy);
    (void)MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
}

static enum MHD_Result answer(struct exchange *e)
{
    struct http_reply *r = &e->reply;
    if (r->body.failed) {
        http_text_fini(&r->body);
        r->status = 500;
    }
    struct MHD_Response *response = make_response(e);
    if (response == NULL)
        return MHD_NO;
    add_headers(response, r);
    e->all->site.facts.http.errors += r->status >= 400;
    const enum MHD_Result result = MHD_queue_response(e->connection, r->status, response);
    MHD_destroy_response(response);
    return result;
}

static void on_answered(void *ctx)
{
    struct exchange *e = ctx;
    if (!e->suspended)
        return;
    e->suspended = false;
    LIST_REMOVE(e, others);
    http_exchange_excuse(e->connection, false);
    MHD_resume_connection(e->connection);
    e->all->woken(e->all->ctx);
}

static void suspend(struct exchange *e)
{
    e->suspended = true;
    LIST_INSERT_HEAD(&e->all->waiting, e, others);
    http_exchange_excuse(e->connection, true);
    MHD_suspend_connection(e->connection);
}

void http_exchanges_abandon(struct exchanges *x)
{
    while (!LIST_EMPTY(&x->waiting)) {
        struct exchange *e = LIST_FIRST(&x->waiting);
        http_problem(&e->reply, 503, "DRAINING", "this node is leaving; ask another one");
        on_answered(e);
    }
}

/* ---- requests ---- */

static const char *header(struct MHD_Connection *c, const char *name)
{
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/** Is there an argument of this name? Its value lends from the request; NULL when it has none. */
static bool argument(struct MHD_Connection *c, const char *name, const char **value, size_t *n)
{
    *value = NULL;
    *n = 0;
    return MHD_lookup_connection_value_n(c, MHD_GET_ARGUMENT_KIND, name, strlen(name), value, n) ==
           MHD_YES;
}

static void read_arguments(struct MHD_Connection *c, struct http_request *out)
{
    const char *value = NULL;
    size_t n = 0;
    out->verbose = argument(c, "verbose", &value, &n);
    out->limit = argument(c, "limit", &value, &n) && value == NULL ? "" : value;
    out->has_ns = argument(c, "ns", &value, &n);
    out->ns = slice_of(value, n);
}

/** The declared length of the body: UINT64_MAX when it is told in no way that can be read. */
static uint64_t declared_length(struct MHD_Connection *c)
{
    const char *text = header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (text == NULL)
        return header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ? UINT64_MAX : 0;
    char *end = NULL;
    const unsigned long long n = strtoull(text, &end, 10);
    return *end == '\0' ? n : UINT64_MAX;
}

static void refuse_length(struct exchange *e)
{
    http_problem(&e->reply, 413, "BODY_TOO_LONG",
                 "the body is longer than the limit of 65,536 bytes");
}

static bool is_meant(struct exchange *e)
{
    const struct session *s = session_of(e->connection);
    const struct http_names *names = &e->all->site.names;
    return (s != NULL && !http_host_counts(names, &s->at)) ||
           http_host_fits(names, header(e->connection, MHD_HTTP_HEADER_HOST));
}

/** Answers that need no body to be read. */
static bool refuse_early(struct exchange *e)
{
    const uint64_t length = declared_length(e->connection);
    if (e->all->sessions_n > HTTP_CONNECTIONS_MAX) {
        e->all->site.facts.http.busy++;
        http_problem(&e->reply, 503, "BUSY", "64 connections are open, which is the limit");
    } else if (!is_meant(e)) {
        e->all->site.facts.http.misdirected++;
        http_problem(&e->reply, 421, "MISDIRECTED",
                     "this node is not called what Host says; ask by its address or as localhost, "
                     "or tell the node: --http-host NAME");
    } else if (length == UINT64_MAX) {
        http_problem(&e->reply, 411, "LENGTH_REQUIRED", "a body needs a Content-Length");
    } else if (length > DISCARD_MAX) {
        refuse_length(e);
    }
    return e->reply.status != 0;
}

static enum MHD_Result begin(struct exchanges *x, struct MHD_Connection *connection,
                             struct exchange **out)
{
    struct exchange *e = calloc(1, sizeof *e);
    if (e == NULL)
        return MHD_NO;
    e->all = x;
    e->connection = connection;
    *out = e;
    x->site.facts.http.requests++;
    renew(connection);
    return refuse_early(e) ? answer(e) : MHD_YES;
}

static enum MHD_Result take_body(struct exchange *e, const char *data, size_t n)
{
    if (e->body == NULL)
        e->body = malloc(HTTP_BODY_MAX);
    if (e->body == NULL || e->body_n + n > DISCARD_MAX)
        return MHD_NO;
    if (e->body_n + n <= HTTP_BODY_MAX)
        memcpy(e->body + e->body_n, data, n);
    e->body_n += n;
    return MHD_YES;
}

static void route(struct exchange *e, const char *url, const char *method)
{
    const struct http_later later = {.reply = &e->reply, .answered = on_answered, .ctx = e};
    e->routed = true;
    if (e->body_n > HTTP_BODY_MAX) {
        refuse_length(e);
        return;
    }
    e->request =
        (struct http_request){.method = method,
                              .path = url,
                              .accept = header(e->connection, MHD_HTTP_HEADER_ACCEPT),
                              .origin = header(e->connection, MHD_HTTP_HEADER_ORIGIN),
                              .authorization = header(e->connection, MHD_HTTP_HEADER_AUTHORIZATION),
                              .last_event_id = header(e->connection, "Last-Event-ID"),
                              .body = slice_of(e->body, e->body_n)};
    read_arguments(e->connection, &e->request);
    http_route(&e->all->site, &e->request, &later);
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are those of libmicrohttpd */
enum MHD_Result http_exchange_access(void *exchanges, struct MHD_Connection *connection,
                                     const char *url, const char *method, const char *version,
                                     const char *data, size_t *data_n, void **request)
{
    struct exchange *e = *request;
    (void)version;
    if (e == NULL)
        return begin(exchanges, connection, (struct exchange **)request);
    if (*data_n > 0) {
        const size_t n = *data_n;
        *data_n = 0;
        return take_body(e, data, n);
    }
    if (!e->routed)
        route(e, url, method);
    if (e->reply.status != 0)
        return answer(e);
    suspend(e);
    return MHD_YES;
}

void http_exchange_completed(void *exchanges, struct MHD_Connection *connection, void **request,
                             enum MHD_RequestTerminationCode code)
{
    struct exchange *e = *request;
    (void)exchanges;
    (void)code;
    if (e == NULL)
        return;
    renew(connection);
    http_reply_fini(&e->reply);
    free(e->body);
    free(e);
    *request = NULL;
}
