/** peer_gen.h - random values of the peer protocol for tests, and when two of them are the same. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dot.h"
#include "base/rng.h"
#include "wire/peer.h"
#include "wire/stream.h"

#define PEER_GEN_POOL 4096
#define PEER_GEN_TAGS 256

/** Makes random values; their slices point into the pool. */
struct peer_gen {
    uint64_t seed; /* print it when a test fails: SEED=... repeats the run */
    struct rng rng;
    uint8_t pool[PEER_GEN_POOL];
    uint8_t tags[8 * PEER_GEN_TAGS]; /* hashes, each higher than the one before */
};

/** Begin with the seed in the environment's SEED, or a fixed one. */
void peer_gen_init(struct peer_gen *g);

/** A number of at most max (not UINT64_MAX only by chance): often one near a power of two or 0 or max. */
uint64_t peer_gen_u64(struct peer_gen *g, uint64_t max);

/** A run of min to max bytes. */
struct slice peer_gen_bytes(struct peer_gen *g, size_t min, size_t max);

/** A sound member record. */
struct peer_record peer_gen_record(struct peer_gen *g);

/** A record with every part as long as it may be. */
struct peer_record peer_gen_record_max(struct peer_gen *g);

/** A sound range. */
struct dot_range peer_gen_range(struct peer_gen *g);

/** A sound message of this type with n records. */
void peer_gen_msg(struct peer_gen *g, uint8_t type, size_t records_n, struct peer_msg *out);

/** A sound dot of any known kind, of epoch `epoch` and this sequence. */
struct dot peer_gen_dot(struct peer_gen *g, uint64_t epoch, uint64_t seq);

/** Do both say the same, field by field? Names too. */
bool dot_same(const struct dot *a, const struct dot *b);
bool record_same(const struct peer_record *a, const struct peer_record *b); /**< as dot_same */
bool range_same(const struct dot_range *a, const struct dot_range *b);      /**< as dot_same */
bool msg_same(const struct peer_msg *a, const struct peer_msg *b);          /**< as dot_same */
