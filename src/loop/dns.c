#include "loop/dns.h"

#include <ares.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/nameser.h>
#include <ev.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "loop/address.h"
#include "loop/clock.h"
#include "loop/dns_answer.h"

#define SOCKETS_MAX   32 /* of both channels at one time */
#define SERVERS_TEXT  1024
#define RESOLV_CONF   "/etc/resolv.conf"
#define TTL_UNKNOWN_S 30 /* of an answer that names none, such as a numeric seed */

/* Services are asked for as given; hosts of seeds are found as the system finds them. */
enum which {
    SERVICES,
    HOSTS,
    CHANNELS
};

struct dns {
    struct ev_loop *ev;
    struct dns_cfg cfg;
    dns_done *done;
    void *ctx;
    struct dns_counters counters;
    ares_channel channels[CHANNELS];
    bool made;
    struct timespec conf_at; /* resolv.conf, when the channels were made */
    ev_io sockets[SOCKETS_MAX];
    ev_timer retry; /* c-ares wants to look at its clock */
    ev_timer limit; /* of the whole look-up */
    ev_timer told;  /* the answer is complete: outside of every callback of c-ares */
    bool running;   /* a look-up is under way or about to be told */
    size_t pending; /* questions without an answer */
    size_t targets; /* SRV targets asked for */
    struct dns_answer answer;
};

/** One question. */
struct question {
    struct dns *dns;
    int type; /* ns_t_a, ns_t_aaaa, ns_t_srv */
    uint16_t port;
};

static void arm(struct dns *d);

/* ---- questions and answers ---- */

/** Complete? Then tell it from a timer: who is told may ask for the next look-up, and a channel must
 *  not be destroyed inside its own callback. */
static void check_complete(struct dns *d)
{
    if (!d->running || d->pending > 0 || ev_is_active(&d->told))
        return;
    ev_timer_set(&d->told, 0., 0.);
    ev_timer_start(d->ev, &d->told);
}

static struct question *begin_question(struct dns *d, int type, uint16_t port)
{
    struct question *q = malloc(sizeof *q);
    if (q == NULL)
        return NULL;
    *q = (struct question){.dns = d, .type = type, .port = port};
    d->pending++;
    return q;
}

static void end_question(struct question *q, int status)
{
    struct dns *d = q->dns;
    const bool expected = status == ARES_SUCCESS || status == ARES_ENOTFOUND ||
                          status == ARES_ENODATA || status == ARES_EDESTRUCTION;
    d->counters.errors += !expected;
    d->pending--;
    free(q);
    check_complete(d);
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int len);

static void ask(struct dns *d, const char *name, int type, uint16_t port)
{
    struct question *q = begin_question(d, type, port);
    if (q != NULL)
        ares_query(d->channels[SERVICES], name, ns_c_in, type, on_answer, q);
}

static void ask_addresses(struct dns *d, const char *name, uint16_t port)
{
    if (d->cfg.v4)
        ask(d, name, ns_t_a, port);
    if (d->cfg.v6)
        ask(d, name, ns_t_aaaa, port);
}

/** Ask for the addresses of every target; "." means that the service is not there (RFC 2782). */
static void follow_srv(struct dns *d, const unsigned char *bytes, int len)
{
    struct ares_srv_reply *list = NULL;
    if (ares_parse_srv_reply(bytes, len, &list) != ARES_SUCCESS)
        return;
    dns_answer_ttl(&d->answer, dns_answer_least_ttl(slice_of(bytes, (size_t)len)));
    for (const struct ares_srv_reply *srv = list; srv != NULL; srv = srv->next) {
        if (srv->host[0] == '\0' || d->targets == DNS_TARGETS_MAX)
            continue;
        d->targets++;
        ask_addresses(d, srv->host, srv->port);
    }
    ares_free_data(list);
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
    struct question *q = arg;
    struct dns *d = q->dns;
    (void)timeouts;
    if (status == ARES_SUCCESS && q->type == ns_t_srv)
        follow_srv(d, bytes, len);
    else if (status == ARES_SUCCESS)
        dns_answer_read(&d->answer, q->type, slice_of(bytes, (size_t)len), q->port);
    end_question(q, status);
}

static void on_host(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
    struct question *q = arg;
    (void)timeouts;
    if (status == ARES_SUCCESS) {
        for (const struct ares_addrinfo_node *n = found->nodes; n != NULL; n = n->ai_next) {
            struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
            memcpy(&at, n->ai_addr, n->ai_addrlen);
            struct addr a = address_of_sock(&at);
            a.port = q->port;
            dns_answer_add(&q->dns->answer, &a);
        }
        ares_freeaddrinfo(found);
    }
    end_question(q, status);
}

