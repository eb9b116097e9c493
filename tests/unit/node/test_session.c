#include <criterion/criterion.h>
#include <string.h>

#include "node/state.h"

#include "forge.h"

/** A rig with a key, and a forger who has it, too. */
struct stand {
    struct rig rig;
    struct forge *f;
};

static void set_up(struct stand *t)
{
    rig_init(&t->rig, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1});
    rig_drain(&t->rig);
    t->f = forge_new(&t->rig, "c");
}

static void tear_down(struct stand *t)
{
    forge_free(t->f);
    rig_fini(&t->rig);
}

/** What whoever recorded a stream, and later got the keyring, reads of it. */
struct thief {
    struct keyring *ring;
    struct packet_ctx ends[2];
    uint32_t frames, read;
};

static void steal(void *ctx, const struct node_out *out)
{
    static uint8_t buf[STREAM_FRAME_MAX];
    struct thief *t = ctx;
    struct packet_in in;
    if (out->kind != NODE_OUT_STREAM)
        return;
    t->frames++;
    for (size_t i = 0; i < 2; i++)
        t->read += packet_open(&t->ends[i], CHANNEL_TCP, out->bytes, buf, &in) == OK;
}

static void init_thief(struct thief *t, struct keyring *ring)
{
    static const char *const names[] = {"a", "b"};
    const struct slice cluster = slice_text("test");
    const struct run run = {{77}};
    *t = (struct thief){.ring = ring};
    for (size_t i = 0; i < 2; i++)
        packet_ctx_init(&t->ends[i], ring, cluster, hash_node_id(cluster, slice_text(names[i])),
                        &run);
}

Test(session, who_gets_the_keyring_later_reads_two_hellos_and_nothing_else)
{
    struct rig a, b;
    struct thief thief;
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1, .seeded = true});
    rig_init(&b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2});
    init_thief(&thief, &a.ring);
    a.tap = b.tap = steal;
    a.tap_ctx = b.tap_ctx = &thief;
    node_recv(a.node, a.now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &b.addr, .names_n = 1});
    rig_talk(&a, &b, 3 * US_PER_SEC);
    cr_assert_eq(rig_view(&a).alive, 2);
    cr_assert_geq(thief.frames, 6, "%u frames went by", thief.frames);
    cr_assert_eq(thief.read % 2, 0);
    cr_assert_leq(thief.read, 2 * (rig_view(&a).node.streams_out + rig_view(&b).node.streams_out));
    cr_assert_gt(thief.read, 0, "the thief can read at all");
    rig_fini(&a);
    rig_fini(&b);
}

/** Swaps the keys of the opener as soon as its HELLO is on its way. */
static void turn_ring(void *ctx, const struct node_out *out)
{
    struct rig *r = ctx;
    struct keyring *ring = &r->node->rotation.ring;
    if (out->kind != NODE_OUT_STREAM || ring->keys[0].id != ring->keys[1].id)
        return;
    ring->keys[0].id ^= 1; /* another key, with which nobody has sealed anything */
    ring->keys[0].tcp[0] ^= 1;
    ring->keys[0].udp[0] ^= 1;
    r->tap = NULL;
}

Test(session, a_key_that_is_put_first_between_two_hellos_harms_no_stream)
{
    struct rig a, b;
    rig_init(&a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1, .seeded = true});
    rig_init(&b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2});
    struct keyring *of_a = &a.node->rotation.ring, *of_b = &b.node->rotation.ring;
    of_a->keys[1] = of_a->keys[0];
    of_a->n = 2;
    *of_b = *of_a;
    of_b->keys[0].id ^= 1;
    of_b->keys[0].tcp[0] ^= 1;
    of_b->keys[0].udp[0] ^= 1;
    struct keyring both = *of_b;
    of_b->keys[0] = both.keys[1]; /* b seals with the old key, and knows the new one */
    of_b->keys[1] = both.keys[0];
    a.tap = turn_ring;
    a.tap_ctx = &a;
    node_recv(a.node, a.now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &b.addr, .names_n = 1});
    rig_talk(&a, &b, 3 * US_PER_SEC);
    cr_assert_null(a.tap, "the ring was turned");
    cr_assert_eq(rig_view(&a).alive, 2);
    cr_assert_eq(rig_view(&a).node.streams_failed, 0);
    cr_assert_eq(rig_view(&b).node.streams_failed, 0);
    rig_fini(&a);
    rig_fini(&b);
}

