/** From one keyring to the next: which steps are safe, which are refused, and what opens their gates. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "node/state.h"

#include "rig.h"

#define QUIET (600 * US_PER_SEC)

/* 32 bytes each, in base64 */
#define K2 "k2 ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"
#define K3 "k3 QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=\n"
#define K4 "k4 YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8=\n"
#define K5 "k5 gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=\n"

/** Two nodes that met under one key, and the line of that key. */
struct pair {
    struct rig a, b;
    char k1[KEYRING_LINE_MAX + 1];
};

static void set_up(struct pair *p)
{
    uint8_t key[KEYRING_KEY_LEN] = {1}; /* that of the rig */
    memset(p, 0, sizeof *p);
    p->k1[keyring_line("ring", key, p->k1)] = '\0';
    rig_init(&p->a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1, .seeded = true});
    rig_init(&p->b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2});
    node_recv(p->a.node, p->a.now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &p->b.addr, .names_n = 1});
    rig_talk(&p->a, &p->b, 3 * US_PER_SEC);
    cr_assert_eq(rig_view(&p->a).alive, 2);
}

static void tear_down(struct pair *p)
{
    rig_fini(&p->a);
    rig_fini(&p->b);
}

/** Let the file of r hold these lines. */
static void edit(struct rig *r, const char *first, const char *second, const char *third)
{
    char text[6 * KEYRING_LINE_MAX];
    struct keyring ring;
    struct keyring_fault fault = {0};
    (void)snprintf(text, sizeof text, "%s%s%s", first, second, third);
    cr_assert_eq(keyring_parse(slice_text(text), &ring, &fault), OK, "%s", fault.reason);
    node_recv(r->node, r->now, &(struct node_in){.kind = NODE_IN_KEYRING, .keyring = &ring});
}

/** Why a step is refused now; ROTATION_OPEN when none of its kind is. */
static enum node_rotation_why why(const struct rig *r, enum keyring_step step)
{
    const struct node_view v = rig_view(r);
    for (size_t i = 0; i < v.rotation.pending_n; i++)
        if (v.rotation.pending[i].step == step)
            return v.rotation.pending[i].why;
    return ROTATION_OPEN;
}

static uint32_t first_key(const struct rig *r)
{
    return rig_view(r).keys[0];
}

Test(rotation, a_key_is_installed_promoted_and_retired_one_step_after_the_other)
{
    struct pair p;
    set_up(&p);
    const uint32_t old = first_key(&p.a);
    edit(&p.a, p.k1, K2, "");
    edit(&p.b, p.k1, K2, "");
    rig_talk(&p.a, &p.b, 2 * US_PER_SEC);
    cr_assert_eq(rig_view(&p.a).keys_n, 2);
    cr_assert_eq(first_key(&p.a), old);
    edit(&p.a, K2, p.k1, "");
    edit(&p.b, K2, p.k1, "");
    cr_assert_neq(first_key(&p.a), old, "all hold it");
    cr_assert_eq(first_key(&p.b), first_key(&p.a));
    rig_talk(&p.a, &p.b, 2 * US_PER_SEC);
    edit(&p.a, K2, "", "");
    edit(&p.b, K2, "", "");
    cr_assert_eq(why(&p.a, KEYRING_RETIRE), ROTATION_HEARD);
    rig_talk(&p.a, &p.b, QUIET - 60 * US_PER_SEC);
    cr_assert_eq(rig_view(&p.a).keys_n, 2, "not before its time");
    rig_talk(&p.a, &p.b, 70 * US_PER_SEC);
    cr_assert_eq(rig_view(&p.a).keys_n, 1, "it goes by itself");
    cr_assert_eq(rig_view(&p.b).keys_n, 1);
    cr_assert_eq(rig_view(&p.a).alive, 2);
    cr_assert_eq(rig_view(&p.a).node.dropped_key + rig_view(&p.b).node.dropped_key, 0);
    const struct rotation_counters c = rig_view(&p.a).rotation.counters;
    cr_assert(c.installed == 1 && c.promoted == 1 && c.retired == 1 && c.forced == 0);
    cr_assert_eq(c.refused, 1);
    tear_down(&p);
}

Test(rotation, a_key_that_a_live_member_lacks_is_not_promoted_until_it_has_it)
{
    struct pair p;
    struct node_out out;
    set_up(&p);
    const uint32_t old = first_key(&p.a);
    rig_drain(&p.a);
    edit(&p.a, K2, p.k1, "");
    cr_assert_eq(why(&p.a, KEYRING_PROMOTE), ROTATION_LACKS);
    cr_assert_eq(first_key(&p.a), old);
    cr_assert(rig_take(&p.a, NODE_OUT_ROTATED, &out) && out.rotated.taken, "it is installed");
    cr_assert(rig_take(&p.a, NODE_OUT_ROTATED, &out) && !out.rotated.taken);
    cr_assert_eq(out.rotated.step, KEYRING_PROMOTE);
    cr_assert(slice_eq(out.rotated.member, slice_text("b")) && out.rotated.members_n == 1);
    rig_talk(&p.a, &p.b, 20 * US_PER_SEC);
    cr_assert_eq(first_key(&p.a), old);
    cr_assert_eq(rig_view(&p.a).rotation.counters.refused, 1, "told once");
    edit(&p.b, p.k1, K2, "");
    rig_talk(&p.a, &p.b, 3 * US_PER_SEC);
    cr_assert_neq(first_key(&p.a), old, "the gate opened, and the file still says so");
    cr_assert_eq(rig_view(&p.a).rotation.pending_n, 0);
    tear_down(&p);
}

