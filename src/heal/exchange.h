/**
 * heal/exchange.h - find out where two vectors differ, without storms.
 *
 * Source: anti-entropy by checksum first, Demers et al., "Epidemic algorithms" (1987), section 1.3.
 */
#pragma once

#include "heal/state.h"

#define EXCHANGE_AGAIN_US (50 * US_PER_MS) /* between two exchanges, with whomever */
#define EXCHANGE_SEEN_US  US_PER_SEC       /* so long a packet says that vectors differ */

/** Peer p showed this vector hash. */
void heal_exchange_note(struct heal *h, mono_us now, struct heal_peer *p, uint64_t vector_hash);

/** Peer p sent covers or retired origins: our question was not lost. */
void heal_exchange_answered(struct heal_peer *p);

/** Peer p showed something new, or may have more to show: ask it again soon while vectors differ. */
void heal_exchange_fruitful(struct heal *h, struct heal_peer *p);

/** Begin an exchange with one random peer of those with which it is due. */
void heal_exchange_plan(struct heal *h, mono_us now);

/**
 * Take p's group hashes: the groups that differ are answered with covers, and with what we retired past
 * ring_seen. Errors: ERR_MALFORMED.
 */
MUST_USE enum err heal_exchange_groups(struct heal *h, struct heal_peer *p,
                                       const struct peer_heads *heads);

/** Write p's due HEADS, question or reply, into h's message. false when there is nothing to say. */
bool heal_exchange_poll(struct heal *h, struct heal_peer *p);
