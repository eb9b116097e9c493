/** Modes of gossip sealing: who hears whom, what answers look like, and what nobody may forge. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "node/peer.h"

#include "forge.h"
#include "rig.h"

#define MODES  4
#define KEY_AT 4 /* of the key id in a packet */

static enum seal_mode mode_at(size_t i)
{
    return (enum seal_mode)(SEAL_OFF + i);
}

static bool hears(enum seal_mode to, enum seal_mode from)
{
    return mode_seals(from) ? mode_takes_sealed(to) : mode_takes_plain(to);
}

static bool is_sealed(struct slice packet)
{
    struct reader r = reader_of(slice_of(packet.at + KEY_AT, 4));
    return read_u32(&r) != 0;
}

static void start(struct rig *r, const char *name, enum seal_mode mode)
{
    const uint8_t n = (uint8_t)(name[0] - 'a' + 1);
    rig_init(
        r,
        &(struct rig_cfg){
            .name = name, .key = 1, .crypto = mode, .run = n, .host = n, .seeded = name[0] != 'a'});
    rig_drain(r);
}

/* Tell r where somebody may be. */
static void seed(struct rig *r, const struct rig *at)
{
    node_recv(r->node, r->now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &at->addr, .names_n = 1});
    node_tick(r->node, r->now);
}

/* ---- datagrams ---- */

Test(crypto, a_datagram_is_taken_or_refused_by_the_modes_of_both)
{
    for (size_t i = 0; i < MODES * MODES; i++) {
        const enum seal_mode from = mode_at(i / MODES), to = mode_at(i % MODES);
        struct rig a, b;
        struct node_out out;
        start(&a, "a", to);
        start(&b, "b", from);
        seed(&b, &a);
        cr_assert(rig_take(&b, NODE_OUT_DATAGRAM, &out));
        cr_assert_eq(is_sealed(out.bytes), mode_seals(from));
        rig_datagram(&a, &b.addr, out.bytes);
        const bool answered = rig_take(&a, NODE_OUT_DATAGRAM, &out);
        const struct node_counters c = rig_view(&a).node;
        cr_assert_eq(answered, hears(to, from), "%s to %s", mode_text(from), mode_text(to));
        cr_assert_eq(c.dropped_plain, !answered && !mode_seals(from));
        cr_assert_eq(c.dropped_key, !answered && mode_seals(from));
        cr_assert_eq(c.plain_taken, answered && !mode_seals(from));
        if (answered)
            cr_assert_eq(is_sealed(out.bytes), mode_seals(to), "it answers as it always speaks");
        rig_fini(&a);
        rig_fini(&b);
    }
}

/* What a node says in all, datagrams and frames alike. */
struct spoken {
    size_t plain, sealed, frames;
};

static void listen_in(void *ctx, const struct node_out *out)
{
    struct spoken *s = ctx;
    if (out->kind != NODE_OUT_DATAGRAM && out->kind != NODE_OUT_STREAM)
        return;
    s->sealed += is_sealed(out->bytes);
    s->plain += !is_sealed(out->bytes);
    s->frames += out->kind == NODE_OUT_STREAM;
}

Test(crypto, two_nodes_become_members_and_sync_exactly_when_their_modes_are_neighbours)
{
    for (size_t i = 0; i < MODES * MODES; i++) {
        const enum seal_mode left = mode_at(i / MODES), right = mode_at(i % MODES);
        const bool both = hears(left, right) && hears(right, left);
        struct rig a, b;
        struct spoken of_a = {0}, of_b = {0};
        start(&a, "a", left);
        start(&b, "b", right);
        a.tap = b.tap = listen_in;
        a.tap_ctx = &of_a;
        b.tap_ctx = &of_b;
        seed(&b, &a);
        rig_talk(&a, &b, 10 * US_PER_SEC);
        cr_assert_eq(rig_view(&a).alive, both ? 2 : 1, "%s, %s", mode_text(left), mode_text(right));
        cr_assert_eq(rig_view(&b).alive, both ? 2 : 1);
        cr_assert_eq(of_b.frames > 0 && rig_view(&b).node.streams_failed == 0, both);
        cr_assert_eq(mode_seals(left) ? of_a.plain : of_a.sealed, 0, "one way, for life");
        cr_assert_eq(mode_seals(right) ? of_b.plain : of_b.sealed, 0, "one way, for life");
        rig_fini(&a);
        rig_fini(&b);
    }
}

/* ---- streams ---- */

/* A forger that sends as a mode does, and takes whatever comes. */
static struct forge *forge_of(struct rig *r, enum seal_mode mode)
{
    struct forge *f = forge_new(r, "b");
    f->ctx.mode = mode_seals(mode) ? SEAL_PREFER : SEAL_LISTEN;
    return f;
}

Test(crypto, a_stream_is_accepted_or_closed_by_the_modes_of_both)
{
    for (size_t i = 0; i < MODES * MODES; i++) {
        const enum seal_mode from = mode_at(i / MODES), to = mode_at(i % MODES);
        struct rig a;
        start(&a, "a", to);
        struct forge *f = forge_of(&a, from);
        const struct stream_msg hello = forge_hello(f, STREAM_FOR_SYNC);
        forge_say(f, &hello);
        cr_assert_eq(f->hung_up, !hears(to, from), "%s to %s", mode_text(from), mode_text(to));
        const struct node_counters c = rig_view(&a).node;
        cr_assert_eq(c.plain_taken, !f->hung_up && !mode_seals(from));
        cr_assert_eq(c.dropped_plain, f->hung_up && !mode_seals(from));
        if (!f->hung_up) {
            cr_assert_eq(f->heard_n[STREAM_HELLO], 1);
            cr_assert_eq(f->key_id != 0, mode_seals(to), "it answers as it always speaks");
        }
        forge_free(f);
        rig_fini(&a);
    }
}

