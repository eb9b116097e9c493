/** Two nodes on a desk. */
#include <criterion/criterion.h>
#include <string.h>

#include "rig.h"

static void pair(struct rig *a, struct rig *b)
{
    rig_init(a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1, .seeded = true});
    rig_init(b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2, .seeded = true});
}

static void introduce(struct rig *to, const struct rig *who)
{
    node_recv(to->node, to->now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &who->addr, .names_n = 1});
}

static void fini(struct rig *a, struct rig *b)
{
    rig_fini(a);
    rig_fini(b);
}

Test(node, without_seeds_it_is_ready_at_once)
{
    struct rig a;
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1});
    cr_assert_eq(node_state(a.node), NODE_READY);
    rig_fini(&a);
}

Test(node, when_nobody_is_known_it_is_ready_alone_after_two_seconds)
{
    struct rig a;
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1, .seeded = true});
    rig_pass(&a, 1900 * US_PER_MS);
    cr_assert_eq(node_state(a.node), NODE_JOINING);
    rig_pass(&a, 200 * US_PER_MS);
    cr_assert_eq(node_state(a.node), NODE_READY);
    rig_fini(&a);
}

/** A node that is patient, and what DNS tells it at once. */
static void begin_patient(struct rig *a, const struct addr *names, size_t n)
{
    rig_init(a, &(struct rig_cfg){.name = "a",
                                  .key = 1,
                                  .run = 1,
                                  .host = 1,
                                  .seeded = true,
                                  .ready_alone_us = 40 * US_PER_SEC});
    node_recv(a->node, a->now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = names, .names_n = n});
}

/** It becomes ready by itself between these times after its start. */
static void expect_ready(struct rig *a, uint64_t not_before_us, uint64_t until_us)
{
    rig_pass(a, not_before_us);
    cr_assert_eq(node_state(a->node), NODE_JOINING);
    rig_pass(a, until_us - not_before_us);
    cr_assert_eq(node_state(a->node), NODE_READY);
    rig_fini(a);
}

Test(node, a_patient_one_takes_no_such_name_for_no_answer)
{
    struct rig a;
    begin_patient(&a, NULL, 0);
    expect_ready(&a, 39900 * US_PER_MS, 40100 * US_PER_MS);
}

Test(node, a_patient_one_is_ready_in_two_seconds_where_dns_names_it_alone)
{
    struct rig a;
    const struct addr own = {.ip = {10, 0, 0, 1}, .ip_len = 4, .port = 6248};
    begin_patient(&a, &own, 1);
    expect_ready(&a, 1900 * US_PER_MS, 2100 * US_PER_MS);
}

Test(node, a_patient_one_waits_where_dns_names_others_or_has_forgotten_it)
{
    struct rig a;
    const struct addr both[] = {{.ip = {10, 0, 0, 1}, .ip_len = 4, .port = 6248},
                                {.ip = {10, 0, 0, 2}, .ip_len = 4, .port = 6248}};
    begin_patient(&a, both, 2);
    expect_ready(&a, 39900 * US_PER_MS, 40100 * US_PER_MS);
    begin_patient(&a, both, 1);
    node_recv(a.node, a.now, &(struct node_in){.kind = NODE_IN_NAMES});
    expect_ready(&a, 39900 * US_PER_MS, 40100 * US_PER_MS);
}

Test(node, alone_it_asks_for_names_at_most_five_seconds_apart_for_ever)
{
    struct rig a;
    struct node_out out;
    mono_us asked = 0;
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1, .seeded = true});
    for (int i = 0; i < 200; i++) {
        while (!rig_take(&a, NODE_OUT_RESOLVE, &out)) {
            a.now = time_max(a.now, node_deadline(a.node));
            node_tick(a.node, a.now);
        }
        cr_assert(asked == 0 || a.now - asked <= 4500 * US_PER_MS);
        asked = a.now;
        node_recv(a.node, a.now, &(struct node_in){.kind = NODE_IN_NAMES});
    }
    rig_fini(&a);
}

Test(node, two_nodes_join_when_one_knows_the_other)
{
    struct rig a;
    struct rig b;
    pair(&a, &b);
    introduce(&a, &b);
    rig_talk(&a, &b, US_PER_SEC);
    cr_assert_eq(node_state(a.node), NODE_READY);
    cr_assert_eq(node_state(b.node), NODE_READY);
    cr_assert_eq(rig_view(&a).alive, 2);
    cr_assert_eq(rig_view(&a).view_hash, rig_view(&b).view_hash);
    fini(&a, &b);
}

