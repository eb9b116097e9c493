/**
 * acts.h - does what a script says to a world, ends it in time, and heals what is left.
 *
 * Draws nothing that decides what happens: that is all in the script. Acts that are under way at once
 * do not end each other: a link that two acts cut is whole when both have ended.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "script.h"

struct sim;
struct event;

struct acts {
    struct script script; /* owned */
    bool active;          /* false: everything was healed */
    uint64_t rest;        /* nodes that are never healed, a bit set */
    uint64_t gone;        /* those of them that nobody can hear and that hear nobody */
};

/** Plan all acts of a script. Copies. */
void acts_begin(struct sim *s, const struct script *sc);

/** EVENT_ACT, EVENT_STORM. */
void acts_event(struct sim *s, const struct event *e);

/** End all acts: links whole, the zone right, all keyring files equal, and every process of the core running,
 *  to which the nodes of `rest` do not belong: each of those is left dead, asleep, or half connected. */
void acts_heal(struct sim *s, uint64_t rest);

/** Forget the script. */
void acts_fini(struct sim *s);