Test(rotation, a_member_that_is_suspected_still_counts_and_a_dead_one_does_not)
{
    struct pair p;
    set_up(&p);
    const uint32_t old = first_key(&p.a);
    edit(&p.a, K2, p.k1, "");
    while (rig_view(&p.a).alive == 2) { /* b is silent from now on */
        cr_assert_eq(first_key(&p.a), old);
        rig_pass(&p.a, 100 * US_PER_MS);
    }
    rig_pass(&p.a, 30 * US_PER_SEC);
    cr_assert_neq(first_key(&p.a), old);
    tear_down(&p);
}

Test(rotation, a_packet_under_a_key_that_goes_begins_its_time_anew)
{
    struct pair p;
    set_up(&p);
    edit(&p.a, p.k1, K2, "");
    edit(&p.b, p.k1, K2, "");
    rig_talk(&p.a, &p.b, 2 * US_PER_SEC);
    edit(&p.a, K2, "", ""); /* b goes on under the old one */
    cr_assert_eq(why(&p.a, KEYRING_RETIRE), ROTATION_SEALS);
    rig_talk(&p.a, &p.b, QUIET + 10 * US_PER_SEC);
    cr_assert_eq(rig_view(&p.a).keys_n, 2);
    edit(&p.b, K2, p.k1, "");
    rig_talk(&p.a, &p.b, 2 * US_PER_SEC);
    cr_assert_eq(why(&p.a, KEYRING_RETIRE), ROTATION_HEARD);
    rig_talk(&p.a, &p.b, QUIET / 2);
    edit(&p.b, p.k1, K2, ""); /* back, and forth */
    rig_talk(&p.a, &p.b, 2 * US_PER_SEC);
    edit(&p.b, K2, p.k1, "");
    rig_talk(&p.a, &p.b, QUIET / 2 + 10 * US_PER_SEC);
    cr_assert_eq(rig_view(&p.a).keys_n, 2, "it was heard half its time ago");
    rig_talk(&p.a, &p.b, QUIET / 2);
    cr_assert_eq(rig_view(&p.a).keys_n, 1);
    tear_down(&p);
}

Test(rotation, the_key_that_seals_stays_whatever_the_file_says_until_another_one_seals)
{
    struct pair p;
    char forced[64];
    set_up(&p);
    const uint32_t old = first_key(&p.a);
    snprintf(forced, sizeof forced, "force retire %08x\n", old);
    edit(&p.a, K2, forced, "");
    cr_assert_eq(first_key(&p.a), old);
    cr_assert_eq(rig_view(&p.a).keys_n, 2);
    cr_assert_eq(why(&p.a, KEYRING_PROMOTE), ROTATION_LACKS);
    cr_assert_eq(why(&p.a, KEYRING_RETIRE), ROTATION_PRIMARY);
    tear_down(&p);
}

Test(rotation, a_forced_step_is_taken_told_and_counted)
{
    struct pair p;
    struct node_out out;
    char promote[64], retire[64];
    struct keyring k2;
    struct keyring_fault fault;
    set_up(&p);
    cr_assert_eq(keyring_parse(slice_text(K2), &k2, &fault), OK);
    snprintf(promote, sizeof promote, "force promote %08x\n", k2.keys[0].id);
    snprintf(retire, sizeof retire, "force retire %08x\n", first_key(&p.a));
    edit(&p.a, p.k1, K2, "");
    rig_drain(&p.a);
    edit(&p.a, K2, promote, retire);
    cr_assert_eq(first_key(&p.a), k2.keys[0].id);
    cr_assert_eq(rig_view(&p.a).keys_n, 1);
    cr_assert_eq(rig_view(&p.a).rotation.counters.forced, 2);
    cr_assert(rig_take(&p.a, NODE_OUT_ROTATED, &out) && out.rotated.taken);
    cr_assert_eq(out.rotated.why, ROTATION_LACKS);
    cr_assert(rig_take(&p.a, NODE_OUT_ROTATED, &out) && out.rotated.taken);
    cr_assert_eq(out.rotated.step, KEYRING_RETIRE);
    tear_down(&p);
}

