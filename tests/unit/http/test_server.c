#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "http/reply.h"

#include "site.h"

Test(server, pages_answer)
{
    static const char *const lines[] = {
        "GET /livez",        "GET /metrics",       "GET /v1/members",
        "GET /v1/node",      "GET /v1/stats",      "GET /v1/vectors",
        "GET /v1/members/a", "GET /v1/namespaces", "GET /v1/matrix"};
    struct site s = site_alone();
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        cr_assert_eq(site_status(site_ask(&s, lines[i], "", "")), 200, "%s", lines[i]);
    site_close(&s);
}

Test(server, every_answer_has_the_security_headers)
{
    static const char *const lines[] = {"GET /livez", "GET /v1/node", "GET /nothing",
                                        "DELETE /livez"};
    struct site s = site_alone();
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        const char *answer = site_ask(&s, lines[i], "", "");
        site_holds(answer, "X-Content-Type-Options: nosniff\r\n");
        site_holds(answer, "Cache-Control: no-store\r\n");
    }
    site_close(&s);
}

Test(server, the_dashboard_is_one_page_that_asks_nobody_else)
{
    struct site s = site_alone();
    const char *answer = site_ask(&s, "GET /", "", "");
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, "Content-Type: text/html; charset=utf-8\r\n");
    site_holds(answer, "Referrer-Policy: no-referrer\r\n");
    site_holds(answer, "Content-Security-Policy: default-src 'none'; script-src 'sha256-");
    site_holds(answer, "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                       "frame-ancestors 'none'\r\n");
    const char *policy = strstr(answer, "Content-Security-Policy");
    cr_assert_null(strstr(policy, "unsafe"));
    const char *page = strstr(answer, "\r\n\r\n");
    site_holds(page, "</html>\n");
    cr_assert_null(strstr(page, "@S"), "style and script are in it");
    cr_assert_null(strstr(page, "innerHTML"));
    site_close(&s);
}

Test(server, mistakes_are_problems)
{
    struct site s = site_alone();
    const char *answer = site_ask(&s, "GET /nothing", "", "");
    cr_assert_eq(site_status(answer), 404);
    site_holds(answer, "Content-Type: application/problem+json\r\n");
    answer = site_ask(&s, "DELETE /v1/node", "", "");
    cr_assert_eq(site_status(answer), 405);
    site_holds(answer, "Allow: GET, HEAD\r\n");
    cr_assert_eq(site_status(site_ask(&s, "GET /v1/members/nobody", "", "")), 404);
    site_close(&s);
}

Test(server, head_tells_the_length_and_sends_nothing)
{
    struct site s = site_alone();
    const char *answer = site_ask(&s, "HEAD /v1/members", "", "");
    cr_assert_eq(site_status(answer), 200);
    cr_assert_null(strstr(answer, "Content-Length: 0\r\n"));
    cr_assert_str_eq(strstr(answer, "\r\n\r\n"), "\r\n\r\n", "nothing follows the headers");
    site_close(&s);
}

Test(server, open_metrics_by_accept)
{
    struct site s = site_alone();
    const char *answer =
        site_ask(&s, "GET /metrics", "Accept: application/openmetrics-text\r\n", "");
    site_holds(answer,
               "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
    site_holds(answer, "# EOF\n");
    answer = site_ask(&s, "GET /metrics", "", "");
    site_holds(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    site_close(&s);
}

Test(server, an_invalidation_is_issued)
{
    struct site s = site_alone();
    const char *answer = site_post(&s, "", "{\"keys\": [\"a\", \"b\"]}");
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, "\"acks\":{\"level\":\"local\",\"reached\":true,\"applied\":[\"a\"]");
    site_holds(site_ask(&s, "GET /v1/node", "", ""), "\"head\":2,");
    answer = site_post(&s, "", "{\"key\": \"\"}");
    cr_assert_eq(site_status(answer), 400);
    site_holds(answer, "\"code\":\"KEY_EMPTY\"");
    site_holds(site_ask(&s, "GET /v1/node", "", ""), "\"head\":2,");
    site_close(&s);
}

/* ---- POST /v1/invalidate: what is refused later than by its text ---- */

Test(server, levels_that_need_the_number_of_nodes_are_refused_without_it)
{
    static const char *const levels[] = {"quorum", "fenced"};
    struct site s = site_alone();
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        char body[64];
        (void)snprintf(body, sizeof body, "{\"key\": \"k\", \"ack\": \"%s\"}", levels[i]);
        const char *answer = site_post(&s, "", body);
        cr_assert_eq(site_status(answer), 400);
        site_holds(answer, "\"code\":\"NOT_CONFIGURED\"");
        site_holds(answer, "--expect");
    }
    site_holds(site_ask(&s, "GET /v1/node", "", ""), "\"head\":0,");
    site_close(&s);
}