static void ask_host(struct dns *d, const struct address_target *t)
{
    const int one = d->cfg.v4 ? AF_INET : AF_INET6;
    const int family = d->cfg.v4 && d->cfg.v6 ? AF_UNSPEC : one;
    const struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_NOSORT, .ai_family = family};
    struct question *q = begin_question(d, ns_t_any, t->port);
    if (q != NULL)
        ares_getaddrinfo(d->channels[HOSTS], t->host, NULL, &hints, on_host, q);
}

static void ask_seed(struct dns *d, const char *text)
{
    struct address_target t;
    struct addr a;
    if (address_parse(text, &a) == OK)
        dns_answer_add(&d->answer, &a);
    else if (address_split(text, &t) == OK)
        ask_host(d, &t);
}

/* ---- channels ---- */

static void on_socket(struct ev_loop *ev, ev_io *io, int revents)
{
    struct dns *d = io->data;
    const int fd = io->fd;
    (void)ev;
    for (size_t i = 0; i < CHANNELS; i++)
        ares_process_fd(d->channels[i], revents & EV_READ ? fd : ARES_SOCKET_BAD,
                        revents & EV_WRITE ? fd : ARES_SOCKET_BAD);
    arm(d);
}

static ev_io *socket_watcher(struct dns *d, int fd)
{
    ev_io *unused = NULL;
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        if (!ev_is_active(&d->sockets[i]))
            unused = &d->sockets[i];
        else if (d->sockets[i].fd == fd)
            return &d->sockets[i];
    }
    return unused;
}

