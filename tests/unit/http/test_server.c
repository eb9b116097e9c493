#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>
#include <sys/socket.h>

#include "http/reply.h"
#include "http/server.h"
#include "loop/address.h"

#define TURNS_MAX 1000 /* of the loop for one answer; far more than any takes */
#define TEXT_MAX  65536

/** A node with its endpoint, driven by hand on this thread. */
struct site {
    struct loop *loop;
    struct http *http;
};

static struct site open_site(uint8_t first_byte)
{
    char why[LOOP_WHY_MAX];
    const struct addr any_port = {.ip = {127, 0, 0, 1}, .ip_len = 4};
    const struct addr http = {.ip = {first_byte, 0, 0, first_byte == 127}, .ip_len = 4};
    const struct loop_cfg cfg = {.name = "a",
                                 .cluster = "test",
                                 .client = any_port,
                                 .gossip = any_port,
                                 .profile = SWIM_TEST,
                                 .budget_bytes = 4 << 20,
                                 .value_max = 65536,
                                 .workers = 1,
                                 .log = {.level = LOGGER_ERROR}};
    struct site s = {.loop = loop_new(&cfg, why, sizeof why)};
    cr_assert_not_null(s.loop, "%s", why);
    s.http = http_new(s.loop, &http, why, sizeof why);
    cr_assert_not_null(s.http, "%s", why);
    return s;
}

static void close_site(struct site *s)
{
    http_free(s->http);
    loop_free(s->loop);
}

static int dial(const struct site *s)
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

/** Send as the socket takes it, turning the loop, until the answer has ended. */
static void exchange(const struct site *s, int fd, const char *request, char out[TEXT_MAX])
{
    size_t sent = 0;
    size_t got = 0;
    const size_t len = strlen(request);
    for (int i = 0; i < TURNS_MAX; i++) {
        const ssize_t n = send(fd, request + sent, len - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        ev_run(loop_ev(s->loop), EVRUN_NOWAIT);
        const ssize_t r = recv(fd, out + got, TEXT_MAX - 1 - got, MSG_DONTWAIT);
        got += r > 0 ? (size_t)r : 0;
        if (r == 0 || (r < 0 && errno != EAGAIN))
            break;
    }
    out[got] = '\0';
}

/** One request on a connection of its own; the answer's text in a static buffer. */
static const char *ask(const struct site *s, const char *line, const char *headers,
                       const char *body)
{
    static char request[2 * TEXT_MAX];
    static char answer[TEXT_MAX];
    (void)snprintf(request, sizeof request,
                   "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n%s", line, headers, body);
    const int fd = dial(s);
    exchange(s, fd, request, answer);
    close(fd);
    return answer;
}

static const char *post(const struct site *s, const char *more, const char *body)
{
    char headers[256];
    (void)snprintf(headers, sizeof headers, "%sContent-Length: %zu\r\n", more, strlen(body));
    return ask(s, "POST /v1/invalidate", headers, body);
}

static int status_of(const char *answer)
{
    cr_assert_eq(strncmp(answer, "HTTP/1.1 ", 9), 0, "no answer: \"%.100s\"", answer);
    return (int)strtol(answer + 9, NULL, 10);
}

static void holds(const char *answer, const char *part)
{
    cr_assert_not_null(strstr(answer, part), "no \"%s\" in %s", part, answer);
}

Test(server, pages_answer)
{
    static const char *const lines[] = {"GET /livez",       "GET /metrics",  "GET /v1/members",
                                        "GET /v1/node",     "GET /v1/stats", "GET /v1/vectors",
                                        "GET /v1/members/a"};
    struct site s = open_site(127);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        cr_assert_eq(status_of(ask(&s, lines[i], "", "")), 200, "%s", lines[i]);
    close_site(&s);
}

Test(server, every_answer_has_the_security_headers)
{
    static const char *const lines[] = {"GET /livez", "GET /v1/node", "GET /nothing",
                                        "DELETE /livez"};
    struct site s = open_site(127);
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        const char *answer = ask(&s, lines[i], "", "");
        holds(answer, "X-Content-Type-Options: nosniff\r\n");
        holds(answer, "Cache-Control: no-store\r\n");
    }
    close_site(&s);
}

Test(server, mistakes_are_problems)
{
    struct site s = open_site(127);
    const char *answer = ask(&s, "GET /nothing", "", "");
    cr_assert_eq(status_of(answer), 404);
    holds(answer, "Content-Type: application/problem+json\r\n");
    answer = ask(&s, "DELETE /v1/node", "", "");
    cr_assert_eq(status_of(answer), 405);
    holds(answer, "Allow: GET, HEAD\r\n");
    cr_assert_eq(status_of(ask(&s, "GET /v1/members/nobody", "", "")), 404);
    close_site(&s);
}

