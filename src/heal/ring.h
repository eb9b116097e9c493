/**
 * heal/ring.h - what others retired and forgot, and whether we can have missed something of it.
 *
 * Each run numbers its retired origins 1, 2, 3 and so on, tells them by number, and at last forgets the
 * oldest. As long as we know all that a peer forgot, nothing is lost between us. Else origins may have
 * lived, ended and been forgotten of which nobody will ever tell us: a barrier stands for them.
 */
#pragma once

#include "heal/state.h"

/** A packet of this run came: does it show that the run forgot what we never heard of? */
void heal_ring_note(struct heal *h, mono_us now, uint64_t epoch, const struct peer_msg *m);

/** The number up to which the retired origins of this run need not be told to us again. */
uint32_t heal_ring_heard(const struct heal *h, uint64_t epoch);

/**
 * The run told its retired origins from number `from` to number `to` without a break, and all of them
 * were heard. What lies before `from` may still be unheard; then nothing changes.
 */
void heal_ring_told(struct heal *h, uint64_t epoch, uint32_t from, uint32_t to);

/**
 * Write our retired origins past number `seen` into w, PEER_RETIRED_LEN bytes each, as many as fit.
 *
 * Returns: the number from which on they are told without a break; 0 when there is nothing to tell. A
 * number that was heard from again is left out, but when it is the last of all it is told with epoch 0.
 */
uint32_t heal_ring_tell(const struct heal *h, uint32_t seen, struct writer *w);
