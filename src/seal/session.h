/**
 * seal/session.h - keys of one stream that nobody can make again: forward secrecy.
 *
 * Each end of a sealed stream draws a pair for it and tells the public half, its share, in HELLO, which
 * the keyring seals. All that follows is sealed under keys made of both shares and of the keyring's key,
 * one for each direction. When a stream ends, they are wiped, so who records it and gets the keyring
 * later reads nothing but the two HELLOs. Whoever holds the keyring while the stream is opened may still
 * speak for either end.
 *
 *     dh    = X25519(own secret, share of the other end)
 *     keys  = BLAKE2b-512(key = tcp subkey of the key that sealed the opener's HELLO,
 *                         "scrubjay session" || dh || opener || other)
 *             an end being share (32) || run (16) || challenge of its HELLO (u64)
 *
 * The first 32 bytes seal what the opener says, the last 32 what the other end says.
 * The connections of clients are sealed by keys that are agreed on in the same way: seal/login.h.
 *
 * Secrets come from a ratchet: 32 bytes that each draw replaces, so a later state does not tell an earlier
 * secret. Never looks at a clock or a socket; its only random bytes are those that it is begun with.
 * Source: RFC 7748 (X25519); Perrin, "The Noise protocol framework", pattern NNpsk0, for what is mixed in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "seal/keyring.h"
#include "seal/packet.h"

#define SESSION_SHARE_LEN 32
#define SESSION_SEED_LEN  32
#define SESSION_KEY_LEN   32

/** Where secrets are drawn from. Holds a secret. */
struct ratchet {
    uint8_t state[SESSION_SEED_LEN];
};

/** Begin with bytes that the system drew for this process and for nothing else. Copies seed. */
void ratchet_begin(struct ratchet *r, const uint8_t seed[SESSION_SEED_LEN]);

/** Our pair for one stream. Holds a secret: wipe it with session_wipe(). */
struct session_pair {
    uint8_t secret[SESSION_SHARE_LEN];
    uint8_t share[SESSION_SHARE_LEN]; /* what HELLO tells */
};

/** Draw a pair. */
void session_draw(struct ratchet *r, struct session_pair *out);

/** What keys are made of beside the secret that both ends agree on. Lends. */
struct session_mix {
    const uint8_t *key; /* SESSION_KEY_LEN bytes that both ends held before */
    struct slice label; /* of the protocol */
    struct slice terms; /* what both ends said */
};

/**
 * Make two keys of X25519(own secret, share) and of mix, one behind the other:
 * BLAKE2b-512(key, label || dh || terms).
 *
 * Errors: ERR_UNAUTHENTIC when share is one of the few that make dh no secret (RFC 7748, 6.1); out is
 *         unchanged.
 */
MUST_USE enum err session_agree(const struct session_pair *own,
                                const uint8_t share[SESSION_SHARE_LEN],
                                const struct session_mix *mix, uint8_t out[2 * SESSION_KEY_LEN]);

/** What one end said in HELLO. */
struct session_end {
    uint8_t share[SESSION_SHARE_LEN];
    struct run run;
    uint64_t challenge;
};

/** What both ends know after both HELLOs. */
struct session_terms {
    const struct keyring_key *key; /* that sealed the opener's HELLO; lent */
    struct session_end opener, other;
    bool we_opened;
};

/** The keys of a stream. Holds secrets. */
struct session {
    bool on;
    struct packet_key send, take; /* key ids are that of terms->key */
};

/** Make the keys of a stream. Errors: those of session_agree(); *out is unchanged. */
MUST_USE enum err session_derive(const struct session_pair *own, const struct session_terms *terms,
                                 struct session *out);

/** Wipe both. Either may be all zero. */
void session_wipe(struct session_pair *own, struct session *keys);