Test(server, a_cluster_of_one_is_its_own_quorum)
{
    struct site s = site_open(&(struct site_cfg){.name = "a", .expect = 1});
    const char *answer = site_post(&s, "", "{\"key\": \"k\", \"ack\": \"quorum\"}");
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, "\"acks\":{\"level\":\"quorum\",\"reached\":true,\"applied\":[\"a\"],"
                       "\"missing\":[]}");
    site_close(&s);
}

Test(server, a_level_that_is_not_reached_is_no_error)
{
    struct site s = site_alone();
    const char *answer = site_post(&s, "", "{\"key\": \"k\", \"ack\": 2, \"timeout_ms\": 1}");
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, "\"acks\":{\"level\":2,\"reached\":false,\"applied\":[\"a\"]");
    site_holds(site_ask(&s, "GET /v1/node", "", ""), "\"head\":1,");
    site_close(&s);
}

Test(server, each_form_of_a_target_is_issued)
{
    static const char *const bodies[] = {
        "{\"tags_all\": [\"a\", \"b\"]}", "{\"key\": \"k\", \"soft\": true}",
        "{\"keys\": [\"k\"], \"version\": 7}", "{\"all\": true, \"soft\": true}"};
    struct site s = site_alone();
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        cr_assert_eq(site_status(site_post(&s, "", bodies[i])), 200, "%s", bodies[i]);
    site_holds(site_ask(&s, "GET /v1/node", "", ""), "\"head\":4,");
    site_close(&s);
}

/* ---- traces ---- */

/** The path of the trace of what an invalidation answered. */
static const char *trace_of(const char *answer)
{
    static char line[128];
    const char *stamp = strstr(answer, "\"stamp\":\"");
    cr_assert_not_null(stamp);
    (void)snprintf(line, sizeof line, "GET /v1/invalidations/%.48s", stamp + 9);
    return line;
}

Test(server, a_lone_node_tells_what_became_of_an_invalidation)
{
    struct site s = site_alone();
    const char *line = trace_of(site_post(&s, "", "{\"keys\": [\"a\", \"b\"]}"));
    const char *answer = site_ask(&s, line, "", "");
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, strrchr(line, '/') + 1);
    site_holds(answer, "\"seq\":2,\"count\":2,\"issuer\":\"a\"");
    site_holds(answer, "\"nodes\":[{\"name\":\"a\",\"state\":\"applied\",\"late_ms\":0");
    site_holds(answer, "\"acked_ms\":null}]}");
    site_close(&s);
}

Test(server, what_is_no_stamp_is_refused)
{
    static const char *const stamps[] = {
        "x", "0100000100000000000000010000000000000001", /* cut */
        "010000010000000000000001000000000000000100000000" /* its check is wrong */};
    struct site s = site_alone();
    for (size_t i = 0; i < ARRAY_LEN(stamps); i++) {
        char line[128];
        (void)snprintf(line, sizeof line, "GET /v1/invalidations/%s", stamps[i]);
        const char *answer = site_ask(&s, line, "", "");
        cr_assert_eq(site_status(answer), 400);
        site_holds(answer, "\"code\":\"BAD_STAMP\"");
    }
    char *longer = strdup(trace_of(site_post(&s, "", "{\"all\": true}")));
    longer = realloc(longer, strlen(longer) + 3);
    (void)strncat(longer, "00", 3);
    cr_assert_eq(site_status(site_ask(&s, longer, "", "")), 400);
    free(longer);
    site_close(&s);
}

