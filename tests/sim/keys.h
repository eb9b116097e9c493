/**
 * keys.h - the keyring files of a world whose keys are rotated: one for each node, edited one by one.
 *
 * Edits are text, which keyring_parse() reads, and a process gets what its file says as the loop would hand
 * it over: the gates of node/rotation.h decide what becomes of it. Who starts reads the file as it is then,
 * and who stands still reads it when it goes on. Where no key is rotated all nodes have the ring of the world.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "seal/keyring.h"

struct sim;
struct sim_node;
struct act;
struct event;

#define KEYS_WORLD KEYRING_KEYS_MAX /* of one world: a ring holds all of them */

/** What an edit says beside its keys. */
enum keys_force {
    KEYS_SAFELY,  /* no step is forced */
    KEYS_PROMOTE, /* the first key is to seal at once */
    KEYS_RETIRE   /* the key before the first one is to go at once */
};

struct keys {
    struct keyring *files; /* by node, owned; NULL: no key is rotated */
    uint32_t newest;       /* number of the newest key that any file has held */
};

/** Give each node a file of its own with the one key of the world, which is number 0. */
void keys_begin(struct sim *s);

/** Forget them. */
void keys_free(struct sim *s);

/** The ring with which a process of n begins. Lends until the next edit. */
const struct keyring *keys_of(const struct sim *s, const struct sim_node *n);

/** ACT_RING: the file of a node is another one now. */
void keys_edit(struct sim *s, uint32_t i, const struct act *act);

/** EVENT_READ: a process looks at its file. Returns: was the node touched? */
bool keys_read(struct sim *s, const struct event *e);

/** All files become equal: the newest key first, and behind it all that there were, so that whoever was cut
 *  off for its key is heard again. */
void keys_heal(struct sim *s);

/** And then the newest key stays alone. */
void keys_end(struct sim *s);

/** A node of the core that does not hold just what its file says; UINT32_MAX: all do. */
uint32_t keys_behind(struct sim *s);
