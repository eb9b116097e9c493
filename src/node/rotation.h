/**
 * node/rotation.h - the keys that a node holds, and how it comes from one ring to the next.
 *
 * The file says what is wanted; the node goes there in steps, each when it is safe:
 *
 *     install   a key is added, behind the others: at once
 *     promote   a key becomes the first, which seals: when every live member says that it holds the key; a node
 *               that does not reach its members promotes none but one that it hears others seal with
 *     retire    a key goes: when no live member says that it seals with it, and no packet came under it for
 *               node_cfg.key_quiet_us, or for twice the longest suspicion if that is more
 *
 * What is not safe yet is refused, told once, and looked at again each second. The ring that seals is never
 * left without its first key, whatever is forced. Without sealed packets (mode off) nothing is in the way.
 *
 * Why so long: packets under the old key show what members cannot say of themselves. A node that comes back
 * with an old file is nobody's member until it was heard, and it is heard only as long as its key opens. Twice
 * the longest suspicion is the time in which a member that hangs has either spoken again or is held dead; ten
 * minutes cover what a mounted file, and a pod, take to arrive everywhere.
 *
 * Members tell the ids of their keys in their records (swim/meta.h). A node begins with the ring of its file,
 * whatever that is: it was told to. Never reads a file, never logs.
 * Source: scrubjay's own; the steps are those of serf's keyring.
 */
#pragma once

#include "base/time.h"
#include "node/told.h"
#include "seal/keyring.h"
#include "seal/packet.h"
#include "swim/meta.h"

#define ROTATION_LOOK_US   US_PER_SEC
#define ROTATION_STEPS_MAX (2 * KEYRING_KEYS_MAX + 1) /* that can be wanted at one time */

struct node;

/** A step that is wanted and refused for now. */
struct rotation_pending {
    enum keyring_step step;
    uint32_t key;
    enum node_rotation_why why;
    uint64_t member; /* node id; 0 = nobody */
    size_t members_n;
    mono_us until; /* HEARD */
};

/** Counters since start. */
struct rotation_counters {
    uint64_t installed, promoted, retired;
    uint64_t forced;  /* of these, against a gate */
    uint64_t refused; /* steps, once for each file and reason */
};

/** The last packet under a key. */
struct rotation_heard {
    mono_us at;    /* at first, when the key came into use */
    uint64_t from; /* node id; 0 = none yet */
};

/** Holds secrets, all of them at its beginning: node_secrets(). */
struct rotation {
    struct keyring ring;                           /* in use */
    struct keyring wanted;                         /* as the file has it */
    struct rotation_heard heard[KEYRING_KEYS_MAX]; /* by key of ring */
    struct rotation_pending pending[ROTATION_STEPS_MAX];
    size_t pending_n;
    mono_us looked_at, look_at;
    struct rotation_counters n;
};

/** What people may know of it, as plain values. */
struct rotation_view {
    struct node_rotated pending[ROTATION_STEPS_MAX]; /* names are lent until the next call on n */
    size_t pending_n;
    uint64_t quiet_us; /* how long a key must have been silent to go */
    struct rotation_counters counters;
};

/** One word for programs: "open", "full", "clash", "joining", "untold", "lacks", "primary", "seals", "heard".
 *  Static. */
const char *rotation_why_word(enum node_rotation_why why);

/** What is in the way, for people, and what they can do about it. Static. */
const char *rotation_why_text(enum node_rotation_why why);
const char *rotation_why_advice(enum node_rotation_why why); /**< see above */

/** May whoever insists take the step all the same? */
bool rotation_can_force(enum node_rotation_why why);

/** Begin with a ring, which is copied. *r is all zero. */
void rotation_begin(struct rotation *r, mono_us now, const struct keyring *ring);

/** Wipe all secrets. */
void rotation_fini(struct rotation *r);

/** The metadata that tells which keys this node holds; empty where it takes no sealed packets. */
struct swim_meta rotation_meta(const struct packet_ctx *seal);

/** This is the ring that is wanted from now on: take the steps that are safe, refuse the others. */
void rotation_want(struct node *n, mono_us now, const struct keyring *ring);

/** A packet that opened under the ring came in. */
void rotation_heard(struct node *n, mono_us now, const struct packet_head *head);

/** Look again at what is refused. */
void rotation_tick(struct node *n, mono_us now);

/** When rotation_tick() next has work; NEVER when the ring is as wanted. */
mono_us rotation_deadline(const struct node *n);

/** Look at it. */
void rotation_inspect(const struct node *n, struct rotation_view *out);
