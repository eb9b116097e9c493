/**
 * heal/ring.h - what others retired and forgot, and whether we can have missed something of it.
 *
 * Each run numbers its retired origins 1, 2, 3 and so on, tells them by number, takes the lowest epochs
 * out of its vector hash when there are many, and forgets them at last. What counts in no hash must be
 * heard, or else origins may have lived and ended of which nothing here shows that we lack them: then a
 * barrier stands for them.
 *
 * Whoever lacks such origins for good, behind a barrier or because it joined when they were forgotten, may
 * be the last to know that they were there. So it has a mark for each run whose numbers it lacks, tells it
 * in the place of an entry of its own ring, and who hears it takes it for a header of that run.
 */
#pragma once

#include "heal/state.h"

#define RING_ENTRIES 20         /* of a reply for what was retired, at most */
#define RING_WAIT_US US_PER_SEC /* for what we ask; then the barrier */
#define RING_BYTES   (RING_ENTRIES * PEER_RETIRED_LEN)

/** A packet of this run came: does it show that we never heard of what its vector hash does not count? */
void heal_ring_note(struct heal *h, mono_us now, uint64_t epoch, const struct peer_msg *m);

/** Must this run be asked for retired origins, however equal the vectors are? */
bool heal_ring_open(const struct heal *h, uint64_t epoch);

/** When the first of these waits is over; NEVER when there is none. */
mono_us heal_ring_deadline(const struct heal *h);

/** Raise a barrier for what was asked for in vain. */
void heal_ring_plan(struct heal *h, mono_us now);

/** The number past which the retired origins of this run are to be told to us. again: or, when all were
 *  heard, where its whole ring is told anew. */
uint32_t heal_ring_ask(const struct heal *h, uint64_t epoch, bool again);

/** One retired origin that was told. */
struct ring_told {
    uint32_t number; /* 0: it has none that means anything */
    uint64_t epoch;
    uint64_t last;
};

/**
 * The run of the last header told an origin: shall it be heard, as a gap if it is unknown? Plans a barrier
 * when it would be no difference between the two vectors that we lack it.
 */
bool heal_ring_hears(struct heal *h, const struct ring_told *told);

/** The run of the last header told that it has a mark: `epoch` did not count what it retired up to number
 *  `last`, but for PEER_RETIRED_MARK. */
void heal_ring_marked(struct heal *h, mono_us now, const struct ring_told *told);

/**
 * The run told its retired origins from number `from` to number `to` without a break, and all of them
 * were heard. What lies before `from` may be forgotten there: if it was neither heard nor is behind a
 * barrier, and counts in no hash, a barrier is planned.
 * Returns: true when there is more to be heard.
 */
bool heal_ring_told(struct heal *h, uint64_t epoch, uint32_t from, uint32_t to);

/**
 * Write our retired origins and our marks past number `seen` into w, PEER_RETIRED_LEN bytes each, as many as fit.
 *
 * Returns: the number from which on they are told without a break; 0 when there is nothing to tell. A
 * number that was heard from again is left out, but when it is the last of all it is told with epoch 0.
 */
uint32_t heal_ring_tell(const struct heal *h, uint32_t seen, struct writer *w);
