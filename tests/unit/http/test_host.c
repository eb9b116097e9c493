/** Requests that are meant for somebody else. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "http/host.h"

#include "site.h"

static const char *const GIVEN[] = {"Cache.example.", "jay"};

static const struct http_names NAMES = {.own = "a.scrubjay", .given = {.at = GIVEN, .n = 2}};
static const struct http_names NOBODY = {.own = NULL};

Test(host, addresses_localhost_and_names_of_the_node_fit)
{
    static const char *const good[] = {"127.0.0.1",
                                       "127.0.0.1:6249",
                                       "10.0.0.7",
                                       "[::1]",
                                       "[::1]:6249",
                                       "[2001:db8::7]:1",
                                       "localhost",
                                       "LocalHost:6249",
                                       "localhost.:80",
                                       "a.scrubjay",
                                       "A.ScrubJay:6249",
                                       "cache.example",
                                       "cache.example.:6249",
                                       "jay:1",
                                       ""};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        cr_expect(http_host_fits(&NAMES, good[i]), "%s", good[i]);
    cr_expect(http_host_fits(&NAMES, NULL), "HTTP/1.0 needs none");
}

Test(host, everything_else_does_not)
{
    static const char *const bad[] = {"evil.example",
                                      "evil.example:6249",
                                      "127.0.0.1.evil.example",
                                      "localhost.evil.example",
                                      "evil.localhost.example",
                                      "cache.example.evil",
                                      "xcache.example",
                                      "cache.example..",
                                      "ja",
                                      "jayx",
                                      "[::1",
                                      "[::1]x",
                                      "[evil.example]",
                                      "[127.0.0.1]",
                                      "::1",
                                      "127.0.0.1@evil.example",
                                      "127.1",
                                      ".",
                                      ":6249",
                                      " localhost",
                                      "\x01"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        cr_expect_not(http_host_fits(&NAMES, bad[i]), "%s", bad[i]);
    cr_expect_not(http_host_fits(&NOBODY, "a.scrubjay"));
    char longest[70000];
    memset(longest, '1', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    cr_expect_not(http_host_fits(&NAMES, longest));
}

Test(host, names_count_over_loopback_and_everywhere_when_some_are_given)
{
    const struct addr v4 = {.ip = {127, 0, 0, 9}, .ip_len = 4};
    const struct addr v6 = {.ip = {[15] = 1}, .ip_len = 16};
    const struct addr pod = {.ip = {10, 0, 0, 9}, .ip_len = 4};
    cr_expect(http_host_counts(&NOBODY, &v4) && http_host_counts(&NOBODY, &v6));
    cr_expect_not(http_host_counts(&NOBODY, &pod), "services and scrapers use names");
    cr_expect(http_host_counts(&NAMES, &pod));
}

/* ---- asked over loopback ---- */

static int status_of(const struct site *s, const char *line, const char *host)
{
    char request[256];
    static char answer[SITE_TEXT_MAX];
    (void)snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                   line, host);
    site_exchange(s, site_dial(s), request, answer);
    return site_status(answer);
}

static void nothing_is_read_by_another_name(const struct site *s)
{
    static const char *const lines[] = {"GET /",       "GET /v1/node",        "GET /metrics",
                                        "GET /livez",  "GET /v1/events",      "GET /nothing",
                                        "HEAD /livez", "POST /v1/invalidate", "OPTIONS /"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        cr_expect_eq(status_of(s, lines[i], "evil.example:6249"), 421, "%s", lines[i]);
    cr_expect_eq(status_of(s, "GET /v1/node", "localhost:6249"), 200);
    cr_expect_eq(status_of(s, "GET /v1/node", "127.0.0.1"), 200);
}

Test(host, a_page_that_gave_its_name_our_address_reads_nothing)
{
    struct site s = site_alone();
    nothing_is_read_by_another_name(&s);
    site_holds(site_ask(&s, "GET /metrics", "", ""), "scrubjay_http_misdirected_total 9\n");
    site_close(&s);
}

Test(host, so_it_is_where_other_machines_could_ask)
{
    struct site s = site_open(&(struct site_cfg){.name = "a", .any_address = true});
    nothing_is_read_by_another_name(&s);
    site_close(&s);
}

Test(host, names_may_be_given)
{
    struct site s = site_alone();
    http_names_set(s.http, &NAMES);
    cr_expect_eq(status_of(&s, "GET /v1/node", "cache.example"), 200);
    cr_expect_eq(status_of(&s, "GET /v1/node", "a.scrubjay:6249"), 200);
    cr_expect_eq(status_of(&s, "GET /v1/node", "evil.example"), 421);
    site_close(&s);
}
