/** What nobody may take changes nothing: a member's memory is the same afterwards, but for its counters. */
#include <stdlib.h>

#include "node/state.h"

#include "rig.h"
#include "strangers.h"

#define PACKETS 40000

static const struct addr SOMEWHERE = {.ip = {10, 9, 9, 9}, .ip_len = 4, .port = 999};

/** Keeps the last datagrams that a rig sent. */
struct recorder {
    struct strangers *s;
    size_t n;
};

static void record(void *ctx, const struct node_out *out)
{
    struct recorder *r = ctx;
    if (out->kind != NODE_OUT_DATAGRAM || out->bytes.len > STRANGERS_LEN)
        return;
    const size_t i = r->n++ % STRANGERS_HELD;
    r->s->held[STRANGER_REPLAYED][i].len = out->bytes.len;
    memcpy(r->s->held[STRANGER_REPLAYED][i].bytes, out->bytes.at, out->bytes.len);
}

/** Two members that have talked; what b said is recorded, all of it was taken by a. */
static void meet(struct rig *a, struct rig *b, struct recorder *r)
{
    rig_init(a, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1, .seeded = true});
    rig_init(b, &(struct rig_cfg){.name = "b", .key = 1, .run = 2, .host = 2});
    node_recv(a->node, a->now,
              &(struct node_in){.kind = NODE_IN_NAMES, .names = &b->addr, .names_n = 1});
    b->tap = record;
    b->tap_ctx = r;
    while (r->n < 2 * (size_t)STRANGERS_HELD)
        rig_talk(a, b, US_PER_SEC);
    cr_assert_eq(rig_view(a).alive, 2);
    rig_drain(a);
}

static uint64_t sum_of(const struct node_counters *c)
{
    return c->dropped_malformed + c->dropped_version + c->dropped_key + c->dropped_plain +
           c->dropped_replay + c->dropped_unauthentic;
}

static uint64_t counter_of(const struct node_counters *c, enum err err)
{
    switch (err) {
    case ERR_MALFORMED:
        return c->dropped_malformed;
    case ERR_VERSION:
        return c->dropped_version;
    case ERR_KEY:
        return c->dropped_key;
    case ERR_PLAIN:
        return c->dropped_plain;
    case ERR_REPLAY:
        return c->dropped_replay;
    default:
        return c->dropped_unauthentic;
    }
}

/** Is this byte of the node's memory one that may change: a counter, or where packets are opened? */
static bool may_change(const struct node *n, const uint8_t *at)
{
    const uint8_t *counters = (const uint8_t *)&n->counters;
    return (at >= counters && at < counters + sizeof n->counters) ||
           (at >= n->opened && at < n->opened + STREAM_FRAME_MAX);
}

Test(strangers, leave_a_member_as_it_was_but_for_its_counters)
{
    static struct strangers s;
    static struct stranger one;
    struct recorder r = {.s = &s};
    struct keyring other;
    struct keyring_fault fault;
    struct rig a, b;
    uint64_t expected[ERR_COUNT] = {0};
    rng_init(&s.rng, 1);
    meet(&a, &b, &r);
    s.ring = &a.ring;
    cr_assert_eq(keyring_parse(slice_text("one QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=\n"),
                               &other, &fault),
                 OK);
    strangers_seal(&s, &(struct strangers_site){slice_text("test"), rig_view(&a).id, &other});
    const struct node_counters before = rig_view(&a).node;
    uint8_t *memory = malloc(a.arena.used);
    cr_assert_not_null(memory);
    memcpy(memory, a.memory, a.arena.used);
    for (uint32_t i = 0; i < PACKETS; i++) {
        const struct node_counters last = a.node->counters;
        strangers_draw(&s, &one);
        rig_datagram(&a, &SOMEWHERE, slice_of(one.bytes, one.len));
        cr_assert_eq(counter_of(&a.node->counters, one.why), counter_of(&last, one.why) + 1,
                     "packet %u is not counted as: %s", i, err_text(one.why));
        expected[one.why]++;
    }
    cr_assert_eq(sum_of(&a.node->counters), sum_of(&before) + PACKETS, "each is counted once");
    cr_assert_gt(expected[ERR_REPLAY], 0);
    for (size_t i = 0; i < a.arena.used; i++)
        cr_assert(memory[i] == ((uint8_t *)a.memory)[i] ||
                      may_change(a.node, (const uint8_t *)a.memory + i),
                  "byte %zu of the node changed", i);
    cr_assert_eq(rig_drain(&a), 0, "nobody is answered");
    free(memory);
    rig_fini(&a);
    rig_fini(&b);
}
