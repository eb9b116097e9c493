/**
 * spread/spread.h - tell everyone: acknowledged one-hop fan-out of our own dots.
 *
 * One link per member. A dot goes out at once on an idle link; later ones coalesce for min(1 ms,
 * srtt / 2) or until a datagram is full. What is not acknowledged (by a cover of our epoch) within
 * RTO = max(2 x srtt, 10 ms) is sent again, in 1, 2, 3, 3, 3, 3 copies per try; then the link is
 * *behind*: its dots leave the queue and a bare head goes out each 100 ms until the peer's cover
 * reaches the head that the last of them showed; the peer pulls. Each flush repeats up to 3 of the newest unacknowledged dots
 * while there is room. Only our own dots are spread; dots of others travel by healing and as hot dots.
 *
 * Never knows addresses, membership rules or time sources: members are node ids, handed in.
 * Thread: the control thread only. Source: Bimodal Multicast (Birman et al. 1999) for push plus
 * repair; RTO escalation and the behind state are scrubjay's own, see src/spread/README.md.
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

#define SPREAD_TRIES     6
#define SPREAD_HOT_SENDS 4 /* extra sends of a new dot in packets that leave anyway */

struct spread_cfg {
    uint64_t epoch;      /* of our own dots */
    uint32_t links_max;  /* members at one time */
    uint32_t recent_max; /* own dots kept for (re)transmission with names; a power of two */
    uint32_t
        names_bytes; /* room for the names of recent dots; a dot whose name has none goes without */
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

/** Send own dot d (already covered here) to every link. Copies d and, if there is room, its name. */
void spread_issue(struct spread *s, mono_us now, const struct dot *d);

/** Member `id` says that it covered c of our own epoch: acknowledge. Idempotent; never goes back. */
void spread_cover(struct spread *s, mono_us now, uint64_t id, const struct cover *c);

/** Do retransmissions, flushes and behind-heads that are due become visible to spread_poll. */
void spread_tick(struct spread *s, mono_us now);

/** One datagram to send: fill a GOSSIP with it. An empty dots slice is a bare head. */
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

/** Counters since start. */
struct spread_counters {
    uint64_t dots_sent;     /* records in datagrams, first transmissions */
    uint64_t dots_resent;   /* records sent again after an RTO, copies included */
    uint64_t dots_trailing; /* repeats in room that was left */
    uint64_t dots_hot;      /* extra sends in packets that left anyway */
    uint64_t flushes;       /* datagrams */
    uint64_t behinds;       /* times that a link fell behind */
    uint64_t heads;         /* bare heads sent */
    uint64_t links_full;
    uint64_t names_lost;     /* dots that go without their name: too long, or no room */
    uint64_t covers_refused; /* claims past what we issued */
};

/** The counters, copied. */
struct spread_counters spread_counters(const struct spread *s);
