/** Surveys between real nodes: what each has of each origin. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "node/state.h"

#include "net.h"

#define SECOND US_PER_SEC

static struct net *three(void)
{
    return net_joined(&(struct net_cfg){.n = 3, .expect = 3});
}

static struct net_reply survey(struct net *t, size_t i)
{
    const uint64_t ticket = net_command(t, i, (struct node_command){.ask = NODE_SURVEY});
    cr_assert(net_await(t, ticket, 5 * SECOND));
    return t->replies[ticket];
}

/** Dots that the node is told to have covered, of all origins; -1: it is silent, -2: it is not listed. */
static long covered_at(const struct net_reply *r, char name)
{
    const char *at = strchr(r->traced, name);
    char *end = NULL;
    if (at == NULL)
        return -2;
    if (strncmp(at + 1, ":silent", 7) == 0)
        return -1;
    const long covered = strtol(at + 2, &end, 10);
    cr_assert_eq(*end, '/', "%s", r->traced);
    cr_assert_eq(strtol(end + 1, NULL, 10), covered, "%s", r->traced);
    return covered;
}

Test(surveys, a_survey_tells_what_each_has_and_guesses_nothing)
{
    const struct client_ack local = {.level = ACK_LOCAL};
    struct net *t = three();
    struct net_reply r = survey(t, 0);
    const long before = covered_at(&r, 'a');
    cr_assert(covered_at(&r, 'b') == before && covered_at(&r, 'c') == before, "%s", r.traced);
    net_isolate(t, 2, true);
    net_invalidate(t, 0, "k", local, SECOND);
    net_invalidate(t, 2, "k", local, SECOND);
    net_run(t, SECOND / 10);
    r = survey(t, 0);
    cr_assert(covered_at(&r, 'a') == before + 1 && covered_at(&r, 'b') == before + 1, "%s",
              r.traced);
    cr_assert_eq(covered_at(&r, 'c'), -1, "%s", r.traced);
    r = survey(t, 2);
    cr_assert(covered_at(&r, 'a') == -1 && covered_at(&r, 'b') == -1, "%s", r.traced);
    cr_assert_eq(covered_at(&r, 'c'), before + 1, "its own, which nobody else has");
    net_isolate(t, 2, false);
    net_run(t, 5 * SECOND);
    r = survey(t, 2);
    for (const char *name = "abc"; *name != 0; name++)
        cr_assert_eq(covered_at(&r, *name), before + 2, "%s", r.traced);
    net_free(t);
}

Test(surveys, a_survey_comes_over_a_path_that_swallows_long_answers)
{
    struct net *t = three();
    struct net_reply r = survey(t, 0);
    const long before = covered_at(&r, 'b');
    t->at[1].swallows = 508;
    for (uint64_t i = 1; i <= 24; i++)
        cr_assert_eq(ledger_adopt(t->at[1].node->ledger, i, 1), OK);
    r = survey(t, 0);
    cr_assert_eq(covered_at(&r, 'b'), before + 24, "%s", r.traced);
    net_free(t);
}

Test(surveys, surveys_past_the_limit_are_refused)
{
    struct net *t = three();
    const struct node_command c = {.ask = NODE_SURVEY};
    uint64_t tickets[SURVEY_ASKS + 1];
    net_isolate(t, 0, true); /* so that they last */
    for (size_t i = 0; i <= SURVEY_ASKS; i++)
        tickets[i] = net_command(t, 0, c);
    cr_assert_eq(t->replies[tickets[SURVEY_ASKS]].err, ERR_FULL);
    net_run(t, SECOND);
    for (size_t i = 0; i < SURVEY_ASKS; i++)
        cr_assert(t->replies[tickets[i]].came && t->replies[tickets[i]].err == OK);
    net_free(t);
}
