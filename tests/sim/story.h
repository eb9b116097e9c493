/**
 * story.h - named scenarios: each a short tale with a claim and numbers as bounds.
 *
 * A story gets a world of stopped nodes and ends it with sim_fail() when its claim does not hold.
 */
#pragma once

#include <stddef.h>

#include "world.h"

typedef void story_tell(struct sim *s);

struct story {
    const char *name;
    uint32_t nodes;
    uint32_t seeds; /* told so often, with seeds 1, 2, ... */
    story_tell *tell;
    const char *claim;
};

/** The stories of one file. Lends. */
struct stories {
    const struct story *at;
    size_t n;
};

struct stories stories_life(void);    /**< start, end, restart, identity, DNS */
struct stories stories_network(void); /**< cuts, splits, freezes, forged news */
struct stories stories_data(void);    /**< invalidations, fills, joins under load, clients */

/* ---- what stories say ---- */

/** Fail with the claim unless it holds. Returns: does it? */
bool story_expect(struct sim *s, bool holds, const char *claim);

/** Step until holds(s, ctx), and fail with the claim when that takes longer than limit_us. */
bool story_within(struct sim *s, uint64_t limit_us, sim_predicate *holds, void *ctx,
                  const char *claim);

/** Boot all and wait until they agree; then some random moments more, so that seeds differ. */
void story_begin(struct sim *s);

/** Whom a predicate asks about. */
struct story_about {
    uint32_t member;
    enum swim_event_kind event;
    enum swim_state state;
    uint32_t at_least; /* events of that kind at each node; 0 = 1 */
};

/** Has every other running node told of about->event of about->member? */
bool story_all_told(struct sim *s, void *about);

/** Does every other running node hold about->member in about->state? */
bool story_all_hold(struct sim *s, void *about);

/** Events of a kind about other nodes than `but` (UINT32_MAX: any), everywhere. */
uint32_t story_events_but(struct sim *s, enum swim_event_kind kind, uint32_t but);
