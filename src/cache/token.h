/**
 * cache/token.h - the fill token: proof of when a MISS was answered.
 *
 * 24 bytes, big-endian: `format u8 = 1 | flags u8 | minted u16 (s, mod 65,536) | epoch low u32 |
 * L u64 | mac u64`; mac = SipHash-2-4(secret, first 16 bytes || key's target hash u64). A token may be
 * used more than once, and is valid on the node and run that gave it, for one key.
 * Source: leases in Nishtala et al., "Scaling Memcache at Facebook" (2013), carried to a stamp.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"
#include "base/time.h"

#define TOKEN_LEN   24
#define TOKEN_AGE_S 600 /* older tokens are refused: a courtesy, safety never rests on age */

/** What minting and checking share within one process run. The secret never leaves it. */
struct token_ctx {
    struct hkey secret; /* 16 random bytes of this run */
    uint32_t epoch_low; /* low half of our origin epoch */
};

/** Why a token may not be used. */
enum token_verdict {
    TOKEN_OK,
    TOKEN_BAD,    /* not 24 bytes, or another format: the client's mistake */
    TOKEN_NODE,   /* of another node or run */
    TOKEN_KEY,    /* not for this key, or forged */
    TOKEN_EXPIRED /* older than TOKEN_AGE_S */
};

/** Write the token for key_hash with stamp L = index into out. */
void token_mint(const struct token_ctx *ctx, mono_us now, uint64_t index, uint64_t key_hash,
                uint8_t out[TOKEN_LEN]);

/** Check a token for key_hash; TOKEN_OK sets *index to its L, else *index is unchanged. bytes hostile. */
enum token_verdict token_check(const struct token_ctx *ctx, mono_us now, struct slice bytes,
                               uint64_t key_hash, uint64_t *index);
