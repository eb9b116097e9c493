#include "site.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>
#include <sys/socket.h>

#include "loop/address.h"
#include "node/view.h"

#define TURNS_MAX 30000 /* for one answer; far more than any takes */

static void forget_reply(void *ctx, const struct node_reply *reply)
{
    (void)ctx;
    (void)reply;
}

/** A loop that nobody runs sets its timers with the first command. */
static void start_timers(struct loop *l)
{
    const struct node_command nothing = {.ask = NODE_AFTER};
    loop_command(l, &nothing, forget_reply, NULL);
}

struct site site_open(const struct site_cfg *cfg)
{
    char why[LOOP_WHY_MAX];
    char seed[ADDRESS_TEXT_MAX];
    const char *seeds[1] = {seed};
    const struct addr any_port = {.ip = {127, 0, 0, 1}, .ip_len = 4};
    const struct addr anywhere = {.ip_len = 4};
    struct loop_cfg loop = {.name = cfg->name,
                            .cluster = "test",
                            .client = any_port,
                            .gossip = any_port,
                            .clients = cfg->clients,
                            .login = cfg->login,
                            .profile = SWIM_TEST,
                            .budget_bytes = 4 << 20,
                            .value_max = 65536,
                            .workers = 1,
                            .policies = {.expect = cfg->expect, .fence_ms = POLICY_FENCE_MS_MIN},
                            .log = {.level = LOGGER_ERROR}};
    if (cfg->seed != NULL) {
        const struct addr at = loop_gossip_addr(cfg->seed->loop);
        (void)address_format(&at, seed);
        loop.seeds = (struct loop_texts){.at = seeds, .n = 1};
    }
    struct site s = {.loop = loop_new(&loop, why, sizeof why)};
    cr_assert_not_null(s.loop, "%s", why);
    s.http = http_new(s.loop, cfg->any_address ? &anywhere : &any_port, why, sizeof why);
    cr_assert_not_null(s.http, "%s", why);
    start_timers(s.loop);
    return s;
}

struct site site_alone(void)
{
    return site_open(&(struct site_cfg){.name = "a"});
}

void site_close(struct site *s)
{
    http_free(s->http);
    loop_free(s->loop);
}

static size_t alive(const struct site *s)
{
    struct node_view v;
    node_inspect(loop_node(s->loop), &v);
    return v.state == NODE_READY ? v.alive : 0;
}

void site_turn(const struct site *s)
{
    ev_run(loop_ev(s->loop), EVRUN_NOWAIT);
    if (s->beside != NULL)
        ev_run(loop_ev(s->beside->loop), EVRUN_NOWAIT);
}

void site_join(struct site *a, struct site *b, size_t n)
{
    a->beside = b;
    for (int i = 0; i < TURNS_MAX && (alive(a) != n || alive(b) != n); i++) {
        site_turn(a);
        (void)poll(NULL, 0, 1);
    }
    cr_assert(alive(a) == n && alive(b) == n);
}

int site_dial(const struct site *s)
{
    struct address_sock to;
    struct addr addr = http_addr(s->http);
    if (address_is_any(&addr))
        addr.ip[0] = 127, addr.ip[3] = 1;
    cr_assert_eq(address_to_sock(&addr, AF_INET, &to), OK);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&to.at, to.len), 0);
    return fd;
}

void site_exchange(const struct site *s, int fd, const char *request, char out[SITE_TEXT_MAX])
{
    size_t sent = 0;
    size_t got = 0;
    const size_t len = strlen(request);
    for (int i = 0; i < TURNS_MAX; i++) {
        const ssize_t n = send(fd, request + sent, len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        site_turn(s);
        if (sent == len)
            (void)poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1);
        const ssize_t r = recv(fd, out + got, SITE_TEXT_MAX - 1 - got, MSG_DONTWAIT);
        got += r > 0 ? (size_t)r : 0;
        if (r == 0 || (r < 0 && errno != EAGAIN))
            break;
    }
    out[got] = '\0';
}

const char *site_ask(const struct site *s, const char *line, const char *headers, const char *body)
{
    static char request[2 * SITE_TEXT_MAX];
    static char answer[SITE_TEXT_MAX];
    (void)snprintf(request, sizeof request,
                   "%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s\r\n%s", line, headers,
                   body);
    const int fd = site_dial(s);
    site_exchange(s, fd, request, answer);
    close(fd);
    return answer;
}

const char *site_post(const struct site *s, const char *more, const char *body)
{
    char headers[256];
    (void)snprintf(headers, sizeof headers, "%sContent-Length: %zu\r\n", more, strlen(body));
    return site_ask(s, "POST /v1/invalidate", headers, body);
}

int site_status(const char *answer)
{
    cr_assert_eq(strncmp(answer, "HTTP/1.1 ", 9), 0, "no answer: \"%.100s\"", answer);
    return (int)strtol(answer + 9, NULL, 10);
}

void site_holds(const char *answer, const char *part)
{
    cr_assert_not_null(strstr(answer, part), "no \"%s\" in %s", part, answer);
}
