/** tests/fuzz/fuzz_packet.c - a packet opens to what was sealed, and not with a bit of it changed, nor for
 *  another node; bytes of whatever kind open to nothing, or to a part of themselves. */

#include <assert.h>
#include <sodium.h>
#include <stdint.h>
#include <string.h>

#include "seal/packet.h"

#define BODY_MAX 1200
#define HEAD_LEN 4 /* of an input: modes, class and channel, which bit, and its byte */

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static const char RING[] = "first AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
                           "second ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n";

enum {
    ALICE = 11,
    BOB = 22
};

struct pair {
    struct keyring ring;
    struct packet_ctx alice, bob;
};

static struct pair *meet(void)
{
    static struct pair pair;
    const struct run of_alice = {{1, 2, 3}}, of_bob = {{4, 5, 6}};
    struct keyring_fault fault;
    if (pair.ring.n > 0)
        return &pair;
    assert(sodium_init() >= 0);
    assert(keyring_parse(slice_text(RING), &pair.ring, &fault) == OK);
    packet_ctx_init(&pair.alice, &pair.ring, slice_text("fuzz"), ALICE, &of_alice);
    packet_ctx_init(&pair.bob, &pair.ring, slice_text("fuzz"), BOB, &of_bob);
    return &pair;
}

/** Input's choice of a mode. */
static enum seal_mode mode_of(uint8_t byte)
{
    static const enum seal_mode modes[] = {SEAL_OFF, SEAL_LISTEN, SEAL_PREFER, SEAL_REQUIRE};

    return modes[byte % 4];
}

static void open_noise(const struct packet_ctx *ctx, enum packet_channel channel,
                       struct slice bytes)
{
    uint8_t buf[BODY_MAX + PACKET_OVERHEAD];
    struct packet_in in;
    if (bytes.len > sizeof buf || packet_open(ctx, channel, bytes, buf, &in) != OK)
        return;
    assert(in.head.sender != 0 && in.head.counter != 0 && run_epoch(&in.head.run) != 0);
    assert(in.body.len == bytes.len - PACKET_OVERHEAD);
}

/** Seal the body as alice; bob takes it, unless one bit is changed, and carol does not. */
static void seal_and_open(struct pair *p, const struct packet_out *what, size_t bit)
{
    uint8_t sealed[BODY_MAX + PACKET_OVERHEAD], buf[BODY_MAX + PACKET_OVERHEAD];
    struct packet_in in;
    const size_t len = packet_seal(&p->alice, what, sealed, sizeof sealed);
    assert(len == what->body.len + PACKET_OVERHEAD);
    const struct slice bytes = slice_of(sealed, len);
    const bool taken = mode_seals(packet_mode(&p->alice)) ? mode_takes_sealed(packet_mode(&p->bob))
                                                          : mode_takes_plain(packet_mode(&p->bob));
    assert((packet_open(&p->bob, what->channel, bytes, buf, &in) == OK) == taken);
    assert(!taken || (slice_eq(in.body, what->body) && in.head.sender == ALICE &&
                      in.head.counter == what->counter));
    struct packet_ctx carol = p->bob;
    carol.self = BOB + 1;
    assert(what->class == PACKET_JOIN || packet_open(&carol, what->channel, bytes, buf, &in) != OK);
    sealed[bit / 8 % len] ^= (uint8_t)(1U << bit % 8);
    assert(packet_open(&p->bob, what->channel, bytes, buf, &in) != OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    struct pair *p = meet();
    if (len < HEAD_LEN || len > BODY_MAX)
        return 0;
    p->alice.mode = mode_of(at[0]);
    p->bob.mode = mode_of(at[0] >> 2);
    const bool join = (at[1] & 1) != 0;
    const struct packet_out what = {.class = join ? PACKET_JOIN : PACKET_MEMBER,
                                    .channel = (at[1] & 2) != 0 ? CHANNEL_TCP : CHANNEL_UDP,
                                    .dest = join ? 0 : BOB,
                                    .counter = 1 + (uint64_t)at[1],
                                    .body = slice_of(at + HEAD_LEN, len - HEAD_LEN)};
    open_noise(&p->bob, what.channel, what.body);
    seal_and_open(p, &what, (size_t)at[2] << 8 | at[3]);
    return 0;
}
