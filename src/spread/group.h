/**
 * spread/group.h - when two hops pay, which group a node is in, and who relays for a group.
 *
 * Groups come from hashes and not from ranks, so that a member that joins or leaves moves nobody else,
 * and nothing needs to be agreed on: whoever relays uses its own view of its own group, and what two
 * views disagree about is healed. Never knows links.
 * Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998) for
 * rendezvous hashing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define GROUPS_MIN 8
#define GROUPS_MAX 32
#define NO_SLOT    UINT32_MAX

/** How many groups `links` members make, when they made `now_n` (0: none yet) so far: about a square
 *  root, in steps of two that need a quarter more or less than the border to be taken. */
uint32_t spread_group_count(uint32_t now_n, uint32_t links);

/** The group of a node among n. */
uint32_t spread_group_of(uint64_t id, uint32_t n);

/** Who relays for each group: slots, or NO_SLOT. */
struct relays {
    uint32_t primary[GROUPS_MAX];
    uint32_t backup[GROUPS_MAX];
    uint64_t primary_weight[GROUPS_MAX];
    uint64_t backup_weight[GROUPS_MAX];
};

/** Forget all relays. */
void spread_relays_clear(struct relays *r);

/** How much node `self` wants node `id` as a relay in this round: the highest weight wins. */
uint64_t spread_relays_weight(uint64_t self, uint64_t id, uint64_t round);

/** Let slot run for relay of group g. */
void spread_relays_offer(struct relays *r, uint32_t g, uint32_t slot, uint64_t weight);

/** How often dots are issued: those of one instant leave together and count once. */
struct pace {
    mono_us from;    /* begin of the running window */
    mono_us last;    /* the last instant that was counted */
    uint64_t n;      /* instants ever counted */
    uint32_t now_n;  /* instants in the running window */
    uint32_t before; /* in the one before it */
};

/** A dot is issued at now. */
void spread_pace_count(struct pace *p, mono_us now);

/** Instants per second, from the last 100 ms up to now (of the last count, or later). */
uint64_t spread_pace_rate(const struct pace *p, mono_us now);
