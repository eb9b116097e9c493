/**
 * member.h - what the stories of membership share: a hand on the network, and the voice of processes
 * that are gone.
 *
 * A tap sees every event before it happens, so that a story can lose, keep or rewrite datagrams and
 * refuse streams one by one. Nothing here decides what is right.
 */
#pragma once

#include "wire/peer.h"

#include "story.h"

/** What happens next, at `node`: e, or NULL when only its own deadline has come. */
typedef void member_hand(struct sim *s, void *ctx, uint32_t node, struct event *e);

struct member_tap {
    member_hand *before;
    void *ctx;
};

/** Let time pass under a tap; NULL: without one. */
void member_run(struct sim *s, uint64_t us, const struct member_tap *tap);

/** As story_within(), but looked at each 10 ms: for clusters where looking is not cheap. */
bool member_within(struct sim *s, uint64_t limit_us, sim_predicate *holds, void *ctx,
                   const char *claim);

/** Lose the datagram of this event. */
void member_lose(struct event *e);

/** Let no connection to or from node i come about; call it before each event. Node `down` must never
 *  run: connections are led to its host. */
void member_refuse_streams(struct sim *s, uint32_t i, uint32_t down);

/** Who speaks: the last run of a node that is down. */
struct member_voice {
    uint32_t from;
    enum packet_class class;
    const char *cluster; /* NULL: our own */
    bool plain;          /* it has no key */
    uint64_t counter;    /* of its last packet; raised */
};

/** Seal m as the voice would, if it can, for node `to`, and hand it over now. The header fields that are 0 in m
 *  are filled in with what its process had last, and with the view of `to`. */
void member_say(struct sim *s, struct member_voice *v, uint32_t to, struct peer_msg *m);

/** The record that the last run of a node would tell of itself. */
struct peer_record member_own_record(const struct sim *s, uint32_t i);

/** How long the longest present suspicion of a living node lasts, at any node; 0 = none. */
uint64_t member_doubt_us(struct sim *s);

/** Events of all kinds, told by all of all. */
uint32_t member_events(struct sim *s);

/** The i-th smallest of n numbers, which are sorted in place. */
uint64_t member_nth(uint64_t *at, uint32_t n, uint32_t i);

/** Crash `victim`, wait until all others hold it DEAD, start it again, wait until all agree. Returns:
 *  how long it took until the first; 0 when it took longer than limit_us and the story has failed. */
uint64_t member_crash_once(struct sim *s, uint32_t victim, uint64_t limit_us);
