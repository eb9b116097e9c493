#include <criterion/criterion.h>

#include "loop/inside.h"

#include "kit.h"

static struct push *push_of(struct loop *l)
{
    const struct node_applied applied = {.dot = {.epoch = 1, .seq = 1, .kind = DOT_KEY}};
    return push_new(&applied, &cache_config(l->cache)->hkey);
}

Test(worker, pushes_over_the_limit_become_one_push_of_everything)
{
    struct loop *l = kit_still(0);
    struct worker *w = l->workers[0];
    struct push *p = push_of(l);
    atomic_store(&w->subscribers, 1);
    for (int i = 0; i < WORKER_PUSHES_MAX; i++)
        worker_push(w, p);
    cr_expect_eq(p->refs, WORKER_PUSHES_MAX + 1);
    cr_expect_not(w->push_lost);
    worker_push(w, p);
    cr_expect(w->push_lost);
    cr_expect_eq(p->refs, WORKER_PUSHES_MAX + 1, "the one over the limit is not kept");
    atomic_store(&w->subscribers, 0);
    loop_free(l);
    cr_expect_eq(p->refs, 1);
    push_drop(p);
}

Test(worker, nothing_is_queued_while_nobody_listens)
{
    struct loop *l = kit_still(0);
    struct push *p = push_of(l);
    worker_push(l->workers[0], p);
    worker_push(l->workers[0], NULL);
    cr_expect_eq(p->refs, 1);
    cr_expect_not(l->workers[0]->push_lost);
    push_drop(p);
    loop_free(l);
}

/* ---- dots from inside the process ---- */

static void on_done(void *ctx, const struct node_reply *reply)
{
    *(struct node_reply *)ctx = *reply;
}

Test(worker, the_control_thread_issues_dots_itself)
{
    struct loop *l = kit_still(0);
    struct node_reply reply = {.err = ERR_COUNT};
    const struct node_target target = {.kind = DOT_ALL};
    const struct node_command command = {.targets = &target, .targets_n = 1};
    loop_command(l, &command, on_done, &reply);
    cr_expect_eq(reply.err, OK);
    cr_expect_eq(reply.seq, 1);
    cr_expect_eq(reply.epoch, l->world.ctx.epoch);
    loop_free(l);
}

/** A command that waits for another node, of which there is none, longer than any test lasts. */
static void command_that_waits(struct loop *l, struct node_reply *reply)
{
    static const struct node_target target = {.kind = DOT_ALL};
    const struct node_command command = {.targets = &target,
                                         .targets_n = 1,
                                         .ack = {.level = ACK_NODES, .k = 1},
                                         .timeout_us = 3600 * US_PER_SEC};
    reply->err = ERR_COUNT;
    loop_command(l, &command, on_done, reply);
    cr_assert_eq(reply->err, ERR_COUNT, "it waits");
}

Test(worker, commands_that_wait_can_be_ended_before_their_callers_go)
{
    struct loop *l = kit_still(0);
    struct node_reply replies[2];
    command_that_waits(l, &replies[0]);
    command_that_waits(l, &replies[1]);
    loop_commands_end(l);
    cr_expect_eq(replies[0].err, ERR_REFUSED);
    cr_expect_eq(replies[1].err, ERR_REFUSED);
    replies[0].err = ERR_COUNT;
    loop_commands_end(l);
    cr_expect_eq(replies[0].err, ERR_COUNT, "each is told once");
    loop_free(l);
}

Test(worker, commands_that_wait_are_released_with_their_loop)
{
    struct loop *l = kit_still(0);
    struct node_reply reply;
    command_that_waits(l, &reply);
    loop_free(l);
    cr_expect_eq(reply.err, ERR_COUNT);
}

Test(worker, a_trace_is_told_with_the_number_of_dots_of_its_stamp)
{
    struct loop *l = kit_still(0);
    struct node_reply issued = {.err = ERR_COUNT}, traced = {.err = ERR_COUNT};
    const struct node_target targets[] = {{.kind = DOT_KEY, .hash = 1},
                                          {.kind = DOT_KEY, .hash = 2}};
    const struct node_command issue = {.targets = targets, .targets_n = 2};
    struct node_command trace = {.ask = NODE_TRACE, .stamps_n = 1};
    loop_command(l, &issue, on_done, &issued);
    cr_assert_eq(issued.err, OK);
    trace.stamps[0] =
        (struct stamp){.epoch = issued.epoch, .seq = issued.seq, .count = issued.count};
    loop_command(l, &trace, on_done, &traced);
    cr_expect_eq(traced.err, OK);
    cr_expect_eq(traced.seq, 2);
    cr_expect_eq(traced.count, 2);
    cr_expect_eq(traced.traced_n, 1);
    loop_free(l);
}

Test(worker, a_survey_tells_what_this_node_has)
{
    struct loop *l = kit_still(0);
    struct node_reply surveyed = {.err = ERR_COUNT};
    const struct node_command survey = {.ask = NODE_SURVEY};
    loop_command(l, &survey, on_done, &surveyed);
    cr_expect_eq(surveyed.err, OK);
    cr_expect_eq(surveyed.surveyed_n, 1);
    loop_free(l);
}

Test(worker, a_keyring_can_be_replaced_but_not_taken_away)
{
    struct loop *l = kit_still(0);
    struct keyring ring = {.n = 1};
    cr_expect_eq(loop_keyring_set(l, &ring), ERR_CONFIG, "a plain node stays plain");
    ring.n = 0;
    cr_expect_eq(loop_keyring_set(l, &ring), OK);
    loop_free(l);
}
