/**
 * quiet.h - what must become true when faults have ended: L1 to L4, and S17.
 *
 * Asked of the core, the nodes that were healed. Whoever does not belong to it may be dead, asleep or
 * half connected for ever, and must not keep the others from agreeing, nor from falling quiet.
 */
#pragma once

#include "world.h"

/** What is still not as it should be, and which check says so; NULL when all is well. Nodes that are
 *  down are not asked. Lends a static buffer. */
const char *quiet_unsettled(struct sim *s, enum check *which);

/** Wait until the core agrees, then watch it for a while; fails the simulation. Everything was healed
 *  just now. Returns: how long it took to agree, microseconds. */
uint64_t quiet_watch(struct sim *s);
