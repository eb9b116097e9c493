#include <criterion/criterion.h>
#include <string.h>

#include "http/facts.h"
#include "http/health.h"

static const struct node_view READY = {.state = NODE_READY, .state_text = "ready", .alive = 3};
static const struct node_view JOINING = {.state = NODE_JOINING, .state_text = "joining"};
static const struct node_view DRAINING = {.state = NODE_DRAINING, .state_text = "draining"};
static const struct node_view CONFLICT = {.state = NODE_READY, .state_text = "conflict"};
static const struct node_view POISONED = {.state = NODE_READY, .state_text = "poisoned"};

static void answers(enum health_question question, const struct node_view *view, unsigned status,
                    const char *body)
{
    struct http_reply r = {0};
    http_health(&(struct health_call){.question = question, .view = view}, &r);
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

Test(health, a_poisoned_run_is_not_ready)
{
    answers(HEALTH_READY, &POISONED, 503, "poisoned\n");
    cr_assert_not(http_is_ready(&POISONED));
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

/** Does /readyz?verbose of this view say part? Its status is 200 in any case. */
static bool says(const struct node_view *view, const char *part)
{
    struct http_reply r = {0};
    http_health(&(struct health_call){.question = HEALTH_READY, .verbose = true, .view = view}, &r);
    http_text_add(&r.body, "", 1);
    cr_assert_eq(r.status, 200);
    const bool found = strstr(r.body.at, part) != NULL;
    http_reply_fini(&r);
    return found;
}

Test(health, verbose_tells_when_more_nodes_live_than_expected)
{
    struct node_view v = READY;
    v.votes = (struct votes_view){.expect = 2, .mode = VOTE_REGULAR};
    cr_assert_not(says(&v, "expect"));
    v.proof_state = PROOF_EXCEEDED;
    cr_assert(says(&v, "expect: exceeded: 3 nodes live, at most 2 are expected\n"));
}

Test(health, verbose_tells_that_this_run_does_not_vote_yet)
{
    struct node_view v = READY;
    cr_assert_not(says(&v, "votes"), "nobody votes where nothing is configured");
    v.votes = (struct votes_view){.expect = 5, .mode = VOTE_NONE, .voters_n = 1, .voters_min = 3};
    cr_assert(says(&v, "votes: not yet: synced with 1 of 3 voters\n"));
    v.votes.mode = VOTE_ANEW;
    cr_assert_not(says(&v, "votes"));
}

Test(health, verbose_tells_when_nodes_differ_in_their_window)
{
    struct node_view v = READY;
    v.proof_state = PROOF_WINDOWS;
    v.window_ms = 1000;
    v.window_other_ms = 2000;
    cr_assert(says(&v, "fence_ms: differs between nodes: 1000 here, 2000 elsewhere\n"));
}

Test(health, verbose_tells_what_was_looked_at)
{
    struct http_reply r = {0};
    http_health(&(struct health_call){HEALTH_READY, true, &JOINING, 1}, &r);
    http_text_add(&r.body, "", 1);
    cr_assert_eq(r.status, 503);
    cr_assert_not_null(strstr(r.body.at, "[-] readyz: joining\n"));
    cr_assert_not_null(strstr(r.body.at, "gaps open: 0\n"));
    cr_assert_not_null(strstr(r.body.at, "workers wedged: 1\n"));
    http_reply_fini(&r);
}
