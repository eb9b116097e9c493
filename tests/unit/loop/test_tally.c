#include <criterion/criterion.h>

#include "base/attr.h"

#include "kit.h"

static void start(void)
{
    const struct loop_cfg cfg = kit_cfg();
    kit_make(&cfg);
    kit_launch();
}

TestSuite(tally, .init = start, .fini = kit_end, .timeout = 60);

static uint64_t timed(enum loop_timed what)
{
    const struct loop_counters c = kit_counters();
    return spans_count(&c.timed[what]);
}

Test(tally, keys_are_counted_by_what_they_were_answered_with)
{
    const struct slice keys[] = {slice_text("there"), slice_text("elsewhere"),
                                 slice_text("nowhere")};
    struct client c = kit_dial();
    kit_put(&c, "there", slice_text("v"));
    (void)kit_get(&c, "there");
    (void)kit_call(
        &c, (struct client_request){.op = OP_MGET, .targets = keys, .targets_n = ARRAY_LEN(keys)});
    const struct loop_counters n = kit_counters();
    cr_expect_eq(n.lookups[STATUS_HIT], 2);
    cr_expect_eq(n.lookups[STATUS_MISS], 2);
    cr_expect_eq(n.lookups[STATUS_STALE] + n.lookups[STATUS_WAIT] + n.lookups[STATUS_UNPROVEN], 0);
    kit_hang_up(&c);
}

Test(tally, who_is_told_that_another_loads_was_told_to_wait)
{
    struct client a = kit_dial();
    struct client b = kit_dial();
    cr_expect_eq(kit_get(&a, "k").status, STATUS_MISS);
    cr_expect_eq(kit_get(&b, "k").status, STATUS_WAIT);
    const struct loop_counters n = kit_counters();
    cr_expect_eq(n.lookups[STATUS_MISS], 1);
    cr_expect_eq(n.lookups[STATUS_WAIT], 1);
    kit_hang_up(&a);
    kit_hang_up(&b);
}

Test(tally, errors_are_counted_by_op_wherever_they_are_found)
{
    struct client c = kit_dial();
    const struct client_request bounded = {
        .op = OP_GET, .fill.key = slice_text("k"), .read.within_ms = 5};
    const struct client_request levelled = {.op = OP_INVALIDATE,
                                            .scope = SCOPE_KEY,
                                            .targets = (const struct slice[]){slice_text("k")},
                                            .targets_n = 1,
                                            .ack.level = ACK_QUORUM};
    cr_expect(kit_call(&c, bounded).error.len > 0, "not configured");
    cr_expect(kit_call(&c, levelled).error.len > 0, "neither");
    cr_expect(kit_call(&c, (struct client_request){.op = OP_STATS}).error.len > 0,
              "nobody renders");
    cr_expect(kit_call(&c, (struct client_request){.op = OP_FILL,
                                                   .fill = {.key = slice_text("k"),
                                                            .token = slice_text("none")}})
                      .error.len > 0,
              "no token");
    const struct loop_counters n = kit_counters();
    uint64_t all = 0;
    for (size_t i = 0; i < LOOP_OPS; i++)
        all += n.request_errors[i];
    cr_expect_eq(n.request_errors[OP_GET], 1);
    cr_expect_eq(n.request_errors[OP_INVALIDATE], 1);
    cr_expect_eq(n.request_errors[OP_STATS], 1);
    cr_expect_eq(n.request_errors[OP_FILL], 1);
    cr_expect_eq(all, 4);
    kit_hang_up(&c);
}

Test(tally, one_request_in_so_many_is_timed_and_the_first_is_among_them)
{
    struct client c = kit_dial();
    (void)kit_call(&c,
                   (struct client_request){.op = OP_PING}); /* is not timed, and takes no turn */
    for (int i = 0; i < 2 * LOOP_SAMPLE; i++)
        (void)kit_get(&c, "k");
    cr_expect_eq(timed(TIMED_GET), 2);
    (void)kit_get(&c, "k");
    cr_expect_eq(timed(TIMED_GET), 3);
    kit_hang_up(&c);
}

Test(tally, every_put_and_invalidation_is_timed)
{
    struct client c = kit_dial();
    for (int i = 0; i < 5; i++)
        kit_put(&c, "k", slice_text("v"));
    for (int i = 0; i < 3; i++)
        (void)kit_invalidate(&c, "k");
    cr_expect_eq(timed(TIMED_PUT), 5);
    cr_expect_eq(timed(TIMED_INVALIDATE), 3);
    kit_hang_up(&c);
}
