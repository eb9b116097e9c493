#include <criterion/criterion.h>

#include "node/path.h"

#include "rig.h"

Test(path, it_begins_with_the_longest_datagrams)
{
    struct path p = {0};
    cr_assert_eq(path_room(&p, 1), 1200);
}

Test(path, a_refusal_is_one_step_down_and_the_last_step_stays)
{
    struct path p = {0};
    path_too_long(&p, 1);
    cr_assert_eq(path_room(&p, 1), 900);
    path_too_long(&p, 1);
    cr_assert_eq(path_room(&p, 1), 508);
    path_too_long(&p, 1);
    cr_assert_eq(path_room(&p, 1), 508);
}

Test(path, a_longer_one_is_tried_again_after_a_minute)
{
    struct path p = {0};
    path_too_long(&p, 1);
    cr_assert_eq(path_room(&p, 1 + PATH_RETRY_US), 900);
    cr_assert_eq(path_room(&p, 2 + PATH_RETRY_US), 1200);
}

Test(path, three_long_ones_without_progress_are_a_black_hole)
{
    struct path p = {0};
    path_sent(&p, 1, 1200);
    path_sent(&p, 1, 1200);
    cr_assert_not(path_heard(&p, 1, 0));
    path_sent(&p, 1, 901);
    cr_assert_not(path_heard(&p, 1, 0), "the answer may be on its way");
    cr_assert(path_heard(&p, 1 + PATH_WAIT_US, 0));
    cr_assert_eq(path_room(&p, 1 + PATH_WAIT_US), 900);
}

Test(path, short_ones_prove_nothing)
{
    struct path p = {0};
    for (int i = 0; i < 100; i++)
        path_sent(&p, 1, 900);
    cr_assert_not(path_heard(&p, 2 * PATH_WAIT_US, 0));
}

Test(path, progress_forgives)
{
    struct path p = {0};
    for (uint64_t i = 1; i < 100; i++) {
        path_sent(&p, 1, 1200);
        path_sent(&p, 1, 1200);
        cr_assert_not(path_heard(&p, i * PATH_WAIT_US, i));
    }
}

Test(path, dots_arrive_over_a_path_that_swallows_long_datagrams)
{
    struct rig a;
    struct rig b;
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1, .seeded = true});
    rig_init(&b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2, .seeded = true});
    node_recv(a.node, a.now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &b.addr, .names_n = 1});
    rig_talk(&a, &b, US_PER_SEC);
    a.swallows = 600;
    for (int i = 0; i < 200; i++)
        rig_issue(&a, DOT_KEY, "k");
    rig_talk(&a, &b, US_PER_SEC);
    cr_assert_eq(rig_view(&b).ledger.applied, 200);
    cr_assert_eq(rig_view(&b).node.broad, 0);
    cr_assert_geq(rig_view(&a).node.black_holes, 1);
    rig_fini(&a);
    rig_fini(&b);
}
