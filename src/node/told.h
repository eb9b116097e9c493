/** node/told.h - what a node tells people and subscribers of itself, as values. Names are lent as the output is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dot.h"
#include "base/slice.h"
#include "node/late.h"
#include "seal/keyring.h"
#include "wire/peer_args.h"

/** Something that everybody who watches should know; target may be unknown. */
struct node_applied {
    struct dot dot;  /* name.known false: tell the namespace, or everything */
    bool everything; /* a broad barrier: any entry may have gone */
};

/** What a warm-up brought. */
struct node_warmed {
    struct slice from;       /* name of the donor */
    uint64_t entries, bytes; /* stored; bytes of keys and values */
    uint64_t refused;        /* entries, for any reason */
    uint64_t ms;
    bool whole; /* all that the donor had was looked at */
};

/** Entries that differ from those of another node, though both covered the same invalidations. */
struct node_drifted {
    struct slice with; /* its name */
    size_t entries;
};

/** Another node certifies for another time: neither does, as long as both live. */
struct node_windows {
    struct slice with; /* its name */
    uint32_t ours_ms, theirs_ms;
};

/** Why a step of a rotation is not taken now. The numbers are in metrics. */
enum node_rotation_why {
    ROTATION_OPEN,    /* nothing is in its way */
    ROTATION_FULL,    /* install: the ring has no place until a key is retired */
    ROTATION_CLASH,   /* install: another key of the ring has its id */
    ROTATION_JOINING, /* this node does not know yet, or does not reach, who is there */
    ROTATION_UNTOLD,  /* a live member does not say which keys it holds */
    ROTATION_LACKS,   /* promote: a live member does not hold the key */
    ROTATION_PRIMARY, /* retire: this node seals with it */
    ROTATION_SEALS,   /* retire: a live member seals with it */
    ROTATION_HEARD    /* retire: packets under it came, or it came into use, not long ago */
};

/** A step that was taken, or what is in its way. */
struct node_rotated {
    enum keyring_step step;
    uint32_t key;
    bool taken;                 /* with another why than OPEN: because it was forced */
    enum node_rotation_why why; /* what is in its way, or was */
    struct slice member; /* UNTOLD, LACKS, SEALS: the first; HEARD: the last heard. May be empty */
    size_t members_n;    /* UNTOLD, LACKS, SEALS: how many there are */
    uint64_t wait_us;    /* HEARD: if no other packet comes */
};

/** What one node knows of a traced dot. */
struct node_traced {
    struct slice name;
    bool silent;   /* it did not answer in time */
    uint8_t state; /* enum peer_trace_state */
    uint64_t wait_us, age_us;
    bool timed, acked; /* are these known? */
    struct late late;  /* how long after it was issued it took effect there */
    uint64_t acked_us; /* how long after that we knew, by our clock: of dots of ours alone */
};

/** What one node has heard and covered of every origin. */
struct node_surveyed {
    struct slice name;
    uint64_t epoch;    /* of its run: this one is its own origin */
    bool silent;       /* it did not answer in time */
    uint64_t after_us; /* it was asked, all of this was here */
    uint32_t left;     /* origins that it has beside these: for want of room, or of time */
    const struct peer_heard *heard; /* by epoch, the lowest first */
    size_t heard_n;
};
