/**
 * seal/packet.h - one sealed packet: the frame of every datagram and of every peer-stream frame.
 *
 * Layout (big-endian), 56 bytes around the body:
 *
 *     0  2  magic 0x5C 0x4A
 *     2  1  wire version, 1
 *     3  1  class: 0 member, 1 join
 *     4  4  key id; 0 = plain
 *     8  8  sender node id
 *    16 16  run of the sender       \ nonce
 *    32  8  counter of the sender   /
 *    40  n  body, sealed
 *  40+n 16  tag
 *
 * Associated data AD (43 bytes): bytes 0..15, BLAKE2b-128(cluster), destination node id (8 bytes,
 * zero exactly in class join), and the label "udp", "tcp" or, under the keys of one stream, "ses". Cluster and destination are not sent: a
 * packet for another cluster or node simply fails. Never looks at time; replay is seal/window.h.
 *
 * Sealed: XChaCha20-Poly1305 under the subkey of the channel (seal/keyring.h), nonce = bytes 16..39.
 * Plain: the body in clear, and, with H = SipHash-2-4 with 128 bits of result under hkey,
 *
 *     tag = H(AD || nonce || H(body) || length of the body, u64)
 *
 * hkey is no secret, so the plain tag finds damage and strays, it does not stop an attacker. Which of the
 * two is sent and which are taken says the mode (seal/mode.h).
 * Source: XChaCha20-Poly1305, draft-irtf-cfrg-xchacha; SipHash, Aumasson and Bernstein (2012).
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"
#include "seal/keyring.h"
#include "seal/mode.h"

#define PACKET_OVERHEAD 56
#define PACKET_HEAD     40
#define PACKET_VERSION  1
#define RUN_LEN         16

enum packet_class {
    PACKET_MEMBER = 0,
    PACKET_JOIN = 1
};

enum packet_channel {
    CHANNEL_UDP,
    CHANNEL_TCP
};

/** One draw per process run: nonce prefix of every packet; its first 8 bytes are the origin epoch. */
struct run {
    uint8_t bytes[RUN_LEN];
};

/** The origin epoch of a run: its first 8 bytes, big-endian. 0 is not a valid epoch: draw again. */
uint64_t run_epoch(const struct run *run);

/**
 * Put the moment of its draw, wall_ms since 1970, into a run: its first 3 bytes, in steps of 256 s. So
 * epochs rise with time, roughly, and of many ended origins those of old runs are forgotten first. Nothing
 * depends on the clock being right.
 */
void run_date(struct run *run, uint64_t wall_ms);

/** What both ends must agree on, and who we are. Lends ring. */
struct packet_ctx {
    const struct keyring *ring; /* n = 0: there are no keys */
    enum seal_mode mode;        /* SEAL_BY_RING from packet_ctx_init() on, until somebody sets it */
    struct hkey hkey;
    uint8_t cluster_hash[16]; /* BLAKE2b-128(cluster name) */
    uint64_t self;            /* our node id */
    struct run run;           /* of this process */
};

/** Fill ctx for a cluster name. Asserts that self and the epoch of run are not 0. Lends ring. */
void packet_ctx_init(struct packet_ctx *ctx, const struct keyring *ring, struct slice cluster,
                     uint64_t self, const struct run *run);

/** The mode that counts: as set, else as the ring says. */
enum seal_mode packet_mode(const struct packet_ctx *ctx);

/** Clear header fields of a packet. */
struct packet_head {
    enum packet_class class;
    uint32_t key_id; /* 0 = it came plain */
    uint64_t sender;
    struct run run;
    uint64_t counter;
};

/** What to seal: counter is the process-wide counter, from 1, never used twice (asserted not 0). */
struct packet_out {
    enum packet_class class;
    enum packet_channel channel;
    uint64_t dest; /* node id; 0 exactly with PACKET_JOIN (asserted) */
    uint64_t counter;
    struct slice body;
};

/**
 * Seal what->body with the ring's first key into out, or plainly where the mode says so.
 *
 * Returns: the length, what->body.len + PACKET_OVERHEAD. Asserts that cap has room for it.
 * Copies: the body; out must not overlap it.
 */
size_t packet_seal(const struct packet_ctx *ctx, const struct packet_out *what, uint8_t *out,
                   size_t cap);

/** A key of one direction of one stream: seal/session.h. Holds a secret. */
struct packet_key {
    uint32_t id; /* what the header says: of the ring's key that it was made with */
    uint8_t bytes[KEYRING_KEY_LEN];
};

/** Like packet_seal(), but under a key of this stream alone; what->channel is CHANNEL_TCP. */
size_t packet_seal_under(const struct packet_ctx *ctx, const struct packet_key *key,
                         const struct packet_out *what, uint8_t *out, size_t cap);

/** Room for what a packet opens to. */
struct packet_in {
    struct packet_head head;
    struct slice body; /* lends the buffer given to packet_open */
};

/**
 * Check and open one packet addressed to us (or, with class join, to nobody) into buf.
 *
 * bytes:   hostile.
 * buf:     room for at least bytes.len bytes, apart from bytes; written only as far as the body, and
 *          of no meaning after an error.
 * Errors:  ERR_MALFORMED (too short, wrong magic or class, sender, counter or epoch 0), ERR_VERSION,
 *          ERR_KEY (unknown key id, or the mode takes no sealed ones), ERR_PLAIN (plain, and the mode
 *          takes sealed ones only; or under our own run, which seals), ERR_UNAUTHENTIC (tag),
 *          ERR_REPLAY (the tag is good and the run our own: a packet of ours came back). *out is
 *          unchanged on every error.
 */
MUST_USE enum err packet_open(const struct packet_ctx *ctx, enum packet_channel channel,
                              struct slice bytes, uint8_t *buf, struct packet_in *out);

/** Like packet_open(), but under a key of this stream alone. Errors: as there; ERR_KEY for any other key
 *  id, 0 among them. */
MUST_USE enum err packet_open_under(const struct packet_ctx *ctx, const struct packet_key *key,
                                    struct slice bytes, uint8_t *buf, struct packet_in *out);