/* All frames of one end are sealed, or none is: whoever cannot seal cannot go on with another's stream. */
Test(crypto, a_stream_that_changes_between_sealed_and_plain_is_closed)
{
    for (size_t i = 0; i < 2; i++) {
        struct rig a;
        start(&a, "a", SEAL_LISTEN);
        struct forge *f = forge_of(&a, SEAL_OFF);
        f->ctx.mode = i == 0 ? SEAL_LISTEN : SEAL_PREFER;
        const struct stream_msg hello = forge_hello(f, STREAM_FOR_SYNC);
        forge_say(f, &hello);
        cr_assert_neq(f->challenge, 0);
        f->ctx.mode = i == 0 ? SEAL_PREFER : SEAL_LISTEN;
        forge_say(f, &(struct stream_msg){.type = STREAM_AUTH, .echo = f->challenge});
        cr_assert(f->hung_up);
        cr_assert_eq(rig_view(&a).node.proven, 0);
        forge_free(f);
        rig_fini(&a);
    }
}

Test(crypto, a_run_that_has_sealed_cannot_be_spoken_for_by_a_plain_stream)
{
    struct rig a;
    start(&a, "a", SEAL_PREFER);
    struct forge *f = forge_of(&a, SEAL_PREFER);
    forge_auth(f, STREAM_FOR_SYNC);
    node_recv(a.node, a.now, &(struct node_in){.kind = NODE_IN_STREAM_DOWN, .conn = FORGE_CONN});
    rig_drain(&a);
    forge_connect(f);
    f->ctx.mode = SEAL_LISTEN;
    const struct stream_msg hello = forge_hello(f, STREAM_FOR_SYNC);
    forge_say(f, &hello);
    forge_say(f, &(struct stream_msg){.type = STREAM_AUTH, .echo = f->challenge});
    cr_assert(f->hung_up);
    forge_free(f);
    rig_fini(&a);
}

/* ---- runs ---- */

static uint8_t memory[1 << 20];

static struct peers *make_peers(void)
{
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    struct peers *t = peers_new(&arena, 8, 1);
    cr_assert_not_null(t);
    return t;
}

static enum err accept(struct peers *t, uint32_t key_id, uint64_t counter)
{
    const struct packet_head h = {
        .sender = 5, .key_id = key_id, .run = {{1, 1}}, .counter = counter};
    struct peer *p;
    struct peer_run *r;
    return peers_accept(t, 1, &h, &p, &r);
}

Test(crypto, nothing_plain_counts_as_said_by_a_run_that_has_sealed)
{
    struct peers *t = make_peers();
    cr_assert_eq(accept(t, 7, 1), OK);
    cr_assert_eq(accept(t, 0, 1000), ERR_PLAIN);
    cr_assert_eq(peers_find(t, 5)->now.window.newest, 1, "it uses up no counter");
    cr_assert_eq(accept(t, 7, 2), OK);
    const struct peer_proven plain = {.id = 5, .run = {{1, 1}}, .challenged_at = 2};
    cr_assert_not(peers_prove_run(t, 3, &plain));
    cr_assert_not(peers_find(t, 5)->now.proven);
}

Test(crypto, what_came_plain_before_the_first_sealed_packet_of_a_run_is_void)
{
    struct peers *t = make_peers();
    const struct peer_proven plain = {.id = 5, .run = {{1, 1}}, .challenged_at = 2};
    cr_assert_eq(accept(t, 0, UINT64_MAX), OK, "a stranger uses up all counters");
    cr_assert(peers_prove_run(t, 3, &plain));
    cr_assert_eq(accept(t, 7, 1), OK);
    cr_assert_not(peers_find(t, 5)->now.proven, "it has to prove itself");
    cr_assert_eq(accept(t, 7, 1), ERR_REPLAY);
    const struct peer_proven sealed = {
        .id = 5, .run = {{1, 1}}, .challenged_at = 4, .counter = 1, .sealed = true};
    cr_assert(peers_prove_run(t, 5, &sealed));
    cr_assert_eq(accept(t, 7, 2), OK, "the counter of a forgery shut nobody out");
}

Test(crypto, the_next_run_of_a_name_may_have_another_mode)
{
    struct peers *t = make_peers();
    const struct packet_head next = {.sender = 5, .run = {{2, 1}}, .counter = 1};
    struct peer *p;
    struct peer_run *r;
    cr_assert_eq(accept(t, 7, 1), OK);
    cr_assert_eq(peers_accept(t, 1, &next, &p, &r), OK);
    cr_assert_not(r->sealed);
}

Test(crypto, a_key_that_is_rotated_makes_no_new_run)
{
    struct peers *t = make_peers();
    const struct peer_proven sealed = {
        .id = 5, .run = {{1, 1}}, .challenged_at = 2, .sealed = true};
    cr_assert_eq(accept(t, 7, 1), OK);
    cr_assert(peers_prove_run(t, 3, &sealed));
    cr_assert_eq(accept(t, 8, 2), OK);
    cr_assert(peers_find(t, 5)->now.proven);
}