Test(server, head_tells_the_length_and_sends_nothing)
{
    struct site s = open_site(127);
    const char *answer = ask(&s, "HEAD /v1/members", "", "");
    cr_assert_eq(status_of(answer), 200);
    cr_assert_null(strstr(answer, "Content-Length: 0\r\n"));
    cr_assert_str_eq(strstr(answer, "\r\n\r\n"), "\r\n\r\n", "nothing follows the headers");
    close_site(&s);
}

Test(server, open_metrics_by_accept)
{
    struct site s = open_site(127);
    const char *answer = ask(&s, "GET /metrics", "Accept: application/openmetrics-text\r\n", "");
    holds(answer, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
    holds(answer, "# EOF\n");
    answer = ask(&s, "GET /metrics", "", "");
    holds(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    close_site(&s);
}

Test(server, an_invalidation_is_issued)
{
    struct site s = open_site(127);
    const char *answer = post(&s, "", "{\"keys\": [\"a\", \"b\"]}");
    cr_assert_eq(status_of(answer), 200);
    holds(answer, "\"acks\":{\"level\":\"local\",\"reached\":true,\"applied\":[\"a\"]");
    holds(ask(&s, "GET /v1/node", "", ""), "\"head\":2,");
    answer = post(&s, "", "{\"key\": \"\"}");
    cr_assert_eq(status_of(answer), 400);
    holds(answer, "\"code\":\"KEY_EMPTY\"");
    holds(ask(&s, "GET /v1/node", "", ""), "\"head\":2,");
    close_site(&s);
}

Test(server, web_pages_may_not_invalidate)
{
    struct site s = open_site(127);
    cr_assert_eq(status_of(post(&s, "Origin: http://evil.example\r\n", "{\"all\": true}")), 403);
    holds(ask(&s, "GET /v1/node", "", ""), "\"head\":0,");
    close_site(&s);
}

Test(server, others_may_look_and_not_invalidate)
{
    struct site s = open_site(0);
    cr_assert_eq(status_of(post(&s, "", "{\"all\": true}")), 403);
    cr_assert_eq(status_of(ask(&s, "GET /v1/node", "", "")), 200);
    holds(ask(&s, "GET /v1/node", "", ""), "\"head\":0,");
    close_site(&s);
}

/** A body of a JSON object with blanks up to n bytes. */
static char *long_body(size_t n)
{
    char *body = malloc(n + 1);
    memset(body, ' ', n);
    memcpy(body, "{\"key\": \"k\"}", 12);
    body[n] = '\0';
    return body;
}

Test(server, bodies_have_a_limit)
{
    struct site s = open_site(127);
    char *most = long_body(HTTP_BODY_MAX);
    char *over = long_body(HTTP_BODY_MAX + 1);
    cr_assert_eq(status_of(post(&s, "", most)), 200);
    cr_assert_eq(status_of(post(&s, "", over)), 413);
    cr_assert_eq(status_of(ask(&s, "POST /v1/invalidate", "Content-Length: 9999999999\r\n", "")),
                 413, "refused by its header, without waiting for the body");
    cr_assert_eq(
        status_of(ask(&s, "POST /v1/invalidate", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n")),
        411);
    free(most);
    free(over);
    close_site(&s);
}

Test(server, connections_beyond_the_limit_are_told)
{
    struct site s = open_site(127);
    int idle[HTTP_CONNECTIONS_MAX];
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        idle[i] = dial(&s);
    const char *answer = ask(&s, "GET /livez", "", "");
    cr_assert_eq(status_of(answer), 503);
    holds(answer, "\"code\":\"BUSY\"");
    close(idle[0]);
    for (int i = 0; i < 10; i++)
        ev_run(loop_ev(s.loop), EVRUN_NOWAIT);
    cr_assert_eq(status_of(ask(&s, "GET /livez", "", "")), 200);
    for (size_t i = 1; i < HTTP_CONNECTIONS_MAX; i++)
        close(idle[i]);
    close_site(&s);
}

Test(server, without_a_listener_it_only_renders)
{
    char why[HTTP_WHY_MAX];
    struct site s = open_site(127);
    const struct addr none = {.ip_len = 0};
    struct http *http = http_new(s.loop, &none, why, sizeof why);
    cr_assert_not_null(http);
    cr_assert_not(addr_known(&(struct addr){.ip_len = http_addr(http).ip_len}));
    http_free(http);
    close_site(&s);
}

Test(server, an_address_in_use_is_explained)
{
    char why[HTTP_WHY_MAX];
    struct site s = open_site(127);
    const struct addr taken = http_addr(s.http);
    cr_assert_null(http_new(s.loop, &taken, why, sizeof why));
    holds(why, "127.0.0.1");
    close_site(&s);
}