Test(server, namespaces_are_told_with_their_policies)
{
    struct site s = site_alone();
    const char *answer = site_ask(&s, "GET /v1/namespaces", "", "");
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, "{\"namespaces\":[{\"name\":\"\",\"strict\":false,\"within_ms\":0,");
    site_close(&s);
}

Test(server, web_pages_may_not_invalidate)
{
    struct site s = site_alone();
    cr_assert_eq(site_status(site_post(&s, "Origin: http://evil.example\r\n", "{\"all\": true}")),
                 403);
    site_holds(site_ask(&s, "GET /v1/node", "", ""), "\"head\":0,");
    site_close(&s);
}

Test(server, others_may_look_and_not_invalidate)
{
    struct site s = site_open(&(struct site_cfg){.name = "a", .any_address = true});
    cr_assert_eq(site_status(site_post(&s, "", "{\"all\": true}")), 403);
    cr_assert_eq(site_status(site_ask(&s, "GET /v1/node", "", "")), 200);
    site_holds(site_ask(&s, "GET /v1/node", "", ""), "\"head\":0,");
    site_close(&s);
}

#define READER  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define DROPPER "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define NOBODYS "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="

/** A node with two clients, whose listener others can reach or not. */
static struct site site_with_clients(bool any_address, enum entry login)
{
    static struct clients clients, room;
    struct clients_fault fault;
    const char *text = "r " READER " read,write,admin\ni " DROPPER " invalidate\n";
    cr_assert_eq(clients_parse(slice_text(text), &clients, &room, &fault), OK);
    return site_open(&(struct site_cfg){
        .name = "a", .any_address = any_address, .clients = &clients, .login = login});
}

/** What an invalidation with this header is answered with. */
static void expect_answer(const struct site *s, const char *header, int status, const char *part)
{
    const char *answer = site_post(s, header, "{\"key\": \"k\"}");
    cr_expect_eq(site_status(answer), status, "%s: %s", header, answer);
    site_holds(answer, part);
}

/** So many were served without a login, where others log in. */
static void expect_none(const struct site *s, unsigned n)
{
    char line[64];
    snprintf(line, sizeof line, "\nscrubjay_logins_total{result=\"none\"} %u\n", n);
    site_holds(site_ask(s, "GET /metrics", "", ""), line);
}

Test(server, others_invalidate_with_the_key_of_a_client_that_may)
{
    struct site s = site_with_clients(true, ENTRY_REQUIRE);
    expect_answer(&s, "", 401, "WWW-Authenticate: Bearer realm=\"scrubjay\"");
    expect_answer(&s, "Authorization: Bearer " NOBODYS "\r\n", 401, "\"code\":\"AUTH_REQUIRED\"");
    expect_answer(&s, "Authorization: Basic " DROPPER "\r\n", 401, "AUTH_REQUIRED");
    expect_answer(&s, "Authorization: Bearer " DROPPER "x\r\n", 401, "AUTH_REQUIRED");
    expect_answer(&s, "Authorization: Bearer " READER "\r\n", 403, "the capability invalidate");
    expect_answer(&s, "Authorization: Bearer " READER "\r\n", 403, "insufficient_scope");
    site_holds(site_ask(&s, "GET /v1/node", "", ""), "\"head\":0,");
    expect_answer(&s, "Authorization: bearer " DROPPER "\r\n", 200, "\"stamp\"");
    site_holds(site_ask(&s, "GET /v1/node", "", ""), "\"head\":1,");
    expect_answer(&s, "Authorization: Bearer " DROPPER "\r\nOrigin: http://evil.example\r\n", 403,
                  "web pages");
    site_close(&s);
}

Test(server, where_there_are_clients_loopback_is_no_password)
{
    struct site s = site_with_clients(false, ENTRY_REQUIRE);
    expect_answer(&s, "", 401, "AUTH_REQUIRED");
    expect_answer(&s, "Authorization: Bearer " DROPPER "\r\n", 200, "\"stamp\"");
    site_close(&s);
}