static void on_socket_state(void *data, ares_socket_t fd, int readable, int writable)
{
    struct dns *d = data;
    ev_io *io = socket_watcher(d, fd);
    if (io == NULL)
        return; /* the question is not watched: it times out */
    ev_io_stop(d->ev, io);
    if (readable == 0 && writable == 0)
        return;
    ev_io_set(io, fd, (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
    ev_io_start(d->ev, io);
}

static bool use_servers(struct dns *d, ares_channel channel)
{
    char csv[SERVERS_TEXT] = "";
    size_t len = 0;
    if (d->cfg.servers_n == 0)
        return true;
    for (size_t i = 0; i < d->cfg.servers_n; i++) {
        const int n =
            snprintf(csv + len, sizeof csv - len, "%s%s", i == 0 ? "" : ",", d->cfg.servers[i]);
        len += n < 0 ? sizeof csv : (size_t)n;
        if (len >= sizeof csv)
            return false;
    }
    return ares_set_servers_ports_csv(channel, csv) == ARES_SUCCESS;
}

static bool make_channel(struct dns *d, enum which which)
{
    char from_dns_alone[] = "b";
    struct ares_options o = {.flags = ARES_FLAG_NOSEARCH,
                             .timeout = (int)d->cfg.wait_ms,
                             .tries = (int)d->cfg.tries,
                             .lookups = from_dns_alone,
                             .sock_state_cb = on_socket_state,
                             .sock_state_cb_data = d};
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    if (which == SERVICES)
        mask |= ARES_OPT_FLAGS | ARES_OPT_LOOKUPS;
#ifdef ARES_OPT_QUERY_CACHE
    mask |= ARES_OPT_QUERY_CACHE; /* for no seconds: since 1.31 it keeps "no such name", too */
#endif
    if (ares_init_options(&d->channels[which], &o, mask) != ARES_SUCCESS)
        return false;
    if (use_servers(d, d->channels[which]))
        return true;
    ares_destroy(d->channels[which]);
    return false;
}

static bool make_channels(struct dns *d)
{
    if (!make_channel(d, SERVICES))
        return false;
    d->made = make_channel(d, HOSTS);
    if (!d->made)
        ares_destroy(d->channels[SERVICES]);
    return d->made;
}

static void destroy_channels(struct dns *d)
{
    for (size_t i = 0; d->made && i < CHANNELS; i++)
        ares_destroy(d->channels[i]);
    d->made = false;
}

/** c-ares 1.18 reads resolv.conf once, when a channel is made. */
static void renew_channels(struct dns *d)
{
    struct stat st;
    struct timespec conf_at = {0};
    if (stat(RESOLV_CONF, &st) == 0)
        conf_at = st.st_mtim;
    const bool same = conf_at.tv_sec == d->conf_at.tv_sec && conf_at.tv_nsec == d->conf_at.tv_nsec;
    if (d->made && same)
        return;
    d->counters.renewed += d->made;
    destroy_channels(d);
    if (make_channels(d))
        d->conf_at = conf_at;
}

/* ---- time ---- */

/** Wake when c-ares wants to retry or to give a question up. */
static void arm(struct dns *d)
{
    struct timeval least = {.tv_sec = 3600};
    bool waits = false;
    for (size_t i = 0; d->made && i < CHANNELS; i++) {
        struct timeval room;
        const struct timeval *wait = ares_timeout(d->channels[i], NULL, &room);
        if (wait == NULL)
            continue;
        waits = true;
        if (timercmp(wait, &least, <))
            least = *wait;
    }
    ev_timer_stop(d->ev, &d->retry);
    if (!waits)
        return;
    ev_now_update(d->ev);
    ev_timer_set(&d->retry, (double)least.tv_sec + (double)least.tv_usec / 1e6, 0.);
    ev_timer_start(d->ev, &d->retry);
}

static void on_retry(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct dns *d = timer->data;
    (void)ev;
    (void)revents;
    for (size_t i = 0; d->made && i < CHANNELS; i++)
        ares_process_fd(d->channels[i], ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm(d);
}

/** c-ares doubles its waits and multiplies them by the servers; a look-up has one bound. */
static void on_limit(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct dns *d = timer->data;
    (void)ev;
    (void)revents;
    d->counters.timeouts++;
    for (size_t i = 0; d->made && i < CHANNELS; i++)
        ares_cancel(d->channels[i]);
    arm(d);
}

static void on_told(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct dns *d = timer->data;
    const struct dns_answer *a = &d->answer;
    (void)revents;
    ev_timer_stop(ev, &d->limit);
    ev_timer_stop(ev, &d->retry);
    d->counters.answers += a->n > 0;
    if (a->n > 0)
        d->counters.ok_at = clock_now();
    d->counters.nobody += a->n == 0;
    d->running = false;
    d->done(d->ctx, a->addrs, a->n, a->ttl_known ? a->ttl_s : TTL_UNKNOWN_S);
}

/* ---- verbs ---- */

static void ask_everything(struct dns *d)
{
    for (size_t i = 0; i < d->cfg.seeds_n; i++)
        ask_seed(d, d->cfg.seeds[i]);
    for (size_t i = 0; i < d->cfg.names_n; i++)
        ask_addresses(d, d->cfg.names[i], d->cfg.port);
    for (size_t i = 0; i < d->cfg.srvs_n; i++)
        ask(d, d->cfg.srvs[i], ns_t_srv, 0);
}

void dns_resolve(struct dns *d)
{
    if (d->running)
        return;
    d->running = true;
    d->targets = 0;
    d->counters.lookups++;
    dns_answer_begin(&d->answer, d->cfg.v4, d->cfg.v6);
    renew_channels(d);
    ev_now_update(d->ev);
    ev_timer_set(&d->limit, (double)d->cfg.wait_ms * d->cfg.tries / 1000.0, 0.);
    ev_timer_start(d->ev, &d->limit);
    if (d->made) {
        d->pending++; /* so that questions answered at once do not complete the look-up */
        ask_everything(d);
        d->pending--;
        arm(d);
    }
    check_complete(d);
}

static void init_socket(struct dns *d, ev_io *io)
{
    ev_io_init(io, on_socket, -1, EV_READ);
    io->data = d;
}

static void init_timers(struct dns *d)
{
    ev_timer_init(&d->retry, on_retry, 0., 0.);
    ev_timer_init(&d->limit, on_limit, 0., 0.);
    ev_timer_init(&d->told, on_told, 0., 0.);
    d->retry.data = d->limit.data = d->told.data = d;
}

struct dns *dns_new(struct ev_loop *ev, const struct dns_cfg *cfg, dns_done *done, void *ctx)
{
    struct dns *d = calloc(1, sizeof *d);
    if (d == NULL || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        free(d);
        return NULL;
    }
    d->ev = ev;
    d->cfg = *cfg;
    d->done = done;
    d->ctx = ctx;
    d->counters.ok_at = clock_now();
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        init_socket(d, &d->sockets[i]);
    init_timers(d);
    renew_channels(d);
    if (d->made)
        return d;
    dns_free(d);
    return NULL;
}

void dns_free(struct dns *d)
{
    if (d == NULL)
        return;
    d->running = false;
    destroy_channels(d);
    ev_timer_stop(d->ev, &d->retry);
    ev_timer_stop(d->ev, &d->limit);
    ev_timer_stop(d->ev, &d->told);
    free(d);
    ares_library_cleanup();
}

struct dns_counters dns_counters(const struct dns *d)
{
    return d->counters;
}
