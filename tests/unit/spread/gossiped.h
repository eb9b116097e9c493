/**
 * gossiped.h - how memberlist's gossip would spread one message, played out from its formulae.
 *
 * LAN defaults: every 200 ms a node sends what it has to tell to 3 random others; a message is sent
 * 4 x ceil(log10(N + 1)) times by each node. What also rides on its probes, and what push/pull would
 * mend after half a minute or more, is left out.
 */
#pragma once

#include <stdint.h>

#include "base/rng.h"

/** How one message went. */
struct gossiped {
    uint64_t last_us;   /* until the last of those who heard it did */
    uint64_t copies_e3; /* sent, per node other than the origin, times 1,000 */
    uint32_t missed_n;  /* nodes that never heard it */
};

/** Play one message among nodes (3 to 1,000) at this loss, one way 0.25 ms. */
struct gossiped gossiped_play(struct rng *rng, uint32_t nodes, uint32_t loss_permille);
