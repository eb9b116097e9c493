/** New connections: how many in a turn, and who gets them. The workers' threads do not run. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "loop/accept.h"
#include "loop/clock.h"

#include "kit.h"

#define CLIENTS 24

static struct client clients[CLIENTS];

static void start(uint32_t workers)
{
    struct loop_cfg cfg = kit_cfg();
    cfg.workers = workers;
    kit_make(&cfg);
    for (uint32_t i = 0; i < workers; i++)
        atomic_store(&kit_loop->workers[i]->turned_at, clock_now());
}

static void start_two(void)
{
    start(2);
}

static void start_one(void)
{
    start(1);
}

static void end(void)
{
    loop_free(kit_loop);
}

TestSuite(accept, .init = start_two, .fini = end, .timeout = 60);

/** So many clients wait for being accepted. */
static void dial(size_t n)
{
    for (size_t i = 0; i < n; i++)
        clients[i] = kit_dial();
}

static void hang_up(size_t n)
{
    for (size_t i = 0; i < n; i++)
        kit_hang_up(&clients[i]);
}

static void accept_turn(struct worker *w)
{
    accept_ready(w->ev, &w->accept, EV_READ);
}

static void accept_all(void)
{
    for (uint32_t i = 0; i < kit_loop->workers_n; i++) {
        accept_turn(kit_loop->workers[i]);
        accept_turn(kit_loop->workers[i]);
    }
}

Test(accept_alone, one_turn_accepts_no_more_than_its_budget, .init = start_one, .fini = end,
     .timeout = 60)
{
    dial(CLIENTS);
    accept_turn(kit_loop->workers[0]);
    cr_expect_eq(kit_counters().connections_total, ACCEPT_MAX);
    accept_turn(kit_loop->workers[0]);
    cr_expect_eq(kit_counters().connections_total, CLIENTS);
    cr_expect_eq(kit_counters().connections_open, CLIENTS);
    hang_up(CLIENTS);
}

Test(accept, connections_are_shared_out_evenly)
{
    dial(CLIENTS);
    accept_all();
    cr_expect_eq(atomic_load(&kit_loop->workers[0]->load), CLIENTS / 2);
    cr_expect_eq(atomic_load(&kit_loop->workers[1]->load), CLIENTS / 2);
    const struct loop_counters c = kit_counters();
    cr_expect_eq(c.connections_open, CLIENTS);
    cr_expect_gt(c.connections_handed, 0, "who accepts first hands on every second");
    hang_up(CLIENTS);
}

Test(accept, who_does_not_turn_is_given_none)
{
    atomic_store(&kit_loop->workers[1]->turned_at, 0);
    dial(CLIENTS);
    accept_turn(kit_loop->workers[0]);
    cr_expect_eq(atomic_load(&kit_loop->workers[1]->load), 0);
    cr_expect_eq(kit_counters().connections_handed, 0);
    hang_up(CLIENTS);
}

static int some_fd(void)
{
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    return fd;
}

Test(accept, what_does_not_fit_the_queue_stays_with_who_accepted)
{
    struct worker *full = kit_loop->workers[1];
    for (int i = 0; i < ACCEPT_QUEUE_MAX; i++)
        cr_assert(accept_hand(full, some_fd()));
    const int one_more = some_fd();
    cr_expect_not(accept_hand(full, one_more));
    close(one_more);
    dial(CLIENTS);
    accept_turn(kit_loop->workers[0]);
    const struct loop_counters c = kit_counters();
    cr_expect_eq(c.connections_handed, 0);
    cr_expect_eq(c.connections_hand_full, c.connections_total - 1, "all but the first");
    cr_expect_eq(atomic_load(&full->load), 0);
    cr_expect_eq(atomic_load(&kit_loop->workers[0]->load), c.connections_total);
    hang_up(CLIENTS);
}

Test(accept, what_was_handed_and_never_taken_is_closed)
{
    const int fd = some_fd();
    cr_assert(accept_hand(kit_loop->workers[1], fd));
    accept_drop(kit_loop->workers[1]);
    cr_expect_eq(fcntl(fd, F_GETFD), -1);
}

Test(accept_running, what_was_handed_is_served, .timeout = 60)
{
    const struct loop_cfg cfg = kit_cfg();
    kit_make(&cfg);
    kit_launch();
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = kit_dial();
        cr_expect_eq(kit_call(&clients[i], (struct client_request){.op = OP_PING}).error.len, 0);
    }
    cr_expect_eq(atomic_load(&kit_loop->workers[0]->load), CLIENTS / 2);
    cr_expect_eq(atomic_load(&kit_loop->workers[1]->load), CLIENTS / 2);
    hang_up(CLIENTS);
    while (kit_counters().connections_open > 0)
        sched_yield();
    cr_expect_eq(atomic_load(&kit_loop->workers[0]->load), 0);
    cr_expect_eq(atomic_load(&kit_loop->workers[1]->load), 0);
    kit_end();
}