Test(node, an_invalidation_reaches_the_other_node_and_is_acknowledged)
{
    struct rig a;
    struct rig b;
    pair(&a, &b);
    introduce(&a, &b);
    rig_talk(&a, &b, US_PER_SEC);
    cr_assert_eq(rig_issue(&a, DOT_KEY, "k").err, OK);
    rig_talk(&a, &b, 5 * US_PER_MS);
    cr_assert_eq(rig_view(&b).ledger.applied, 1);
    cr_assert_eq(rig_view(&a).vector_hash, rig_view(&b).vector_hash);
    struct node_member m;
    for (size_t i = 0; i < rig_view(&a).members; i++) {
        node_member_at(a.node, i, &m);
        cr_assert(m.swim.self || m.covered == 1, "b told what it covered");
    }
    fini(&a, &b);
}

Test(node, while_draining_invalidations_are_refused_once_everybody_has_the_last_one)
{
    struct rig a;
    struct node_out out;
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1});
    node_recv(a.node, a.now, &(struct node_in){.kind = NODE_IN_LEAVE});
    node_tick(a.node, a.now);
    bool left = false;
    while (node_poll(a.node, a.now, &out))
        left = left || out.kind == NODE_OUT_LEFT;
    cr_assert(left, "alone there is nobody to wait for");
    cr_assert_eq(rig_issue(&a, DOT_KEY, "k").err, ERR_REFUSED);
    rig_fini(&a);
}

Test(node, a_second_request_to_leave_is_obeyed_at_once)
{
    struct rig a;
    struct rig b;
    struct node_out out;
    pair(&a, &b);
    introduce(&a, &b);
    rig_talk(&a, &b, US_PER_SEC);
    rig_issue(&a, DOT_KEY, "k"); /* b will not hear of it: the first request has to wait */
    node_recv(a.node, a.now, &(struct node_in){.kind = NODE_IN_LEAVE});
    cr_assert_not(rig_take(&a, NODE_OUT_LEFT, &out));
    node_recv(a.node, a.now, &(struct node_in){.kind = NODE_IN_LEAVE});
    cr_assert(rig_take(&a, NODE_OUT_LEFT, &out));
    fini(&a, &b);
}

Test(node, a_node_that_leaves_is_left_at_the_other_within_a_second_and_never_suspected)
{
    struct rig a;
    struct rig b;
    pair(&a, &b);
    introduce(&a, &b);
    rig_talk(&a, &b, US_PER_SEC);
    node_recv(b.node, b.now, &(struct node_in){.kind = NODE_IN_LEAVE});
    rig_talk(&a, &b, US_PER_SEC);
    cr_assert_eq(node_state(b.node), NODE_LEFT);
    cr_assert_eq(rig_view(&a).alive, 1);
    cr_assert_eq(rig_view(&a).swim.suspicions, 0);
    fini(&a, &b);
}

Test(node, every_arena_that_is_too_small_is_refused)
{
    struct rig a;
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1});
    static const uint8_t secret[SESSION_SEED_LEN];
    struct node_cfg cfg = {.cluster = slice_text("c"),
                           .name = slice_text("n"),
                           .run = {{1}},
                           .secret = secret,
                           .ring = &a.ring};
    node_cfg_sizes(&cfg, SWIM_TEST, 1 << 20);
    cfg.members_max = 4;
    cfg.tombstones_max = 4;
    cfg.origins_max = 4;
    cfg.windows_max = 4;
    cfg.log_max = 16;
    cfg.recent_max = 16;
    struct arena whole = a.arena;
    struct node *n = node_new(&whole, &cfg, a.cache, 1);
    cr_assert_not_null(n);
    const size_t need = whole.used - a.arena.used;
    node_free(n);
    for (size_t len = 0; len < need; len += need / 97 + 1) {
        struct arena small;
        memset(a.arena.at + a.arena.used, 0, need);
        arena_init(&small, a.arena.at + a.arena.used, len);
        cr_assert_null(node_new(&small, &cfg, a.cache, 1));
    }
    rig_fini(&a);
}
