/**
 * seal/tunnel.h - records: how the bytes between a client and its node are sealed after a login with shares.
 *
 *     length of what follows (4, big-endian) || ciphertext || tag (16)
 *
 * A record is sealed with ChaCha20-Poly1305 under the key of its direction (seal/login.h). Its nonce is
 * four zero bytes and the number of the record, from 0, as 8 bytes big-endian; the length is authenticated
 * with it. So a record that was changed, dropped, doubled, or sent back does not open, and neither does
 * any that follows. What is inside is a run of bytes: frames begin and end where they like.
 *
 * Never waits, never allocates, never knows what a frame is.
 * Source: RFC 8439 (ChaCha20-Poly1305); RFC 8446, 5 (records).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define TUNNEL_KEY_LEN    32
#define TUNNEL_HEAD_LEN   4
#define TUNNEL_OVERHEAD   20    /* the length and the tag */
#define TUNNEL_RECORD_MAX 16384 /* bytes in all, as a record of TLS has within */
#define TUNNEL_TEXT_MAX   (TUNNEL_RECORD_MAX - TUNNEL_OVERHEAD)

/** One direction. Holds a secret. */
struct tunnel_key {
    uint8_t bytes[TUNNEL_KEY_LEN];
    uint64_t number; /* of the next record; UINT64_MAX is none: then it is over */
};

/** Both directions, as one end has them. Holds secrets. */
struct tunnel {
    struct tunnel_key send, take;
};

/**
 * Seal text, 1 to TUNNEL_TEXT_MAX bytes, as the next record.
 *
 * out:     room for text.len + TUNNEL_OVERHEAD bytes, apart from text.
 * Returns: the length of the record; 0 when the numbers are used up, and nothing was sealed.
 */
size_t tunnel_seal(struct tunnel_key *key, struct slice text, uint8_t *out);

/**
 * How long is the record that bytes begin with? Told from its first four bytes.
 *
 * Errors: ERR_SHORT (*need is its length in all, or 4), ERR_LIMIT (over TUNNEL_RECORD_MAX),
 *         ERR_MALFORMED (nothing would be in it).
 */
MUST_USE enum err tunnel_measure(struct slice bytes, size_t *need);

/** What became of some bytes. */
struct tunnel_opened {
    size_t text_len; /* bytes that were in the records */
    size_t used;     /* bytes of the records; those behind them begin one that is not whole */
};

/**
 * Open all whole records that stand one behind the other at `at`, in place, and put their texts, one behind
 * the other, there too.
 *
 * at, len: hostile.
 * Errors:  ERR_LIMIT and ERR_MALFORMED as above, ERR_UNAUTHENTIC, ERR_FULL (the numbers are used up): of
 *          all that is there nothing may be used, and the connection has to end.
 */
MUST_USE enum err tunnel_open(struct tunnel_key *key, uint8_t *at, size_t len,
                              struct tunnel_opened *out);

/** Wipe both keys. */
void tunnel_wipe(struct tunnel *t);