Test(session, a_sealed_hello_without_a_share_closes_the_stream)
{
    struct stand t;
    set_up(&t);
    struct stream_msg hello = forge_hello(t.f, STREAM_FOR_SYNC);
    hello.hello.share = slice_of(NULL, 0);
    forge_say(t.f, &hello);
    cr_assert(t.f->hung_up);
    tear_down(&t);
}

Test(session, a_plain_hello_with_a_share_closes_the_stream)
{
    struct rig a;
    rig_init(&a, &(struct rig_cfg){.name = "a", .run = 1, .host = 1});
    rig_drain(&a);
    struct forge *f = forge_new(&a, "c");
    struct stream_msg hello = forge_hello(f, STREAM_FOR_SYNC);
    hello.hello.share = slice_of(f->pair.share, sizeof f->pair.share);
    forge_say(f, &hello);
    cr_assert(f->hung_up);
    forge_free(f);
    rig_fini(&a);
}

Test(session, a_share_that_makes_no_secret_closes_the_stream)
{
    static const uint8_t weak[STREAM_SHARE_LEN];
    struct stand t;
    set_up(&t);
    struct stream_msg hello = forge_hello(t.f, STREAM_FOR_SYNC);
    hello.hello.share = slice_of(weak, sizeof weak);
    forge_say(t.f, &hello);
    cr_assert(t.f->hung_up);
    cr_assert_eq(t.f->heard_n[STREAM_HELLO], 0);
    tear_down(&t);
}

Test(session, a_frame_under_the_keyring_alone_has_no_place_after_hello)
{
    struct stand t;
    set_up(&t);
    const struct stream_msg hello = forge_hello(t.f, STREAM_FOR_SYNC);
    forge_say(t.f, &hello);
    cr_assert_neq(t.f->challenge, 0);
    const uint64_t before = rig_view(&t.rig).node.dropped_unauthentic;
    t.f->session.on = false;
    forge_say(t.f, &(struct stream_msg){.type = STREAM_AUTH, .echo = t.f->challenge});
    cr_assert(t.f->hung_up);
    cr_assert_eq(rig_view(&t.rig).node.dropped_unauthentic, before + 1);
    cr_assert_eq(rig_view(&t.rig).node.proven, 0);
    tear_down(&t);
}

Test(session, a_frame_of_one_stream_has_no_place_in_another)
{
    struct stand t;
    set_up(&t);
    forge_auth(t.f, STREAM_FOR_SYNC);
    const struct session first = t.f->session;
    node_recv(t.rig.node, t.rig.now,
              &(struct node_in){.kind = NODE_IN_STREAM_DOWN, .conn = FORGE_CONN});
    forge_connect(t.f);
    forge_auth(t.f, STREAM_FOR_SYNC);
    cr_assert(memcmp(&first, &t.f->session, sizeof first) != 0);
    t.f->session = first;
    forge_say(t.f, &(struct stream_msg){.type = STREAM_HEADS});
    cr_assert(t.f->hung_up);
    tear_down(&t);
}

static bool remembers(const struct rig *r, const struct session *keys)
{
    const uint8_t *at = r->arena.at, *end = at + r->arena.len;
    for (; at + sizeof keys->send.bytes <= end; at++)
        if (memcmp(at, keys->send.bytes, sizeof keys->send.bytes) == 0)
            return true;
    return false;
}

Test(session, a_node_forgets_the_keys_of_a_stream_that_ended)
{
    struct stand t;
    set_up(&t);
    forge_auth(t.f, STREAM_FOR_SYNC);
    cr_assert(remembers(&t.rig, &t.f->session));
    node_recv(t.rig.node, t.rig.now,
              &(struct node_in){.kind = NODE_IN_STREAM_DOWN, .conn = FORGE_CONN});
    cr_assert_not(remembers(&t.rig, &t.f->session));
    tear_down(&t);
}
