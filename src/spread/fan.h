/**
 * spread/fan.h - numbered dots on their way to a set of members: links, timers, output.
 *
 * Our own dots are one fan, numbered by sequence; what we relay for others is a second one, numbered
 * as it comes. Both repeat, coalesce and give up in the same way, except at the end: a link of our own
 * fan falls behind and is healed by us, while a relay forgets, because the origin of a dot remains
 * answerable for it. Never knows who is a relay for whom.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/dot.h"
#include "spread/link.h"
#include "spread/recent.h"
#include "spread/spread.h"

struct fan {
    struct link_times times;
    struct recent recent;
    struct link *links; /* by slot; slots are given out by the owner */
    mono_us *due;       /* by slot: the earliest timer of the link */
    uint32_t links_max;
    uint32_t slots_n; /* slots ever used: what loops must look at */
    uint32_t cursor;  /* the slot that output is taken from first */
    uint32_t busy_n;  /* links with a timer */
    mono_us deadline; /* not later than any link's; too early after an acknowledgement */
    uint64_t head;    /* newest number */
    bool forgets;     /* a relay: gives up where others fall behind */
    bool roles_stale; /* a link fell behind or caught up since the owner looked */
    struct spread_counters *counters;
};

/** Take memory for cfg's links and the slots_max dots of f, with f's times, forgets and counters set by
 *  the caller. false when the arena is too small. */
bool spread_fan_init(struct fan *f, struct arena *arena, const struct spread_cfg *cfg,
                     uint32_t slots_max);

/** Slot i is member id's from now on (0: nobody's); it is sent dots from `head` on. */
void spread_fan_assign(struct fan *f, uint32_t i, uint64_t id, uint64_t head);

/** Keep d as the newest dot, of number n. Offer it to links afterwards. */
void spread_fan_put(struct fan *f, uint64_t n, const struct dot *d);

/** The newest dot goes to slot i. relay: and i shall pass it on. */
void spread_fan_offer(struct fan *f, uint32_t i, mono_us now, bool relay);

/** The newest dot reaches slot i by a relay: wait and see. A link with unsent dots gets it at once. */
void spread_fan_hold(struct fan *f, uint32_t i, mono_us now);

/**
 * As spread_fan_hold(), but i is asked to relay an RTO later if slot `primary` failed by then. It hears
 * nothing before: a head would let it pull the dot for itself, and its cover would then look as if
 * its group had been served.
 */
void spread_fan_back_up(struct fan *f, uint32_t i, mono_us now, uint32_t primary);

/** The member of slot i said c, in numbers of the fan. */
void spread_fan_ack(struct fan *f, uint32_t i, mono_us now, const struct cover *c);

/** The timers of slot i may have moved. */
void spread_fan_retime(struct fan *f, uint32_t i);

/** See spread_tick(). */
void spread_fan_tick(struct fan *f, mono_us now);

/** Write the next datagram that is due into w and its addressee into *to. false when none is. */
bool spread_fan_poll(struct fan *f, mono_us now, struct dots_writer *w, uint64_t *to);
