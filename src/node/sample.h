/**
 * node/sample.h - do two nodes that covered the same invalidations hold the same values?
 *
 * They need not: somebody may have changed the source and told nobody. Each node shows a random peer the
 * hashes of a few entries, and once more SAMPLE_AGAIN_US later. A difference that stands both times,
 * with equal vectors, is drift: no invalidation on its way explains it. It is counted and reported, and
 * nothing is dropped, since nobody here knows who is right.
 *
 * Never sends, never asks for time. Thread: the control thread. Source: the checksums of anti-entropy,
 * Demers et al. 1987, section 1.3, over a few values instead of all.
 */
#pragma once

#include "base/arena.h"
#include "base/rng.h"
#include "base/time.h"
#include "cache/cache.h"
#include "wire/peer_args.h"

#define SAMPLE_SHOWN      20                /* entries of one sample: it fits the narrowest path */
#define SAMPLE_EVERY_US   (30 * US_PER_SEC) /* from one sample to the next */
#define SAMPLE_AGAIN_US   (10 * US_PER_SEC) /* until it is shown again */
#define SAMPLE_DOUBTS_MAX 64                /* differences that wait for a second look */

struct sample;

/** Make one that shows its first sample within SAMPLE_EVERY_US of now. NULL when the arena is too
 *  small. */
struct sample *sample_new(struct arena *arena, mono_us now, uint64_t seed);

/** Who may be shown a sample: members that are alive, ourselves not among them. */
struct sample_peers {
    const uint64_t *ids;
    size_t n;
};

/**
 * Write the sample that is due, if one is: new entries for one of these peers, or the last ones once more,
 * as they are now, for who saw them before and is still among them.
 *
 * Returns: for whom it is; 0 when none is due, or there is nothing to show or nobody to see it.
 */
uint64_t sample_poll(struct sample *s, mono_us now, struct cache *c,
                     const struct sample_peers *peers, struct peer_samples *out);

/** Take in what node `from` shows, which has covered just what we have. Returns: how many entries have
 *  drifted, that is, differed before already. */
size_t sample_recv(struct sample *s, mono_us now, struct cache *c, uint64_t from,
                   const struct peer_samples *in);

/** When sample_poll() next has work. */
mono_us sample_deadline(const struct sample *s);

/** Counters since start. */
struct sample_counters {
    uint64_t shown;    /* entries, in all samples */
    uint64_t compared; /* entries that both had */
    uint64_t differed; /* seen for the first time */
    uint64_t drifted;  /* still there at the second look */
};

/** The counters, copied. */
struct sample_counters sample_counters(const struct sample *s);