Test(server, where_logins_are_accepted_who_shows_no_key_is_asked_for_none)
{
    struct site s = site_with_clients(false, ENTRY_ACCEPT);
    expect_answer(&s, "", 200, "\"stamp\"");
    expect_answer(&s, "Authorization: Bearer " DROPPER "\r\n", 200, "\"stamp\"");
    expect_answer(&s, "Authorization: Bearer " READER "\r\n", 403, "the capability invalidate");
    expect_answer(&s, "Authorization: Bearer " NOBODYS "\r\n", 401, "AUTH_REQUIRED");
    site_holds(site_ask(&s, "GET /v1/node", "", ""), "\"login\":\"accept\"");
    site_close(&s);
}

Test(server, who_is_served_without_a_key_is_counted_where_others_show_one)
{
    struct site s = site_with_clients(false, ENTRY_ACCEPT);
    expect_answer(&s, "Authorization: Bearer " DROPPER "\r\n", 200, "\"stamp\"");
    expect_answer(&s, "Origin: http://evil.example\r\n", 403, "web pages");
    expect_none(&s, 0);
    expect_answer(&s, "", 200, "\"stamp\"");
    expect_answer(&s, "", 200, "\"stamp\"");
    expect_none(&s, 2);
    site_close(&s);
    s = site_with_clients(false, ENTRY_OFF);
    expect_answer(&s, "", 200, "\"stamp\"");
    expect_none(&s, 0);
    site_close(&s);
}

Test(server, accepting_opens_nothing_to_other_machines)
{
    struct site s = site_with_clients(true, ENTRY_ACCEPT);
    expect_answer(&s, "", 401, "AUTH_REQUIRED");
    expect_answer(&s, "Authorization: Bearer " DROPPER "\r\n", 200, "\"stamp\"");
    site_close(&s);
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
    struct site s = site_alone();
    char *most = long_body(HTTP_BODY_MAX);
    char *over = long_body(HTTP_BODY_MAX + 1);
    cr_assert_eq(site_status(site_post(&s, "", most)), 200);
    cr_assert_eq(site_status(site_post(&s, "", over)), 413);
    cr_assert_eq(
        site_status(site_ask(&s, "POST /v1/invalidate", "Content-Length: 9999999999\r\n", "")), 413,
        "refused by its header, without waiting for the body");
    cr_assert_eq(site_status(site_ask(&s, "POST /v1/invalidate", "Transfer-Encoding: chunked\r\n",
                                      "0\r\n\r\n")),
                 411);
    free(most);
    free(over);
    site_close(&s);
}

Test(server, connections_beyond_the_limit_are_told)
{
    struct site s = site_alone();
    int idle[HTTP_CONNECTIONS_MAX];
    for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
        idle[i] = site_dial(&s);
    const char *answer = site_ask(&s, "GET /livez", "", "");
    cr_assert_eq(site_status(answer), 503);
    site_holds(answer, "\"code\":\"BUSY\"");
    close(idle[0]);
    for (int i = 0; i < 10; i++)
        site_turn(&s);
    cr_assert_eq(site_status(site_ask(&s, "GET /livez", "", "")), 200);
    for (size_t i = 1; i < HTTP_CONNECTIONS_MAX; i++)
        close(idle[i]);
    site_close(&s);
}

Test(server, without_a_listener_it_only_renders)
{
    char why[HTTP_WHY_MAX];
    struct site s = site_alone();
    const struct addr none = {.ip_len = 0};
    struct http *http = http_new(s.loop, &none, why, sizeof why);
    cr_assert_not_null(http);
    cr_assert_not(addr_known(&(struct addr){.ip_len = http_addr(http).ip_len}));
    http_free(http);
    site_close(&s);
}

Test(server, an_address_in_use_is_explained)
{
    char why[HTTP_WHY_MAX];
    struct site s = site_alone();
    const struct addr taken = http_addr(s.http);
    cr_assert_null(http_new(s.loop, &taken, why, sizeof why));
    site_holds(why, "127.0.0.1");
    site_close(&s);
}
