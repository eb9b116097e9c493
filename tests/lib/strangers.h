/**
 * tests/lib/strangers.h - packets that nobody must take: replayed, altered, foreign, and noise.
 *
 * Each is drawn with the reason for which it must be refused, which is worked out from its bytes here, apart
 * from the code that refuses it. Included by tests of the packet itself and of the node.
 */
#pragma once

#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "seal/packet.h"

#define STRANGERS_HELD 256
#define STRANGERS_LEN  600 /* of a packet, at most */

/** How a packet came about. */
enum stranger_kind {
    STRANGER_REPLAYED,
    STRANGER_FLIPPED,
    STRANGER_CUT,
    STRANGER_GROWN,
    STRANGER_OTHER_KEY,
    STRANGER_STOLEN_ID, /* sealed with another key, under the id of ours */
    STRANGER_OTHER_CLUSTER,
    STRANGER_OTHER_NODE, /* sealed for another node */
    STRANGER_OTHER_CHANNEL,
    STRANGER_PLAIN,
    STRANGER_NOISE,
    STRANGER_KINDS
};

/** One packet, and why it must be refused: ERR_REPLAY for a good one that was taken once. */
struct stranger {
    uint8_t bytes[STRANGERS_LEN + 64];
    size_t len;
    enum err why;
};

/** Packets of one kind that need a seal, made once; STRANGER_REPLAYED are those that were taken. */
struct strangers {
    struct rng rng;
    const struct keyring *ring; /* of the receiver, which requires sealed packets */

    struct {
        uint8_t bytes[STRANGERS_LEN];
        size_t len;
    } held[STRANGER_KINDS][STRANGERS_HELD];
};

/** Why must a node refuse these bytes if their tag is not good? In the order of proto/peer.md, "Arrival". */
static inline enum err strangers_reason(const struct strangers *s, const uint8_t *at, size_t len)
{
    struct reader r = reader_of(slice_of(at, len));
    if (len < PACKET_OVERHEAD || read_u16(&r) != 0x5C4A)
        return ERR_MALFORMED;
    if (read_u8(&r) != PACKET_VERSION)
        return ERR_VERSION;
    const bool class_known = read_u8(&r) <= PACKET_JOIN;
    const uint32_t id = read_u32(&r);
    const uint64_t sender = read_u64(&r), epoch = read_u64(&r);
    (void)read_u64(&r);
    const uint64_t counter = read_u64(&r);
    if (!class_known || sender == 0 || epoch == 0 || counter == 0)
        return ERR_MALFORMED;
    if (id == 0)
        return ERR_PLAIN;
    return keyring_find(s->ring, id) == NULL ? ERR_KEY : ERR_UNAUTHENTIC;
}

static inline void flip(struct strangers *s, struct stranger *out)
{
    const uint64_t flips = 1 + rng_below(&s->rng, 8);
    uint8_t before[sizeof out->bytes];
    memcpy(before, out->bytes, out->len);
    do
        for (uint64_t i = 0; i < flips; i++)
            out->bytes[rng_below(&s->rng, out->len)] ^= (uint8_t)(1U << rng_below(&s->rng, 8));
    while (memcmp(before, out->bytes, out->len) == 0);
}

static inline void fill(struct strangers *s, uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)rng_next(&s->rng);
}

/** Draw the next one. */
static inline void strangers_draw(struct strangers *s, struct stranger *out)
{
    const enum stranger_kind kind = (enum stranger_kind)rng_below(&s->rng, STRANGER_KINDS);
    const bool altered = kind >= STRANGER_FLIPPED && kind <= STRANGER_GROWN;
    const enum stranger_kind from = altered ? STRANGER_REPLAYED : kind;
    const size_t i = (size_t)rng_below(&s->rng, STRANGERS_HELD);
    out->len = s->held[from][i].len;
    memcpy(out->bytes, s->held[from][i].bytes, out->len);
    if (kind == STRANGER_FLIPPED)
        flip(s, out);
    else if (kind == STRANGER_CUT)
        out->len = (size_t)rng_below(&s->rng, out->len);
    else if (kind == STRANGER_GROWN) {
        const size_t more = 1 + (size_t)rng_below(&s->rng, 64);
        fill(s, out->bytes + out->len, more);
        out->len += more;
    } else if (kind == STRANGER_NOISE) {
        out->len = (size_t)rng_below(&s->rng, STRANGERS_LEN);
        fill(s, out->bytes, out->len);
        const uint8_t head[] = {0x5C, 0x4A, PACKET_VERSION, PACKET_MEMBER};
        if (out->len >= sizeof head && rng_chance(&s->rng, 500))
            memcpy(out->bytes, head, sizeof head); /* so that some come further than that */
    }
    out->why = kind == STRANGER_REPLAYED ? ERR_REPLAY : strangers_reason(s, out->bytes, out->len);
}

/** To whom, and from whom. */
struct strangers_site {
    struct slice cluster;
    uint64_t receiver;
    const struct keyring *other; /* a ring with another key */
};

static inline void strangers_hold(struct strangers *s, enum stranger_kind kind, size_t i,
                                  const struct packet_ctx *ctx, const struct packet_out *what)
{
    s->held[kind][i].len =
        packet_seal(ctx, what, s->held[kind][i].bytes, sizeof s->held[kind][i].bytes);
}

/** Seal all that is foreign. What was taken (STRANGER_REPLAYED) the caller puts in. */
static inline void strangers_seal(struct strangers *s, const struct strangers_site *site)
{
    static const struct keyring no_keys = {.n = 0};
    struct keyring stolen = *site->other;
    struct packet_ctx ours, other, thief, green, plain;
    struct run run;
    uint8_t body[STRANGERS_LEN - PACKET_OVERHEAD];
    memset(run.bytes, 0x77, sizeof run.bytes);
    stolen.keys[0].id = s->ring->keys[0].id;
    packet_ctx_init(&ours, s->ring, site->cluster, 0xABCDEF, &run);
    packet_ctx_init(&other, site->other, site->cluster, 0xABCDEF, &run);
    packet_ctx_init(&thief, &stolen, site->cluster, 0xABCDEF, &run);
    packet_ctx_init(&green, s->ring, slice_text("another"), 0xABCDEF, &run);
    packet_ctx_init(&plain, &no_keys, site->cluster, 0xABCDEF, &run);
    for (size_t i = 0; i < STRANGERS_HELD; i++) {
        fill(s, body, sizeof body);
        struct packet_out what = {.dest = site->receiver,
                                  .counter = 1 + i,
                                  .body = slice_of(body, rng_below(&s->rng, sizeof body))};
        strangers_hold(s, STRANGER_OTHER_KEY, i, &other, &what);
        strangers_hold(s, STRANGER_STOLEN_ID, i, &thief, &what);
        strangers_hold(s, STRANGER_OTHER_CLUSTER, i, &green, &what);
        strangers_hold(s, STRANGER_PLAIN, i, &plain, &what);
        what.channel = CHANNEL_TCP;
        strangers_hold(s, STRANGER_OTHER_CHANNEL, i, &ours, &what);
        what.channel = CHANNEL_UDP;
        what.dest ^= 1;
        strangers_hold(s, STRANGER_OTHER_NODE, i, &ours, &what);
    }
}
