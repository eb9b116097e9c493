/** Modes of gossip sealing: who hears whom, what answers look like, and what nobody may forge. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "base/bytes.h"

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
