/**
 * swim/member.h - the table of members: by node id, with the lists that the duties walk.
 *
 * It keeps sets and hashes true and decides nothing: which claim wins is suspect.h, what to do about
 * it is merge.c. A restarted process must come with a higher generation, or DEAD would be for ever.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/rng.h"
#include "base/slice.h"
#include "base/time.h"
#include "swim/swim.h"
#include "wire/peer.h"

#define SLOT_NONE           UINT32_MAX
#define SLOT_SELF           0u
#define MEMBER_ACCUSERS_MAX 4 /* the first, and the three confirmations that still count */

/** What the last whole probe of a member showed. */
enum probe_mark {
    PROBE_NONE = 0,
    PROBE_OK,
    PROBE_FAILED
};

struct member {
    uint64_t id; /* 0 = the slot is free */
    uint64_t gen;
    uint64_t epoch;
    uint64_t view_hash; /* as last told; 0 = not told */
    uint64_t compared;  /* our own view hash when that was told */
    mono_us state_since;
    mono_us last_ack_at;
    mono_us differ_since;  /* its view hash is not ours since; 0 = it is */
    mono_us suspect_since; /* begin of the suspicion, moved by stalls */
    mono_us leave_at;      /* when LEAVE is told again */
    uint64_t srtt_us;
    uint64_t rttvar_us;
    uint64_t accusers[MEMBER_ACCUSERS_MAX]; /* node ids, the first first */
    uint32_t ver;
    uint32_t caps;
    struct swim_meta meta;
    uint32_t data_age_ms;
    uint32_t suspect_n; /* members alive when the suspicion began */
    uint32_t rumor_prev;
    uint32_t rumor_next;
    struct addr addr;
    uint8_t state; /* enum swim_state */
    uint8_t accusers_n;
    uint8_t latest_probe; /* enum probe_mark */
    uint8_t rumor_class;
    uint8_t rumor_sent;
    bool rumor_queued;
    bool announced;  /* its owner was told that it is there (JOIN) and not that it left */
    bool leave_told; /* it answered our LEAVE */
    bool hearsay;    /* DEAD, LEFT: not seen from here, only told to us */
    uint8_t name_len;
    uint8_t name[PEER_NAME_MAX];
};

/** Slots in an order of their own. */
struct slot_list {
    uint32_t *at;
    uint32_t n;
};

struct roster {
    struct member *at; /* slot 0 is ourselves */
    uint32_t slots_max;
    uint32_t members_max; /* ALIVE, SUSPECT, CANDIDATE, and ourselves */
    uint32_t tombs_max;
    uint32_t *index; /* open addressing by id: slot + 1, 0 = free */
    uint32_t index_mask;
    struct slot_list free;
    struct slot_list listed;     /* all but candidates, in order of arrival */
    struct slot_list ring;       /* peers ALIVE and SUSPECT, in probing order */
    struct slot_list suspects;   /* in order of suspicion */
    struct slot_list candidates; /* in order of arrival */
    struct slot_list tombs;      /* DEAD and LEFT, the oldest first */
    uint32_t ring_pos;           /* of the next target */
    uint64_t view_hash;
    struct hkey hkey;
    struct rng *rng;
};

/** Prepare an empty table. rng is lent for ever. False when the arena is too small. */
bool roster_init(struct roster *t, struct arena *arena, const struct swim_cfg *cfg,
                 struct rng *rng);

/** Slot of the member with this id, in any state; SLOT_NONE when there is none. */
uint32_t roster_find(const struct roster *t, uint64_t id);

/** As roster_find, of a peer that is ALIVE or SUSPECT. */
uint32_t roster_find_live(const struct roster *t, uint64_t id);

/** Is there room for one more that is ALIVE, SUSPECT or CANDIDATE? */
bool roster_has_room(const struct roster *t);

/**
 * Take a slot for a name that is not in the table, state and all else 0 (CANDIDATE, in no list).
 * Copies name. The caller has made room: roster_has_room(), or a tombstone less than tombs_max.
 */
uint32_t roster_add(struct roster *t, uint64_t id, struct slice name);

/** Move the member to state: lists and view hash follow. */
void roster_set_state(struct roster *t, uint32_t slot, enum swim_state state, mono_us now);

/** Give the member another incarnation: the view hash follows. */
void roster_set_claim(struct roster *t, uint32_t slot, uint64_t gen, uint32_t ver);

/** Begin listing a member just added with roster_add() in this state, with no change of state. */
void roster_enter(struct roster *t, uint32_t slot, enum swim_state state, mono_us now);

/** Take the member out of every list and free its slot. */
void roster_drop(struct roster *t, uint32_t slot);

/** The member's name, lent from the table. */
struct slice member_name(const struct member *m);

/** Is the member ALIVE or SUSPECT? */
bool member_live(const struct member *m);

/** Hash of the member for digests: name, generation, version, and whether it lives, died or left. */
uint64_t member_digest(const struct roster *t, const struct member *m);

/** Take one round trip into the smoothed mean and variance. Source: RFC 6298, 2. */
void member_measure(struct member *m, uint64_t rtt_us);
