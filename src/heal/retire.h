/**
 * heal/retire.h - end the origins whose member is gone for good.
 *
 * By consent: every peer has shown our own vector since the member is gone, so nobody lacks anything of
 * it. By force, a time later: its gaps end in a barrier, and whoever lacks more is told by the ring.
 */
#pragma once

#include "heal/state.h"

/** Look at some origins, at all within a second, and note which of them end. */
void heal_retire_plan(struct heal *h, mono_us now);

/** A peer told that it retired this origin: end it here, too, if its member is gone and nothing of it is
 *  missing; whoever lacks any of it is told by our ring as by theirs. */
void heal_retire_told(struct heal *h, mono_us now, uint64_t epoch);

/**
 * Retire what is noted. Returns: true when a barrier must be raised first, *out is then it; call again
 * afterwards.
 */
bool heal_retire_poll(struct heal *h, struct heal_out *out);
