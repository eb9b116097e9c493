/** Answers that other nodes have a part in: acknowledgements, traces, too many names. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "node/view.h"

#include "site.h"

/** Two nodes that know each other; a is asked. */
struct pair {
    struct site a, b;
};

static void open_pair(struct pair *p, uint32_t expect)
{
    p->a = site_open(&(struct site_cfg){.name = "a", .expect = expect});
    p->b = site_open(&(struct site_cfg){.name = "b", .expect = expect, .seed = &p->a});
    site_join(&p->a, &p->b, 2);
}

static void close_pair(struct pair *p)
{
    site_close(&p->a);
    site_close(&p->b);
}

/** b stands still. */
static void freeze(struct pair *p)
{
    p->a.beside = NULL;
}

Test(later, an_answer_waits_for_the_other_node)
{
    struct pair p;
    open_pair(&p, 0);
    const char *answer = site_post(&p.a, "", "{\"key\": \"k\", \"ack\": \"all\"}");
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, "{\"level\":\"all\",\"reached\":true,\"applied\":[\"a\",\"b\"],"
                       "\"missing\":[]}");
    answer = site_post(&p.a, "", "{\"key\": \"k\", \"ack\": 1}");
    site_holds(answer, "{\"level\":1,\"reached\":true,\"applied\":[\"a\",\"b\"]");
    close_pair(&p);
}

Test(later, who_did_not_answer_in_time_is_missing)
{
    struct pair p;
    open_pair(&p, 0);
    freeze(&p);
    const char *answer =
        site_post(&p.a, "", "{\"key\": \"k\", \"ack\": \"all\", \"timeout_ms\": 20}");
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, "\"reached\":false,\"applied\":[\"a\"],\"missing\":[\"b\"]}");
    close_pair(&p);
}

static const char *trace(struct pair *p, const char *body)
{
    char line[128];
    const char *stamp = strstr(site_post(&p->a, "", body), "\"stamp\":\"");
    cr_assert_not_null(stamp);
    (void)snprintf(line, sizeof line, "GET /v1/invalidations/%.48s", stamp + 9);
    return site_ask(&p->a, line, "", "");
}

Test(later, a_trace_waits_for_the_other_node)
{
    struct pair p;
    open_pair(&p, 0);
    const char *answer = trace(&p, "{\"key\": \"k\", \"ack\": \"all\"}");
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, "{\"name\":\"a\",\"state\":\"applied\"");
    const char *b = strstr(answer, "{\"name\":\"b\",\"state\":\"applied\"");
    cr_assert_not_null(b, "%s", answer);
    cr_assert_null(strstr(b, "null"), "its times are known: %s", b);
    close_pair(&p);
}

Test(later, a_trace_tells_who_is_silent)
{
    struct pair p;
    open_pair(&p, 0);
    freeze(&p);
    const char *answer = trace(&p, "{\"key\": \"k\"}"); /* half a second: TRACE_WAIT_US */
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer,
               "{\"name\":\"b\",\"state\":\"silent\",\"late_ms\":null,\"late_error_ms\":null,"
               "\"wait_ms\":null,\"age_ms\":null,\"acked_ms\":null}");
    close_pair(&p);
}

Test(later, a_matrix_has_the_rows_of_both_nodes)
{
    struct pair p;
    open_pair(&p, 0);
    (void)site_post(&p.a, "", "{\"key\": \"k\", \"ack\": \"all\"}");
    const char *answer = site_ask(&p.a, "GET /v1/matrix", "", "");
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, "\"member\":\"a\",\"newest\":1}");
    site_holds(answer, "\"member\":\"b\",\"newest\":0}],\"members\":[{\"name\":\"a\"");
    const char *b = strstr(answer, "{\"name\":\"b\"");
    cr_assert_not_null(b, "%s", answer);
    cr_assert_not_null(strstr(b, "\"left\":0,\"behind\":[0,0],\"unheard\":[0,0]}"), "%s", b);
    close_pair(&p);
}

Test(later, a_matrix_tells_nothing_of_who_is_silent)
{
    struct pair p;
    open_pair(&p, 0);
    (void)site_post(&p.a, "", "{\"key\": \"k\", \"ack\": \"all\"}");
    freeze(&p);
    const char *answer =
        site_ask(&p.a, "GET /v1/matrix", "", ""); /* half a second: SURVEY_WAIT_US */
    cr_assert_eq(site_status(answer), 200);
    site_holds(answer, "\"answered\":false,\"after_ms\":null,\"left\":null,");
    const char *b = strstr(answer, "{\"name\":\"b\"");
    cr_assert_not_null(b, "%s", answer);
    cr_assert_not_null(strstr(b, "\"behind\":[null"), "%s", b);
    close_pair(&p);
}

Test(later, more_nodes_than_expected_refuse_what_a_majority_must_know)
{
    struct pair p;
    open_pair(&p, 1);
    const char *answer = site_post(&p.a, "", "{\"key\": \"k\", \"ack\": \"quorum\"}");
    cr_assert_eq(site_status(answer), 503);
    site_holds(answer, "\"code\":\"EXPECT_EXCEEDED\"");
    answer = site_ask(&p.a, "GET /readyz?verbose", "", "");
    cr_assert_eq(site_status(answer), 200, "it serves all the same");
    site_holds(answer, "expect: exceeded: 2 nodes live, at most 1 are expected\n");
    close_pair(&p);
}

Test(later, the_endpoint_may_end_while_an_answer_is_waited_for)
{
    static const char *const body = "{\"key\": \"k\", \"ack\": \"all\", \"timeout_ms\": 60000}";
    char request[256];
    (void)snprintf(
        request, sizeof request,
        "POST /v1/invalidate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n\r\n%s",
        strlen(body), body);
    struct pair p;
    open_pair(&p, 0);
    freeze(&p);
    const int fd = site_dial(&p.a);
    cr_assert_eq(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
    struct node_view v = {.head = 0};
    while (v.head == 0) {
        site_turn(&p.a);
        node_inspect(loop_node(p.a.loop), &v);
    }
    cr_assert_eq(v.acks.waiting, 1);
    close_pair(&p);
    close(fd);
}