Test(rotation, a_fifth_key_waits_until_one_has_gone)
{
    struct pair p;
    set_up(&p);
    edit(&p.a, p.k1, K2 K3, K4);
    edit(&p.b, p.k1, K2 K3, K4);
    cr_assert_eq(rig_view(&p.a).keys_n, 4);
    edit(&p.a, p.k1, K2 K3, K5);
    cr_assert_eq(rig_view(&p.a).keys_n, 4);
    cr_assert_eq(why(&p.a, KEYRING_INSTALL), ROTATION_FULL);
    cr_assert_eq(why(&p.a, KEYRING_RETIRE), ROTATION_HEARD);
    rig_talk(&p.a, &p.b, QUIET + 10 * US_PER_SEC);
    cr_assert_eq(rig_view(&p.a).rotation.pending_n, 0);
    cr_assert_eq(rig_view(&p.a).rotation.counters.installed, 4);
    tear_down(&p);
}

Test(rotation, a_key_of_another_ring_under_a_known_id_is_not_taken_for_it)
{
    struct pair p;
    set_up(&p);
    struct keyring ring = p.a.ring;
    ring.keys[1] = ring.keys[0];
    ring.keys[1].udp[0] ^= 1; /* the id is the same */
    ring.keys[1].label[0] = 'x';
    ring.n = 2;
    node_recv(p.a.node, p.a.now, &(struct node_in){.kind = NODE_IN_KEYRING, .keyring = &ring});
    cr_assert_eq(rig_view(&p.a).keys_n, 1);
    cr_assert_eq(why(&p.a, KEYRING_INSTALL), ROTATION_CLASH);
    tear_down(&p);
}

Test(rotation, a_node_begins_with_its_file_whatever_others_hold)
{
    struct rig a;
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 9, .run = 1, .host = 1, .seeded = true});
    cr_assert_eq(rig_view(&a).keys_n, 1);
    cr_assert_eq(rig_view(&a).rotation.counters.installed, 0);
    cr_assert_eq(rig_view(&a).rotation.pending_n, 0);
    rig_fini(&a);
}

Test(rotation, who_has_not_joined_yet_promotes_nothing)
{
    struct rig a;
    char k1[KEYRING_LINE_MAX + 1];
    uint8_t key[KEYRING_KEY_LEN] = {1};
    k1[keyring_line("ring", key, k1)] = '\0';
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1, .seeded = true});
    edit(&a, K2, k1, "");
    cr_assert_eq(why(&a, KEYRING_PROMOTE), ROTATION_JOINING);
    rig_pass(&a, 5 * US_PER_SEC); /* it meets nobody */
    cr_assert_eq(why(&a, KEYRING_PROMOTE), ROTATION_OPEN);
    cr_assert_eq(rig_view(&a).rotation.counters.promoted, 1);
    rig_fini(&a);
}

/** b has gone on to K2 and forgotten the key of a: it opens nothing that a seals. */
Test(rotation, who_reaches_nobody_promotes_the_key_that_it_hears_others_seal_with)
{
    struct rig a, b;
    char k1[KEYRING_LINE_MAX + 1];
    uint8_t key[KEYRING_KEY_LEN] = {1};
    k1[keyring_line("ring", key, k1)] = '\0';
    rig_init(&b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2, .seeded = true});
    rig_pass(&b, 5 * US_PER_SEC);
    edit(&b, K2, "", "");
    rig_pass(&b, QUIET + 5 * US_PER_SEC);
    cr_assert_eq(rig_view(&b).keys_n, 1);
    rig_init(&a, &(struct rig_cfg){
                     .name = "a", .key = 1, .run = 1, .host = 1, .seeded = true, .now = b.now});
    edit(&a, K2, k1, "");
    cr_assert_eq(why(&a, KEYRING_PROMOTE), ROTATION_JOINING);
    node_recv(b.node, b.now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &a.addr, .names_n = 1});
    rig_talk(&a, &b, 1500 * US_PER_MS);
    cr_assert_eq(first_key(&a), first_key(&b), "before it gives up joining");
    node_recv(b.node, b.now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &a.addr, .names_n = 1});
    rig_talk(&a, &b, 5 * US_PER_SEC);
    cr_assert_eq(rig_view(&a).alive, 2);
    rig_fini(&a);
    rig_fini(&b);
}

Test(rotation, the_same_file_again_is_told_again)
{
    struct pair p;
    set_up(&p);
    edit(&p.a, K2, p.k1, "");
    cr_assert_eq(rig_view(&p.a).rotation.counters.refused, 1);
    edit(&p.a, K2, p.k1, "");
    cr_assert_eq(rig_view(&p.a).rotation.counters.refused, 2);
    edit(&p.a, p.k1, K2, "");
    cr_assert_eq(rig_view(&p.a).rotation.pending_n, 0, "nothing is wanted any more");
    tear_down(&p);
}

Test(rotation, a_plain_node_tells_no_keys)
{
    struct rig a;
    rig_init(&a, &(struct rig_cfg){.name = "a", .run = 1, .host = 1});
    cr_assert_eq(a.node->rotation.ring.n, 0);
    cr_assert_eq(swim_own_record(a.node->swim).meta.len, 0);
    rig_fini(&a);
}
