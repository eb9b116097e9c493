/** Output that clients do not take: what all of them together may leave waiting. */
#include <criterion/criterion.h>
#include <sched.h>
#include <string.h>

#include "kit.h"

#define GETS 32 /* of 1 MiB each: more than any socket holds */

static char value[KIT_VALUE_MAX];

static void start(void)
{
    const struct loop_cfg cfg = kit_cfg();
    kit_make(&cfg);
    memset(value, 'v', sizeof value - 1);
}

TestSuite(output, .init = start, .fini = kit_end, .timeout = 60);

/** As if others had left so much. */
static void launch_with(uint64_t waiting)
{
    atomic_store(&kit_loop->world.out_waiting, waiting);
    kit_launch();
    struct client c = kit_dial();
    const struct client_got got = kit_get(&c, "k");
    cr_assert(kit_fill(&c, "k", value, got.token).stored);
    kit_hang_up(&c);
}

static const struct client_request get_k = {.op = OP_GET, .fill.key = {(const uint8_t *)"k", 1}};

static void ask_for_much(struct client *c)
{
    for (int i = 0; i < GETS; i++)
        (void)kit_ask(c, get_k);
}

/** Until the node will have no more of it, which may be before the last. */
static void ask_for_too_much(struct client *c)
{
    for (int i = 0; i < GETS && kit_offer(c, get_k); i++)
        continue;
}

static void take_all(struct client *c)
{
    for (uint32_t i = 1; i <= GETS; i++)
        cr_assert_eq(kit_got(c, i).value.len, sizeof value - 1);
}

/** A client may have its bytes before the worker that sent them has counted them. */
static void await_waiting(uint64_t bytes)
{
    while (kit_counters().output_waiting != bytes)
        sched_yield();
}

Test(output, beyond_the_limit_of_all_who_does_not_read_is_closed)
{
    const uint64_t others = kit_loop->world.out_max;
    launch_with(others);
    struct client c = kit_dial(), reader = kit_dial();
    ask_for_too_much(&c);
    while (kit_counters().output_full == 0)
        sched_yield();
    cr_expect_eq(kit_counters().output_waiting, others, "what it left is not waited for");
    cr_expect_eq(kit_counters().output_full, 1);
    cr_expect_eq(kit_counters().connections_closed_slow, 0);
    cr_expect_eq(kit_call(&reader, (struct client_request){.op = OP_PING}).error.len, 0,
                 "who reads is served");
    kit_hang_up(&c);
    kit_hang_up(&reader);
}

Test(output, when_much_waits_a_connection_is_read_in_smaller_portions)
{
    launch_with(kit_loop->world.out_max / 2 + 1);
    struct client c = kit_dial();
    ask_for_much(&c);
    take_all(&c);
    cr_expect_eq(kit_counters().output_full, 0);
    await_waiting(kit_loop->world.out_max / 2 + 1);
    kit_hang_up(&c);
}

Test(output, what_waits_is_counted_until_it_is_taken)
{
    launch_with(0);
    struct client c = kit_dial();
    ask_for_much(&c);
    while (kit_counters().output_waiting == 0)
        sched_yield();
    cr_expect_leq(kit_counters().output_waiting,
                  CONN_OUT_MAX + command_room_max(&kit_loop->world.ctx));
    take_all(&c);
    await_waiting(0);
    kit_hang_up(&c);
}

/* ---- replies that wait for those of others ---- */

#define CROWD 24 /* clients, */
#define EACH  40 /* gets of each: what they ask for at once is several times what is sent at once */

static void ask_all(struct client clients[CROWD])
{
    for (int round = 0; round < EACH; round++)
        for (int i = 0; i < CROWD; i++)
            (void)kit_ask(&clients[i], get_k);
}

Test(output, many_who_ask_at_once_are_all_answered_in_order)
{
    struct client clients[CROWD];
    value[1000] = '\0';
    launch_with(0);
    for (int i = 0; i < CROWD; i++)
        clients[i] = kit_dial();
    ask_all(clients);
    for (int i = 0; i < CROWD; i++)
        for (uint32_t id = 1; id <= EACH; id++)
            cr_assert_eq(kit_got(&clients[i], id).value.len, 1000);
    for (int i = 0; i < CROWD; i++)
        kit_hang_up(&clients[i]);
}

Test(output, who_hangs_up_before_the_answer_is_sent_harms_nobody)
{
    struct client clients[CROWD];
    value[1000] = '\0';
    launch_with(0);
    for (int i = 0; i < CROWD; i++)
        clients[i] = kit_dial();
    ask_all(clients);
    for (int i = 0; i < CROWD; i += 2)
        kit_hang_up(&clients[i]);
    for (int i = 1; i < CROWD; i += 2)
        for (uint32_t id = 1; id <= EACH; id++)
            cr_assert_eq(kit_got(&clients[i], id).value.len, 1000);
    for (int i = 1; i < CROWD; i += 2)
        kit_hang_up(&clients[i]);
}
