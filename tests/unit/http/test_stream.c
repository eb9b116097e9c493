/** Listeners and the log, over HTTP. */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "http/events.h"
#include "http/stream.h"

#include "site.h"

#define TURNS 5000

/** One listener. */
struct listener {
    int fd;
    size_t n;
    char text[SITE_TEXT_MAX];
};

static void listen_to(struct listener *l, const struct site *s, const char *headers)
{
    char request[512];
    *l = (struct listener){.fd = site_dial(s)};
    (void)snprintf(request, sizeof request, "GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n",
                   headers);
    cr_assert_eq(send(l->fd, request, strlen(request), 0), (ssize_t)strlen(request));
}

/** Turn until the listener has heard part. */
static void hears(struct listener *l, const struct site *s, const char *part)
{
    for (int i = 0; i < TURNS && strstr(l->text, part) == NULL; i++) {
        site_turn(s);
        const ssize_t n = recv(l->fd, l->text + l->n, sizeof l->text - 1 - l->n, MSG_DONTWAIT);
        l->n += n > 0 ? (size_t)n : 0;
        if (n <= 0)
            (void)poll(NULL, 0, 1);
    }
    site_holds(l->text, part);
}

/** A counter of the endpoint, as /v1/stats tells it. */
static long counted(const struct site *s, const char *key)
{
    char quoted[64];
    const char *answer = site_ask(s, "GET /v1/stats", "", "");
    (void)snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(answer, quoted);
    cr_assert_not_null(at, "no %s in %s", key, answer);
    return strtol(at + strlen(quoted), NULL, 10);
}

Test(stream, an_invalidation_is_heard_at_once_without_its_key)
{
    static struct listener l;
    struct site s = site_alone();
    listen_to(&l, &s, "");
    hears(&l, &s, "retry: 2000\n");
    site_holds(l.text, "HTTP/1.1 200 OK\r\n");
    site_holds(l.text, "Content-Type: text/event-stream\r\n");
    site_holds(l.text, "Cache-Control: no-store\r\n");
    cr_assert_eq(site_status(site_post(&s, "", "{\"key\": \"hidden\", \"ns\": \"shop\"}")), 200);
    hears(&l, &s, "event: invalidation\n");
    hears(&l, &s,
          "\"scope\":\"key\",\"ns\":\"shop\",\"soft\":false,\"targets\":1,\"issuer\":\"a\"");
    site_holds(l.text, "\"late_ms\":0");
    cr_assert_null(strstr(l.text, "hidden"));
    close(l.fd);
    site_close(&s);
}

Test(stream, a_member_that_joins_is_heard)
{
    static struct listener l;
    struct site a = site_open(&(struct site_cfg){.name = "a"});
    listen_to(&l, &a, "");
    hears(&l, &a, "retry: 2000\n");
    struct site b = site_open(&(struct site_cfg){.name = "b", .seed = &a});
    site_join(&a, &b, 2);
    hears(&l, &a, "event: member\ndata: {\"what\":\"joined\",\"name\":\"b\",\"state\":\"alive\"");
    close(l.fd);
    site_close(&a);
    site_close(&b);
}

Test(stream, who_comes_back_goes_on_where_it_was)
{
    static struct listener l;
    char id[80] = "Last-Event-ID: ";
    struct site s = site_alone();
    listen_to(&l, &s, "");
    hears(&l, &s, "\n\n");
    const char *first = strstr(l.text, "id: ") + strlen("id: ");
    (void)snprintf(id + strlen(id), sizeof id - strlen(id), "%.*s\r\n", (int)strcspn(first, "\n"),
                   first);
    close(l.fd);
    cr_assert_eq(site_status(site_post(&s, "", "{\"keys\": [\"x\", \"y\"]}")), 200);
    listen_to(&l, &s, id);
    hears(&l, &s, "event: invalidation\n");
    cr_assert_null(strstr(l.text, "gap"));
    close(l.fd);
    site_close(&s);
}

Test(stream, listeners_have_a_limit)
{
    static struct listener l[STREAMS_MAX];
    struct site s = site_alone();
    for (size_t i = 0; i < STREAMS_MAX; i++) {
        listen_to(&l[i], &s, "");
        hears(&l[i], &s, "retry: 2000\n");
    }
    const char *answer = site_ask(&s, "GET /v1/events", "", "");
    cr_assert_eq(site_status(answer), 503);
    site_holds(answer, "\"code\":\"BUSY\"");
    cr_assert_eq(counted(&s, "streams_open"), STREAMS_MAX);
    cr_assert_eq(counted(&s, "streams_refused"), 1);
    cr_assert_eq(site_status(site_ask(&s, "GET /livez", "", "")), 200, "others are answered");
    close(l[0].fd);
    for (int i = 0; i < TURNS && counted(&s, "streams_open") == STREAMS_MAX; i++)
        site_turn(&s);
    cr_assert_eq(counted(&s, "streams_open"), STREAMS_MAX - 1,
                 "who hung up is noticed without news");
    for (size_t i = 1; i < STREAMS_MAX; i++)
        close(l[i].fd);
    site_close(&s);
}

Test(stream, head_opens_none)
{
    struct site s = site_alone();
    const char *answer = site_ask(&s, "HEAD /v1/events", "", "");
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, "Content-Type: text/event-stream\r\n");
    cr_assert_eq(counted(&s, "streams_open"), 0);
    site_close(&s);
}

