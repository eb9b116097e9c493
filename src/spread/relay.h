/**
 * spread/relay.h - dots of others that we pass on to our group, until the group has them.
 *
 * A relay helps, it does not answer for a dot: what it drops, at a limit or after its last try, the
 * origin of the dot sends itself when its patience ends. Never passes a dot on twice while it
 * remembers it, and never back to its origin.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "spread/fan.h"

struct relay {
    struct fan fan;
    uint64_t *known; /* by hash of a dot: the number that it was last kept under */
    uint64_t known_max;
    uint32_t *members; /* slots of our group */
    uint32_t members_n;
};

/** Take memory for cfg's relay_max dots and links_max links. false when the arena is too small. */
bool spread_relay_init(struct relay *r, struct arena *arena, const struct spread_cfg *cfg);

/** Slot i is id's. in_group: and id is in our group; id 0: it is nobody's. */
void spread_relay_assign(struct relay *r, uint32_t i, uint64_t id, bool in_group);

/** Pass d on to all members of our group but slot `origin`. false when that was done before. */
bool spread_relay_take(struct relay *r, mono_us now, const struct dot *d, uint32_t origin);

/** The member of slot i covers c of an origin: acknowledge what of it we passed on. */
void spread_relay_ack(struct relay *r, uint32_t i, const struct cover *c);
