/**
 * heal/audit.h - compare running digests: do equal vectors mean the same dots?
 *
 * They do unless two processes speak with one epoch, or memory went bad. Source: the checksums of
 * anti-entropy, Demers et al. 1987, section 1.3, over what was covered instead of what is stored.
 */
#pragma once

#include "heal/state.h"

/** Choose a peer to compare with when it is time. */
void heal_audit_plan(struct heal *h, mono_us now);

/** Write due sums into h's message. Returns: whom to send them to; 0 when there is nothing to send. */
uint64_t heal_audit_poll(struct heal *h);
