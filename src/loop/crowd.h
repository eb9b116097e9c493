/**
 * loop/crowd.h - how many connections of each address have not shown who they are.
 *
 * A plain table of a fixed size, looked through from its beginning: it is asked once a connection. Of an
 * IPv6 address the network counts, since who has one address there has 2^64. Thread: under the lock of
 * whoever holds it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define CROWD_MAX     1024 /* connections, and so addresses at most */
#define CROWD_OF_EACH 8    /* connections of one address */

struct crowd {
    uint64_t who[CROWD_MAX];
    uint8_t n[CROWD_MAX];
    size_t used;
};

/** What an address counts as. */
uint64_t crowd_who(const struct addr *a);

/** One more connection. false: there are CROWD_OF_EACH, or CROWD_MAX addresses; nothing was counted. */
bool crowd_enter(struct crowd *c, uint64_t who);

/** One less, of those that entered. */
void crowd_leave(struct crowd *c, uint64_t who);
