/**
 * swim/machine.h - what the duties of swim do for each other: one file per duty, named above each part.
 *
 * Private to this folder. Every function here runs between one call of swim.h and its return; what
 * has to be sent or told is queued and leaves by swim_poll(). X_tick() does what is due of duty X,
 * X_deadline() is when that is next (NEVER if nothing is open), X_stall() moves its open deadlines by
 * time that we lost ourselves.
 */
#pragma once

#include "swim/state.h"

/** One message being taken in. */
struct heard {
    const struct swim_from *from;
    const struct peer_msg *msg;
};

/* --- swim.c: what all duties need --- */

struct member *swim_self(struct swim *s); /**< ourselves */

/** Do we take part: neither muted nor leaving? */
bool swim_takes_part(const struct swim *s);

/** The period, stretched by the local health multiplier. Source: Lifeguard IV.A. */
uint64_t swim_period(const struct swim *s);

/** How long to wait for an answer of m (NULL: of somebody unmeasured), stretched likewise. */
uint64_t swim_ping_timeout(const struct swim *s, const struct member *m);

/** A random challenge, never 0. */
uint64_t swim_challenge(struct swim *s);

/** Is the challenge among these n? */
bool swim_is_among(const uint64_t *challenges, uint32_t n, uint64_t challenge);

bool swim_is_own_addr(const struct swim *s, const struct addr *addr); /**< is it one of ours? */

/** Up to k random ALIVE peers other than `except`, as slots in s->scratch. Returns how many. */
uint32_t swim_pick(struct swim *s, uint32_t k, uint32_t except);

/** Node id of a name in our cluster; remembers the names that it met last. */
uint64_t swim_id_of(struct swim *s, struct slice name);

uint64_t swim_hash_name(const struct swim *s, struct slice name); /**< the same, derived anew */

/* --- outbox.c --- */
/** Queue a message; dropped and counted when the queue is full, as the network might. */
void outbox_send(struct swim *s, const struct intent *i);

/** Queue a PING to addr; `named` as in struct intent. */
void outbox_ping(struct swim *s, uint64_t named, const struct addr *addr, uint64_t challenge);

/** Is there room for the events that one record may cause? */
bool outbox_has_room(const struct swim *s);

/** Queue an event about slot; before is its snapshot from before the change. */
void outbox_event(struct swim *s, enum swim_event_kind kind, uint32_t slot,
                  const struct swim_member *before);

/** The member in slot as plain values. Lends names from the table. */
struct swim_member outbox_snapshot(const struct swim *s, uint32_t slot);

/** The record of slot as it is told to others; `turn` chooses among several accusers. */
struct peer_record outbox_record(const struct swim *s, uint32_t slot, uint32_t turn);

/** May id `to` be told of this member? Isolated we accuse to the face alone; hearsay of an end stays. */
bool outbox_may_tell(const struct swim *s, uint32_t slot, uint64_t to);

/* --- merge.c: records of others --- */
/** Merge one record. h is the message that brought it from a proven run; NULL: it came by stream. */
void merge_record(struct swim *s, mono_us now, const struct heard *h, const struct peer_record *r);

/** Look at the single own record of a join PING from a run that may be unproven. */
void merge_join(struct swim *s, mono_us now, const struct heard *h);

/** The run of a CHECK_CLAIM answered: take its claim as true. */
void merge_settle(struct swim *s, mono_us now, const struct check *c);

/** Make the candidate a member: JOIN. */
void merge_admit(struct swim *s, mono_us now, uint32_t slot);

/** Forget a member whatever its state, without an event. */
void merge_forget(struct swim *s, uint32_t slot);

/** Move the member among the tombstones (DEAD or LEFT), dropping the oldest when there is no room. */
void merge_bury(struct swim *s, mono_us now, uint32_t slot, enum swim_state state);

/** Drop tombstones that are older than they are kept. */
void merge_reap(struct swim *s, mono_us now);

/** The member left: LEAVE, when it was known to be there. */
void merge_left(struct swim *s, mono_us now, uint32_t slot);

/* --- suspect.c --- */

/** Hold the member SUSPECT, or count a confirmation. accuser: node id, 0 = nobody in particular. */
void suspect_accuse(struct swim *s, mono_us now, uint32_t slot, uint64_t accuser);

/** The member answered at its present incarnation: no longer SUSPECT. */
void suspect_clear(struct swim *s, mono_us now, uint32_t slot);

/** Declare the member DEAD: FAIL. accuser says so. */
void suspect_condemn(struct swim *s, mono_us now, uint32_t slot, uint64_t accuser);

/** Do we hold so much against a SUSPECT that another's DEAD needs no waiting? */
bool suspect_agrees(const struct swim *s, uint32_t slot);
void suspect_tick(struct swim *s, mono_us now); /**< condemn whom nobody defended in time */
mono_us suspect_deadline(const struct swim *s); /**< the earliest such time; NEVER if none */
void suspect_stall(struct swim *s, uint64_t late,
                   mono_us now); /**< a long stall begins them anew */

/* --- probe.c: the round of every period --- */

void probe_tick(struct swim *s, mono_us now); /**< the stages of a round; one round a period */
mono_us probe_deadline(const struct swim *s); /**< never NEVER: there is always a next period */

/** An ACK came: true when it belongs to the open round. */
bool probe_ack(struct swim *s, mono_us now, const struct heard *h);

/** A NACK of a relay that we asked. */
void probe_nack(struct swim *s, const struct heard *h);

/** Somebody else is at the target's address: ask the relays at once. */
void probe_misled(struct swim *s, mono_us now, uint64_t challenge);

