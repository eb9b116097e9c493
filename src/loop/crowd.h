/**
 * loop/crowd.h - connections that have not shown who they are: how many of each address, and who goes.
 *
 * A plain table of a fixed size, looked through from its beginning: it is asked once a connection. Of an
 * IPv6 address the network counts, since who has one address there has 2^64. A login takes a moment, and
 * idling takes for ever: so at a limit the oldest that has said nothing makes room, and then the oldest.
 * Nobody does within CROWD_GRACE_US of its arrival: a crowd of those who do have a key would push each other
 * out, and nobody would get in. It closes nothing. Thread: under the lock of whoever holds it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/time.h"

#define CROWD_MAX      1024 /* connections */
#define CROWD_OF_EACH  8    /* connections of one address */
#define CROWD_GRACE_US (50 * US_PER_MS)

/** One connection; fd is its name here. */
struct crowd_one {
    uint64_t who;
    mono_us came;
    int fd;
    bool spoke; /* it has begun to log in */
};

struct crowd {
    struct crowd_one all[CROWD_MAX]; /* in no order */
    size_t n;
    uint64_t grace_us;
};

/** Begin, empty. */
void crowd_init(struct crowd *c);

/** What an address counts as. */
uint64_t crowd_who(const struct addr *a);

/** One more, at its arrival; copies. *out is whom it displaces, which is not inside any more; -1 = nobody.
 *  false: there are CROWD_OF_EACH of its address, all within their grace, or CROWD_MAX; it is not inside. */
bool crowd_enter(struct crowd *c, const struct crowd_one *one, int *out);

/** It has begun to log in. Nothing where it is not inside. */
void crowd_speak(struct crowd *c, int fd);

/** One less. false: it was not inside any more. */
bool crowd_leave(struct crowd *c, int fd);

/** Displace one, of any address. Returns: its fd; -1 = there is none, or all are within their grace. */
int crowd_displace(struct crowd *c, mono_us now);
