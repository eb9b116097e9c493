/**
 * checklist.h - everything that a world is held to, by name.
 *
 * A violation is printed under its name. I: invalidation, S: every event, L: when all is quiet.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

enum check {
    CHECK_CLAIM,    /* a story's */
    CHECK_ASSERT,   /* an assertion of the core */
    CHECK_SAME,     /* twice the same seed */
    CHECK_I1,       /* a stamp is as old as its read */
    CHECK_I2,       /* no stale hit */
    CHECK_VALUE,    /* no invented hit */
    CHECK_LIFE,     /* of a copy: no longer than its time */
    CHECK_NEEDLESS, /* nothing dies of itself */
    CHECK_HITS,     /* of a calm life */
    CHECK_NOSTORE,  /* a hot key is left alone */
    CHECK_I3,       /* what is newer than a gap outlives it */
    CHECK_I4,       /* what was forgotten still refuses */
    CHECK_I5,       /* covered, heard, issued */
    CHECK_I6,       /* a dot is what was issued */
    CHECK_I7,       /* what was learned stays */
    CHECK_I8,       /* copies change nothing */
    CHECK_I9,       /* no gap for ever */
    CHECK_I9_ALL,   /* what one has covered, all have, or barred it */
    CHECK_I10,      /* limits */
    CHECK_I11,      /* a horizon is true */
    CHECK_S1,       /* nobody is more than it took */
    CHECK_S2,       /* evidence stays */
    CHECK_S3,       /* who runs is alive */
    CHECK_S4,       /* no packet twice */
    CHECK_S5,       /* no nonce twice */
    CHECK_S6,       /* damage is inert */
    CHECK_S7,       /* clusters are apart */
    CHECK_S10,      /* one winner */
    CHECK_S11,      /* the dead stay dead */
    CHECK_GRACE,    /* nobody dies before it had time to object */
    CHECK_S12,      /* who invalidates is the first to see it */
    CHECK_S14,      /* no amplification */
    CHECK_S15,      /* outputs of an event */
    CHECK_S16,      /* no timer in the past */
    CHECK_S17,      /* everybody is probed */
    CHECK_S18,      /* one key seals */
    CHECK_S19,      /* one reply */
    CHECK_S20,      /* what is sent can be read, and is the only way to write it */
    CHECK_RELAYS,   /* of a probe */
    CHECK_DATAGRAM, /* length */
    CHECK_EVENTS,   /* of members that are */
    CHECK_L1,       /* one view */
    CHECK_L2,       /* no false death */
    CHECK_L3,       /* one vector */
    CHECK_L4,       /* quiet */
    CHECK_L5,       /* no idle stream for ever */
    CHECK_L6,       /* a new key is everybody's */
    CHECK_L7,       /* nothing is held for nobody */
    CHECK_AFTER,    /* a stamp */
    CHECK_STRICT,   /* proof, or not */
    CHECK_FENCED,   /* a fence */
    CHECK_QUORUM,   /* a majority */
    CHECK_LEVEL,    /* the other levels */
    CHECK_VERSION,  /* of the source */
    CHECK_INTENT,   /* announced writes */
    CHECK_LEASE,    /* one loader */
    CHECKS
};

/** How often each check was held against something. */
struct checked {
    uint64_t times[CHECKS];
};

/** Add up. */
void checked_add(struct checked *sum, const struct checked *more);

/** Print "check TIMES NAME" for each. */
void checked_print(const struct checked *checked, FILE *out);

/** The name of a check, "I2'". Lends static text. */
const char *check_name(enum check check);

/** Print all: name, the file that looks, what is claimed. */
void checklist_print(FILE *out);
