/**
 * heal/touched.h - ask for buckets where the dots themselves are gone.
 */
#pragma once

#include "heal/state.h"

/** Peer p no longer holds r of w's origin: ask it over a stream, which buckets answer too. */
void heal_touched_ask(struct heal *h, mono_us now, struct pull *w, struct heal_peer *p,
                      const struct dot_range *r);
