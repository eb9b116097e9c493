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

/**
 * Retire what is noted. Returns: true when a barrier must be raised first, *out is then it; call again
 * afterwards.
 */
bool heal_retire_poll(struct heal *h, struct heal_out *out);