/** Let this member be the target of the next round. */
void probe_urge(struct swim *s, uint32_t slot);

/** End the round without a verdict when it is about slot (SLOT_NONE: whoever it is about). */
void probe_abandon(struct swim *s, uint32_t slot);

/** Something proves that the member's present run lives. */
void probe_lives(struct swim *s, mono_us now, uint32_t slot);

/** PING_REQ for the member to up to k relays. Returns how many; their ids go to s->scratch's slots. */
uint32_t probe_ask(struct swim *s, uint32_t slot, uint64_t challenge, uint64_t budget_us);

/* --- check.c: single PINGs out of turn --- */

/** Ping a member of the table now, unless that was just done. */
void check_member(struct swim *s, mono_us now, uint32_t slot);

/** Ping a proven run that we have no record of; its answer will bring it. */
void check_stranger(struct swim *s, mono_us now, const struct swim_from *from);

/** Ping the claimed newer run of a known name at its claimed address. */
void check_claim(struct swim *s, mono_us now, uint64_t id, const struct peer_record *r);

/** An ACK came: true when it answers a check. */
bool check_ack(struct swim *s, mono_us now, const struct heard *h);

void check_cancel(struct swim *s, uint64_t id); /**< stop checking id */

void check_tick(struct swim *s, mono_us now);    /**< repeat, give up, begin with candidates */
mono_us check_deadline(const struct swim *s);    /**< of that */
void check_stall(struct swim *s, uint64_t late); /**< the answers may lie in the socket */

/* --- relay.c: probes for others --- */

/** A PING_REQ came: ping its target, or say at once why not. */
void relay_asked(struct swim *s, mono_us now, const struct heard *h);

/** An ACK came: true when it answers a relayed probe; it is passed on. */
bool relay_ack(struct swim *s, const struct heard *h);

void relay_tick(struct swim *s, mono_us now);    /**< NACKs in time */
mono_us relay_deadline(const struct swim *s);    /**< of them */
void relay_stall(struct swim *s, uint64_t late); /**< the answers may lie in the socket */

/* --- refute.c: what others say of us --- */

/** A claim about our own present generation: outbid it when it is false. */
void refute_claim(struct swim *s, struct claim told);

/** Raise our version and tell everybody. */
void refute_announce(struct swim *s, uint32_t above);

/** What the sender of a PING, id `from`, believes of us: true when it does not know our present claim. */
bool refute_buddy(struct swim *s, uint64_t from, const struct peer_you *you);

/* --- identity.c: our name in other hands --- */

/** A record of our own name came. */
void identity_claimed(struct swim *s, mono_us now, const struct peer_record *r);

/** A message of another run with our own id came. */
void identity_met(struct swim *s, mono_us now, const struct heard *h);

void identity_synced(struct swim *s);               /**< a full sync succeeded: somebody hears us */
void identity_tick(struct swim *s, mono_us now);    /**< ping the rival; notice that it is gone */
mono_us identity_deadline(const struct swim *s);    /**< of that */
void identity_stall(struct swim *s, uint64_t late); /**< the answer may lie in the socket */

/* --- fullsync.c --- */

/** Wish a full sync with id soon; 0 = with anybody. */
void fullsync_want(struct swim *s, uint64_t id);

/** As fullsync_want(), but no more often than a differing view would ask for it. */
void fullsync_inquire(struct swim *s, uint64_t id);

/** A member told its view hash. */
void fullsync_compare(struct swim *s, mono_us now, uint32_t slot, uint64_t view_hash);
void fullsync_tick(struct swim *s, mono_us now); /**< begin at most one */
mono_us fullsync_deadline(const struct swim *s); /**< of that */

/* --- seed.c: addresses without names, and members held DEAD --- */

/** Send a JOIN to an address: whoever takes our run for a dead one lets it in again. */
void seed_knock(struct swim *s, const struct addr *addr);

/** An ACK came: true when it answers a contact, which then waits for its sync. */
bool seed_ack(struct swim *s, const struct heard *h);

/** An answered contact that waits for its sync; NULL when there is none. Lends it. */
const struct contact *seed_waiting(const struct swim *s);

/** A sync with the contact of this id ended: it has served, or failed for the n-th time. */
void seed_synced(struct swim *s, uint64_t id, bool ok);

void seed_tick(struct swim *s, mono_us now);    /**< repeat, give up, try one held DEAD */
mono_us seed_deadline(const struct swim *s);    /**< of that */
void seed_stall(struct swim *s, uint64_t late); /**< the answers may lie in the socket */

/* --- leave.c --- */

/** A proven run says goodbye: LEAVE, and an ACK in answer. */
void leave_heard(struct swim *s, mono_us now, const struct heard *h);

/** An ACK came: true when it answers our LEAVE. */
bool leave_ack(struct swim *s, const struct heard *h);
void leave_tick(struct swim *s, mono_us now); /**< say it again to whom did not answer */
mono_us leave_deadline(const struct swim *s); /**< of that */

/* --- gossip.c: what packets carry beside their purpose --- */

void gossip_tick(struct swim *s, mono_us now); /**< GOSSIP to a few, while there are rumours */
mono_us gossip_deadline(const struct swim *s); /**< NEVER while there are none */

/* --- health.c: Lifeguard's suspicion of ourselves --- */

void health_worse(struct swim *s, uint32_t by); /**< raise the local health multiplier */
void health_better(struct swim *s);             /**< lower it by one */
/** Judge from the latest probe of each member whether it is us who is cut off. */
void health_judge(struct swim *s);

/** Called on entry of every call that brings the time: a stall moves what was open. */
void health_enter(struct swim *s, mono_us now);
