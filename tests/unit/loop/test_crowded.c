/** Too many that have not logged in: who goes, and who stays. */
#include <criterion/criterion.h>
#include <sched.h>
#include <unistd.h>

#include <sys/resource.h>

#include "visitor.h"

TestSuite(crowded, .fini = kit_end, .timeout = 60);

static bool is_served(struct client *c)
{
    return visitor_ask(c, OP_PING).error.len == 0;
}

/* ---- of one address ---- */

/** A node with so many workers, whose strangers may stay, and go after this grace; and eight of them. */
static void fill_crowd(uint32_t workers, uint64_t grace_us, struct client all[CROWD_OF_EACH])
{
    visitor_node(workers, "test");
    kit_loop->auth.patience_us = 3600 * US_PER_SEC;
    kit_loop->auth.crowd.grace_us = grace_us;
    kit_launch();
    for (size_t i = 0; i < CROWD_OF_EACH; i++) {
        all[i] = kit_dial();
        while (kit_counters().strangers <= i)
            (void)sched_yield();
    }
}

Test(crowded, eight_silent_strangers_keep_nobody_of_their_address_out)
{
    struct client all[CROWD_OF_EACH], more[CROWD_OF_EACH];
    fill_crowd(2, 0, all);
    struct client_reply reply =
        visitor_claim(&all[0], "app");           /* it is the oldest, but not silent */
    for (size_t i = 1; i < CROWD_OF_EACH; i++) { /* some are the other worker's */
        struct client c = visitor_as("app", K1);
        cr_expect(is_served(&c));
        cr_expect(visitor_ended(&all[i]), "silent stranger %zu", i);
        kit_hang_up(&c);
        more[i] = kit_dial(); /* takes the place of c, which logged in */
        while (kit_counters().strangers != CROWD_OF_EACH ||
               kit_counters().connections_open != CROWD_OF_EACH)
            (void)sched_yield();
    }
    reply = visitor_prove(&all[0], &reply, K1);
    cr_expect_eq(reply.error.len, 0, "who began to log in is still there");
    cr_expect_eq(kit_counters().strangers_crowded, CROWD_OF_EACH - 1);
    for (size_t i = 0; i < CROWD_OF_EACH; i++) {
        kit_hang_up(&all[i]);
        if (i > 0)
            kit_hang_up(&more[i]);
    }
    while (kit_counters().connections_open > 0)
        (void)sched_yield();
    for (uint32_t i = 0; i < kit_loop->workers_n; i++)
        cr_expect_eq(atomic_load(&kit_loop->workers[i]->load), 0);
}

Test(crowded, who_came_just_now_is_not_displaced)
{
    struct client all[CROWD_OF_EACH];
    fill_crowd(1, 3600 * US_PER_SEC, all);
    struct client ninth = kit_dial();
    visitor_refused(&ninth, "TOO_MANY_CONNECTIONS");
    kit_hang_up(&ninth);
    cr_expect_eq(kit_counters().strangers_crowded, 1);
    const struct client_reply reply = visitor_login(&all[0], "app", K1);
    cr_expect_eq(reply.error.len, 0, "those who are there can log in");
    struct client tenth = visitor_as("app", K1); /* and then there is room for another */
    kit_hang_up(&tenth);
    for (size_t i = 0; i < CROWD_OF_EACH; i++)
        kit_hang_up(&all[i]);
    while (kit_counters().strangers > 0)
        (void)sched_yield();
    cr_expect_eq(kit_counters().strangers_crowded, 1);
}

/* ---- when the node is full ---- */

static void make_full(uint32_t workers, uint32_t connections_max, uint64_t grace_us)
{
    visitor_node(workers, "test");
    kit_loop->auth.patience_us = 3600 * US_PER_SEC;
    kit_loop->auth.crowd.grace_us = grace_us;
    kit_loop->world.connections_max = connections_max;
    kit_launch();
}

static void await_open(uint64_t n)
{
    while (kit_counters().connections_open != n)
        (void)sched_yield();
}

static size_t count_closed(const struct client *all, size_t n)
{
    size_t closed = 0;
    for (size_t i = 0; i < n; i++)
        closed += visitor_was_closed(all[i].fd);
    return closed;
}

Test(crowded, strangers_make_room_when_the_node_is_full)
{
    enum {
        N = 6
    };
    struct client silent[N], all[N];
    make_full(2, N, 0);
    for (size_t i = 0; i < N; i++) {
        silent[i] = kit_dial();
        await_open(i + 1);
    }
    for (size_t i = 0; i < N; i++) {
        all[i] = visitor_as("app", K1);
        while (count_closed(silent, N) < i + 1) /* of whichever worker */
            (void)sched_yield();
        cr_expect_eq(count_closed(silent, N), i + 1);
        cr_expect_eq(kit_counters().connections_open, N);
    }
    cr_expect_eq(kit_counters().strangers_full, N);
    struct client one_more = kit_dial();
    visitor_refused(&one_more, "TOO_MANY_CONNECTIONS"); /* who is logged in stays */
    kit_hang_up(&one_more);
    for (size_t i = 0; i < N; i++) {
        cr_expect(is_served(&all[i]));
        kit_hang_up(&all[i]);
        kit_hang_up(&silent[i]);
    }
    await_open(0);
}

Test(crowded, who_came_just_now_does_not_make_room)
{
    make_full(1, 2, 3600 * US_PER_SEC);
    struct client a = kit_dial(), b = kit_dial();
    await_open(2);
    struct client c = kit_dial();
    visitor_refused(&c, "TOO_MANY_CONNECTIONS");
    cr_expect_eq(kit_counters().strangers_full, 0);
    kit_hang_up(&a);
    kit_hang_up(&b);
    kit_hang_up(&c);
}

Test(crowded, without_descriptors_a_stranger_gives_its_own_up)
{
    struct rlimit limit;
    make_full(1, 1000, 0);
    struct client silent = kit_dial(), mine = kit_dial();
    await_open(2);
    const int next_fd = dup(mine.fd);
    close(next_fd);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit tight = {.rlim_cur = (rlim_t)next_fd + 1, .rlim_max = limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
    struct client c =
        visitor_as("app", K1); /* it has the last descriptor: none is left to accept it */
    cr_expect(is_served(&c));
    cr_expect(visitor_ended(&silent), "it came first");
    cr_expect_not(visitor_was_closed(mine.fd));
    cr_expect_eq(kit_counters().strangers_full, 1);
    cr_expect_eq(kit_counters().accept_errors, 0);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    kit_hang_up(&silent);
    kit_hang_up(&mine);
    kit_hang_up(&c);
}
