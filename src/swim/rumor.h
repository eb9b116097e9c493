/**
 * swim/rumor.h - what is still to be gossiped: members by urgency and by how often they were told.
 *
 * A rumour is a member, not a text: its record is written when it is sent, so news can never be
 * overtaken by what it corrects. The links are in struct member; nothing is ever copied.
 */
#pragma once

#include <stdint.h>

#include "swim/member.h"

#define RUMOR_CLASSES  3
#define RUMOR_SENT_MAX 64 /* above every transmit limit */

/** In the order in which packets are filled. */
enum rumor_class {
    RUMOR_REFUTE = 0, /* a subject's word about itself that corrects others */
    RUMOR_ACCUSE = 1, /* SUSPECT, DEAD, LEFT */
    RUMOR_ALIVE = 2
};

struct rumors {
    struct roster *roster;
    uint32_t head[RUMOR_CLASSES][RUMOR_SENT_MAX]; /* slot, SLOT_NONE when empty */
    uint32_t tail[RUMOR_CLASSES][RUMOR_SENT_MAX];
    uint32_t n;
};

/** Begin with no rumour. Lends roster for ever. */
void rumor_init(struct rumors *r, struct roster *roster);

/** Tell everybody about the member from now on: never sent yet, whatever was queued before. */
void rumor_push(struct rumors *r, uint32_t slot, enum rumor_class class);

/** Count one transmission of the queued rumour; it is dropped when it was sent `limit` times. */
void rumor_count(struct rumors *r, uint32_t slot, uint32_t limit);

/** Stop telling about the member, if we did. */
void rumor_drop(struct rumors *r, uint32_t slot);

/** The rumour to send first, fewest transmits first within its class; SLOT_NONE when there is none. */
uint32_t rumor_first(const struct rumors *r);

/** The rumour after slot in that order. */
uint32_t rumor_next(const struct rumors *r, uint32_t slot);

/**
 * How often a rumour is sent at n members: max(8, 3 x ceil(log2(n + 1))).
 * Source: SWIM 4.1, lambda log n; the floor of 8 serves clusters below 10.
 */
uint32_t rumor_limit(uint64_t n);
