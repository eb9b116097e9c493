/**
 * spread/spread.h - tell everyone: acknowledged fan-out of dots, in one hop or in two.
 *
 * One link per member. A dot goes out at once on an idle link; later ones coalesce for min(1 ms,
 * srtt / 2) or until a datagram is full. What is not acknowledged (by a cover of our epoch) within
 * RTO = max(2 x srtt, 10 ms) is sent again, in up to 2, 2, 3, 3, 3, 3 copies per try; then the link is
 * *behind*: its dots leave the queue and a bare head goes out each 100 ms until the peer's cover
 * reaches the head that the last of them showed; the peer pulls. Each flush repeats up to 3 of the
 * newest unacknowledged dots while there is room.
 *
 * In a large and busy cluster our dots go to one relay per group of members instead, which passes them
 * on and repeats them to its group. A relay that does not answer at once is asked again before the RTO,
 * and another one after it. We remain answerable: who has not covered a dot in good time gets it from
 * us. Dots of others travel by relaying as far as they ask for it, and else by healing.
 *
 * Never knows addresses, membership rules or time sources: members are node ids, handed in.
 * Thread: the control thread only. Source: Bimodal Multicast (Birman et al. 1999) for push plus
 * repair; RTO escalation, relays and the behind state are scrubjay's own, see src/spread/README.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"
#include "base/err.h"
#include "base/time.h"
#include "wire/dots.h"

#define SPREAD_TRIES        6
#define SPREAD_HOT_SENDS    4 /* extra sends of a new dot in packets that leave anyway */
#define SPREAD_PATIENCE_US  (45 * US_PER_MS) /* or 4 RTO: what relays may take before we send */
#define SPREAD_DIRECT_MAX   64
#define SPREAD_RELAY_BUDGET 50000
#define SPREAD_RELAY_MAX    1024

struct spread_cfg {
    uint64_t epoch;      /* of our own dots */
    uint64_t self_id;    /* this node: the group that it relays for follows from it */
    uint32_t links_max;  /* members at one time */
    uint32_t recent_max; /* own dots kept for (re)transmission with names; a power of two */
    uint32_t
        names_bytes;     /* room for the names and `more` of own dots, and as much again for relayed
                            * ones; a name without room is left out, a `more` is left to pulling */
    uint32_t direct_max; /* so many links always get one hop; 0: SPREAD_DIRECT_MAX */
    uint32_t
        relay_budget;    /* own packets/s above which two hops are taken; 0: SPREAD_RELAY_BUDGET */
    uint32_t relay_max;  /* dots of others being passed on, a power of two; 0: SPREAD_RELAY_MAX */
    uint64_t flush_us;   /* upper bound of coalescing: 1,000 */
    uint64_t rto_min_us; /* 10,000 */
    uint64_t behind_us;  /* head-only period of a link that is behind: 100,000 */
};

struct spread;

/** Make a spread without links. NULL when the arena is too small. */
struct spread *spread_new(struct arena *arena, const struct spread_cfg *cfg);

/**
 * Member `id` can be reached from now on; it is assumed to have covered nothing of ours, and is not
 * sent old dots: it heals from `head` on. Known links keep their state.
 * Errors: ERR_FULL (counted); the member heals by heads alone.
 */
MUST_USE enum err spread_link_up(struct spread *s, mono_us now, uint64_t id, uint64_t head);

/** Member `id` is gone (DEAD, LEFT, replaced): drop its link and what it owed. Unknown ids: nothing. */
void spread_link_down(struct spread *s, uint64_t id);

/** Round trip of a member, smoothed, microseconds, from the membership's probes. 0 is ignored. */
void spread_rtt(struct spread *s, uint64_t id, uint64_t srtt_us);

/** So many origins issued a dot in the last second, ourselves included: many make two hops cheaper. */
void spread_active(struct spread *s, uint32_t origins);

/**
 * Send own dot d (already covered here) to every link, or to relays: see src/spread/README.md for the
 * choice. Copies d and, if there is room, its slices; d->relay is not looked at.
 */
