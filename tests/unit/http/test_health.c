#include <criterion/criterion.h>
#include <string.h>

#include "http/facts.h"
#include "http/health.h"

static const struct node_view READY = {.state = NODE_READY, .state_text = "ready", .alive = 3};
static const struct node_view JOINING = {.state = NODE_JOINING, .state_text = "joining"};
static const struct node_view DRAINING = {.state = NODE_DRAINING, .state_text = "draining"};
static const struct node_view CONFLICT = {.state = NODE_READY, .state_text = "conflict"};

static void answers(enum health_question question, const struct node_view *view, unsigned status,
                    const char *body)
{
    struct http_reply r = {0};
    http_health(question, view, false, &r);
    cr_assert_eq(r.status, status);
    cr_assert(slice_eq(slice_of(r.body.at, r.body.len), slice_text(body)));
    http_reply_fini(&r);
}

Test(health, only_a_ready_node_is_ready)
{
    answers(HEALTH_READY, &READY, 200, "ready\n");
    answers(HEALTH_READY, &JOINING, 503, "joining\n");
    answers(HEALTH_READY, &DRAINING, 503, "draining\n");
}

Test(health, a_conflict_is_not_ready_though_its_state_is)
{
    answers(HEALTH_READY, &CONFLICT, 503, "conflict\n");
    cr_assert_not(http_is_ready(&CONFLICT));
}

Test(health, a_node_lives_whatever_its_peers_do)
{
    answers(HEALTH_LIVE, &READY, 200, "live\n");
    answers(HEALTH_LIVE, &JOINING, 200, "live\n");
    answers(HEALTH_LIVE, &DRAINING, 200, "live\n");
    answers(HEALTH_LIVE, &CONFLICT, 200, "live\n");
}

Test(health, a_node_has_started_once_it_joined)
{
    answers(HEALTH_STARTED, &JOINING, 503, "joining\n");
    answers(HEALTH_STARTED, &READY, 200, "ready\n");
    answers(HEALTH_STARTED, &DRAINING, 200, "draining\n");
}

Test(health, verbose_tells_what_was_looked_at)
{
    struct http_reply r = {0};
    http_health(HEALTH_READY, &JOINING, true, &r);
    http_text_add(&r.body, "", 1);
    cr_assert_eq(r.status, 503);
    cr_assert_not_null(strstr(r.body.at, "[-] readyz: joining\n"));
    cr_assert_not_null(strstr(r.body.at, "gaps open: 0\n"));
    http_reply_fini(&r);
}
