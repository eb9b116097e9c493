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
struct stories stories_warm(void);    /**< joins that take entries over */
struct stories stories_data(void);    /**< invalidations, fills, joins under load, clients */
struct stories stories_promise(void); /**< levels, stamps, proofs, announced writes, loads */
struct stories stories_proof(void);   /**< what answers to polls prove */
struct stories stories_lost(void);    /**< dots whose holders end; fences among wild clocks */

struct stories stories_member_boot(void);   /**< many at once, rest, names that come and go */
struct stories stories_member_detect(void); /**< crashes by number, loss, slow and flapping nodes */
struct stories stories_member_restart(void); /**< names and addresses in other hands, clocks */
struct stories stories_member_split(void);   /**< splits, old news, names that are late or old */
struct stories stories_member_paths(void);   /**< one transport alone, short paths */
struct stories
stories_member_hostile(void);               /**< strangers, replays, damage, keys, other versions */
struct stories stories_member_rates(void);  /**< clocks that run fast or slow */
struct stories stories_member_deaths(void); /**< who is declared dead and is not */
struct stories stories_crypto(void);        /**< from plain packets to sealed ones, and back */
struct stories stories_rotation(void);      /**< from one key to the next */

/** Why a story is known not to hold yet; NULL when it is to hold. Such a story is told by name only. */
const char *story_open(const char *name);

/* ---- what stories say ---- */

/** Fail with the claim unless it holds. Returns: does it? */
bool story_expect(struct sim *s, bool holds, const char *claim);

/** Step until holds(s, ctx), and fail with the claim when that takes longer than limit_us. */
bool story_within(struct sim *s, uint64_t limit_us, sim_predicate *holds, void *ctx,
                  const char *claim);

/** Look at the caches, promises and announced writes of all nodes that run, as seeds do now and then. */
void story_audit(struct sim *s);

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

/** Do all nodes run, and may all vote? ctx is not looked at. */
bool story_all_vote(struct sim *s, void *ctx);

/** Events of a kind about other nodes than `but` (UINT32_MAX: any), everywhere. */
uint32_t story_events_but(struct sim *s, enum swim_event_kind kind, uint32_t but);