void spread_issue(struct spread *s, mono_us now, const struct dot *d);

/**
 * Dot d came from member `from` and took effect here, now or before: if it asks for relaying, pass it
 * on to our own view of our group. Repeats are recognized, so call it for duplicates too: a dot that
 * was pulled before its relaying was asked for must still be passed on. Copies d like spread_issue().
 * At relay_max the oldest is dropped (counted); its origin sends it itself, later.
 */
void spread_relay(struct spread *s, mono_us now, uint64_t from, const struct dot *d);

/** Member `id` says that it covered c of our own epoch: acknowledge. Idempotent; never goes back. */
void spread_cover(struct spread *s, mono_us now, uint64_t id, const struct cover *c);

/** Member `id` says that it covered c of another's epoch: acknowledge what we relayed of it. */
void spread_cover_relayed(struct spread *s, mono_us now, uint64_t id, const struct cover *c);

/** Do retransmissions, flushes and behind-heads that are due become visible to spread_poll. */
void spread_tick(struct spread *s, mono_us now);

/** One datagram to send: fill a GOSSIP with it. An empty dots slice is a bare head. Relayed dots come
 *  in datagrams of their own, of several epochs. */
struct spread_out {
    uint64_t to;
    struct slice dots; /* lent until the next call on s */
};

/**
 * Take the next due output, each of at most room bytes of dots bin. false when none is due, or room
 * is too small for a single record. A datagram due in several copies is returned several times,
 * with outputs of other links between.
 */
bool spread_poll(struct spread *s, mono_us now, size_t room, struct spread_out *out);

/** When spread_tick() next has work; NEVER when nothing is pending. */
mono_us spread_deadline(const struct spread *s);

/**
 * Add hot dots (own, recent, not yet acknowledged by `id`, sent there fewer than SPREAD_HOT_SENDS
 * extra times) to a packet for `id` that leaves anyway; at most a quarter of a packet's room.
 */
void spread_piggyback(struct spread *s, uint64_t id, struct dots_writer *w);

/** Have all links covered our own sequence seq? True when there is no link. */
bool spread_all_covered(const struct spread *s, uint64_t seq);

/** Have all links covered every one of our own sequences lo..hi? lo = 1 asks for all up to hi. */
bool spread_all_covered_range(const struct spread *s, uint64_t lo, uint64_t hi);

/** How a link stands, for people. */
struct spread_view {
    uint64_t applied; /* contiguous cover of our dots by the member */
    uint64_t sent;    /* newest own sequence sent to it */
    uint64_t srtt_us;
    bool behind;
};

/** Look a link up, copying. false when id has none. */
bool spread_link(const struct spread *s, uint64_t id, struct spread_view *out);

/** Counters since start. Datagrams and repeats are counted for own and relayed dots together. */
struct spread_counters {
    uint64_t dots_sent;     /* records in datagrams, first transmissions */
    uint64_t dots_resent;   /* records sent again after an RTO, copies included */
    uint64_t dots_trailing; /* repeats in room that was left */
    uint64_t dots_hot;      /* extra sends in packets that left anyway */
    uint64_t dots_left;     /* records left out, to be pulled: no room for their tags or bitmap */
    uint64_t dots_two_hops; /* own dots that were left to relays */
    uint64_t flushes;       /* datagrams */
    uint64_t behinds;       /* times that a link fell behind */
    uint64_t heads;         /* bare heads sent */
    uint64_t links_full;
    uint64_t names_lost;     /* dots that go without their name: too long, or no room */
    uint64_t covers_refused; /* claims past what we issued */
    uint64_t backups_asked;  /* flights for which the second relay of a group was asked */
    uint64_t held_sent;      /* flights that no relay brought in time, so that we sent them */
    uint64_t dots_relayed;   /* of others, taken for passing on */
    uint64_t relay_dropped;  /* of these, dropped at relay_max while a member lacked them */
    uint64_t relay_given_up; /* times that a member did not answer to a relay's last try */
};

/** The counters, copied. */
struct spread_counters spread_counters(const struct spread *s);
