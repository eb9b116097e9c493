/**
 * heal/pull.h - ask for what is missing, source after source, and give up what nobody has.
 *
 * One unit of work per origin, not per gap: gaps of an origin come from the same sources, and they
 * split and shrink while dots arrive. Source: range pull of DottedDB (Goncalves et al. 2017).
 */
#pragma once

#include "heal/state.h"

/** Peer id showed a new head of epoch: it is asked first. */
void heal_pulls_shown(struct heal *h, uint64_t epoch, uint64_t id);

/** Look at all gaps: note what is to be asked of whom, and what is to be closed. */
void heal_pulls_plan(struct heal *h, mono_us now);

/** Peer p no longer holds r: asks it for buckets, and closes r when enough others said so too. */
void heal_pulls_gone(struct heal *h, mono_us now, struct heal_peer *p, const struct dot_range *r);

/** Plan a stream to p for r of w's origin; one to a peer and second, others are left out. */
void heal_pulls_stream(struct heal *h, mono_us now, struct pull *w, struct heal_peer *p,
                       const struct dot_range *r);

/** Dot d was fresh: its origin's source is asked again before the next one; streamed: not while the
 *  stream goes on giving. */
void heal_pulls_progress(struct heal *h, mono_us now, const struct dot *d, bool streamed);

/** Take a due closing into *out. false when there is none. */
bool heal_pulls_poll_close(struct heal *h, struct heal_out *out);

/** Write a due PULL into h's message. Returns: whom to send it to; 0 when there is none. */
uint64_t heal_pulls_poll_ask(struct heal *h);