Test(stream, one_that_never_reads_delays_nobody_and_is_let_go)
{
    static struct listener deaf;
    static struct listener other;
    char body[4096] = "{\"keys\": [\"k\"";
    struct site s = site_alone();
    for (int i = 1; i < 200; i++)
        (void)strncat(body, ", \"k\"", sizeof body - strlen(body) - 1);
    (void)strncat(body, "]}", sizeof body - strlen(body) - 1);
    listen_to(&deaf, &s, "");
    listen_to(&other, &s, "");
    for (int i = 0; i < 40; i++)
        cr_assert_eq(site_status(site_post(&s, "", body)), 200);
    hears(&other, &s, "event: gap\n");
    cr_assert_eq(counted(&s, "streams_open"), 2);
    close(deaf.fd);
    close(other.fd);
    site_close(&s);
}

Test(stream, a_flood_is_told_in_small_parts)
{
    static struct listener l;
    char body[4096] = "{\"keys\": [\"k\"";
    struct site s = site_alone();
    for (int i = 1; i < NODE_TARGETS_MAX; i++)
        (void)strncat(body, ", \"k\"", sizeof body - strlen(body) - 1);
    (void)strncat(body, "]}", sizeof body - strlen(body) - 1);
    listen_to(&l, &s, "");
    hears(&l, &s, "retry: 2000\n");
    const mono_us begun = loop_now();
    cr_assert_eq(site_status(site_post(&s, "", body)), 200);
    for (int i = 0; i < TURNS && l.n < (size_t)3 * STREAM_BUDGET; i++) {
        site_turn(&s);
        const ssize_t n = recv(l.fd, l.text + l.n, sizeof l.text - 1 - l.n, MSG_DONTWAIT);
        l.n += n > 0 ? (size_t)n : 0;
        const mono_us ticks = (loop_now() - begun) / STREAM_TICK_US + 1;
        cr_assert_leq(l.n, STREAM_BUDGET * ticks + 4096, "after %d ticks", (int)ticks);
        (void)poll(NULL, 0, 1);
    }
    cr_assert_geq(l.n, (size_t)3 * STREAM_BUDGET);
    close(l.fd);
    site_close(&s);
}

Test(stream, the_endpoint_may_end_while_somebody_listens)
{
    static struct listener l;
    struct site s = site_alone();
    listen_to(&l, &s, "");
    hears(&l, &s, "retry: 2000\n");
    site_close(&s);
    close(l.fd);
}

/* ---- the log ---- */

static const char *log_of(const struct site *s, const char *query)
{
    char line[128];
    (void)snprintf(line, sizeof line, "GET /v1/invalidations%s", query);
    return site_ask(s, line, "", "");
}

/** How often part stands in text. */
static size_t times(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

Test(stream, the_log_tells_the_newest_first_and_no_keys)
{
    struct site s = site_alone();
    (void)site_post(&s, "", "{\"key\": \"hidden\"}");
    (void)site_post(&s, "", "{\"tags\": [\"hidden\"], \"ns\": \"shop\"}");
    (void)site_post(&s, "", "{\"namespace\": true, \"ns\": \"shop\"}");
    const char *answer = log_of(&s, "");
    cr_assert_eq(site_status(answer), 200);
    cr_assert_eq(times(answer, "\"stamp\":\""), 3);
    const char *namespace = strstr(answer, "\"scope\":\"namespace\",\"ns\":\"shop\"");
    const char *tag = strstr(answer, "\"scope\":\"tag\",\"ns\":\"shop\"");
    const char *key = strstr(answer, "\"scope\":\"key\",\"ns\":\"\"");
    cr_assert(namespace != NULL && namespace < tag && tag < key, "%s", answer);
    cr_assert_null(strstr(answer, "hidden"));
    site_close(&s);
}

Test(stream, the_log_has_a_limit_and_a_namespace)
{
    struct site s = site_alone();
    (void)site_post(&s, "", "{\"keys\": [\"a\", \"b\", \"c\"]}");
    (void)site_post(&s, "", "{\"keys\": [\"a\", \"b\"], \"ns\": \"a b\"}");
    (void)site_post(&s, "", "{\"all\": true}");
    cr_assert_eq(times(log_of(&s, "?limit=2"), "\"stamp\":\""), 2);
    cr_assert_eq(times(log_of(&s, "?limit=1000"), "\"stamp\":\""), 6);
    cr_assert_eq(times(log_of(&s, "?ns=a%20b"), "\"stamp\":\""), 3, "all concerns it, too");
    cr_assert_eq(times(log_of(&s, "?ns="), "\"stamp\":\""), 4);
    cr_assert_eq(times(log_of(&s, "?ns=a+b&limit=1"), "\"stamp\":\""), 1);
    site_close(&s);
}

Test(stream, wrong_questions_to_the_log_are_problems)
{
    static const char *const queries[] = {
        "?limit=0",  "?limit=1001", "?limit=-1",          "?limit=",
        "?limit=1x", "?limit",      "?limit=00000000001", "?limit=%00"};
    char longest[128] = "?ns=";
    struct site s = site_alone();
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        const char *answer = log_of(&s, queries[i]);
        cr_assert_eq(site_status(answer), 400, "%s", queries[i]);
        site_holds(answer, "\"code\":\"BAD_ARGS\"");
    }
    memset(longest + 4, 'n', CLIENT_NS_MAX);
    cr_assert_eq(site_status(log_of(&s, longest)), 200);
    longest[4 + CLIENT_NS_MAX] = 'n';
    cr_assert_eq(site_status(log_of(&s, longest)), 400);
    site_close(&s);
}
