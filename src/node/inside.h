/** node/inside.h - what the files of this folder share; nobody else includes it. */
#pragma once

#include "node/state.h"

/* ---- datagram.c, compose.c ---- */

#define DATAGRAM_PING_LEN 88 /* of the body: an ACK to a stranger is no longer */

/** Take in one datagram. */
void datagram_recv(struct node *n, mono_us now, const struct addr *from, struct slice bytes);

/** Count a packet that did not open. */
void datagram_count(struct node_counters *c, enum err err);

/** Count what a packet that did open was sealed with. */
void datagram_count_key(struct node *n, const struct packet_head *head);

/** Bytes that the body of a datagram to node id may have on its path. */
size_t datagram_room(const struct node *n, mono_us now, uint64_t id);

/** Bytes by which a message may still grow after it was measured: fields of the header. */
#define DATAGRAM_HEADER_ROOM 72

/** Build the next due datagram, if any. */
bool datagram_poll(struct node *n, mono_us now, struct node_out *out);

/** A datagram to addr did not fit its path: step down. */
void datagram_too_big(struct node *n, mono_us now, const struct addr *addr);

/* ---- apply.c ---- */

/** Who brought dots, and why. */
struct carrier {
    struct peer *peer; /* NULL: nobody who is told what was covered */
    uint64_t epoch;    /* of its run */
    bool asked;        /* they answer a pull, */
    bool streamed;     /* over a stream, which goes on giving */
};

/** Apply every dot of a bin; what was pushed, the carrier is told that it was covered. */
void apply_dots(struct node *n, mono_us now, struct slice dots, const struct carrier *from);

/** Let a dot of another origin take effect that nobody brought. */
void apply_foreign(struct node *n, mono_us now, const struct dot *d);

/** Give an own dot its number, let it take effect, and spread it. Returns: its effect index. */
uint64_t apply_issue(struct node *n, mono_us now, struct dot *d);

/** Raise the whole-cache barrier to index, tell subscribers. */
void apply_bar(struct node *n, uint64_t index);

/** Raise the whole-cache barrier and the fill floor to index, 0 = a new one: dots may be missing that
 *  this node will never be told of. */
void apply_floor(struct node *n, uint64_t index);

/** Close what is open of range by raising the barriers of what was touched. */
void apply_touched(struct node *n, mono_us now, const struct dot_range *range,
                   const struct ledger_touched *touched);

/** Who says something: a proven run of a node. */
struct speaker {
    uint64_t id;
    uint64_t epoch;
};

/** Hear covers that `who` sent: acknowledgements and heads. */
void apply_covers(struct node *n, mono_us now, const struct speaker *who, struct slice covers);

/** Of these covers, hear the acknowledgements of our own dots only. */
void apply_acks(struct node *n, mono_us now, const struct speaker *who, struct slice covers);

/** A head that ledger_hear() was told of: traces say from when its missing dots were heard of. */
void apply_head(struct node *n, mono_us now, uint64_t epoch, uint64_t head);

/** Look at what ledger_hear() said: a full table of origins makes everything suspect. */
void apply_heard(struct node *n, enum err heard);

/* ---- ask.c ---- */

/** Carry a command out, or note why not. */
void ask_command(struct node *n, mono_us now, const struct node_command *c);

/** Issue what is due by itself: commits of intents that ran out. */
void ask_tick(struct node *n, mono_us now);

/** Build the next reply that had to wait, if any. */
bool ask_poll(struct node *n, mono_us now, struct node_out *out);

/** When ask_tick() or ask_poll() next has work. */
mono_us ask_deadline(const struct node *n);

/* ---- certify.c ---- */

/** How a run with these capabilities votes. */
enum peer_vote certify_vote(uint32_t caps);

/** A member changed in any way: tell those who count. */
void certify_member(struct node *n, mono_us now, const struct swim_member *m);

/** A full sync with this run ended; it voted like this when it began. */
void certify_synced(struct node *n, uint64_t id, uint64_t epoch, enum peer_vote vote);

/** A proven run said what its D is: another one than ours is told to people, once. */
void certify_window(struct node *n, uint64_t id, uint32_t window_ms);

/** Take in a message of a proven run that concerns proofs, traces or surveys. */
void certify_recv(struct node *n, mono_us now, uint64_t id, uint64_t epoch,
                  const struct peer_msg *m);

/** Write the next due question or answer. Returns: to whom; 0 = none is due. */
uint64_t certify_compose(struct node *n, mono_us now, struct peer_msg *m);

/** Do what is due: sync in order to vote, poll for readers. */
void certify_tick(struct node *n, mono_us now);

/** When certify_tick() next has work. */
mono_us certify_deadline(const struct node *n);

/** Publish for which moment workers may certify, after the effects that it stands for. */
void certify_publish(struct node *n, mono_us now);

/* ---- drift.c ---- */

/** Write a sample of our entries, if one is due. Returns: to whom; 0 = none is due. */
uint64_t drift_compose(struct node *n, mono_us now, struct peer_msg *m);

/** Compare the sample of a proven run with what we hold. */
void drift_recv(struct node *n, mono_us now, uint64_t id, const struct peer_msg *m);

/** When drift_compose() next has work. */
mono_us drift_deadline(const struct node *n);

/* ---- stream.c ---- */

/** Open a stream for a full sync with a member, unless there is one. */
void stream_open_sync(struct node *n, mono_us now, const struct swim_member *member);

/** Make the table of streams. NULL when the arena is too small. */
struct streams *streams_new(struct arena *arena);

/** Open a stream for what swim asked for; it is told when there is no slot, as of any other failure. */
void stream_open(struct node *n, mono_us now, const struct swim_out *why, uint8_t purpose);

/** Open a stream to pull everything that is missing here from member id. */
void stream_open_pull(struct node *n, mono_us now, uint64_t id);

/** conn is connected; a new one of a peer takes a slot, or is hung up. */
void stream_up(struct node *n, mono_us now, uint32_t conn, const struct addr *from);

/** Take in one frame; whatever is not in order closes the stream. */
void stream_recv(struct node *n, mono_us now, uint32_t conn, struct slice bytes);

/** conn is gone: free its slot, tell who asked for it. */
void stream_down(struct node *n, mono_us now, uint32_t conn);

/** Hang up on streams that say nothing. */
void stream_tick(struct node *n, mono_us now);

/** Build the next connection attempt, frame or hang-up that is due, if any. */
bool stream_poll(struct node *n, mono_us now, struct node_out *out);

/** When stream_tick() next has work; NEVER without streams. */
mono_us stream_deadline(const struct node *n);

/** Open a stream to ask member id for entries; warm_closed() tells its end, also when it never began. */
void stream_open_warm(struct node *n, mono_us now, uint64_t id);

/* ---- warm.c ---- */

/** This node became ready by a sync with that run: warm up from it, if that is wanted. */
void warm_joined(struct node *n, mono_us now, uint64_t id, uint64_t epoch);

/** Open the next stream when it is due. */
void warm_tick(struct node *n, mono_us now);

/** When warm_tick() next has work. */
mono_us warm_deadline(const struct node *n);

/** Is this the run that we warm up from? */
bool warm_is_donor(const struct node *n, uint64_t id, uint64_t epoch);

/** Is the time for warming up not over yet? */
bool warm_lasts(const struct node *n, mono_us now);

/** The donor has covered this, */
void warm_covers(struct node *n, struct slice covers);

/** and knows these retired origins: a bin of RETIRED. */
void warm_retired(struct node *n, struct slice retired);

/** It has told all of it. Returns: may anything be taken over? Then *cursor is what to ask for. */
bool warm_compare(struct node *n, uint64_t *cursor);

/** A frame of entries is asked for now: what is told of their lives is no older. */
void warm_asks(struct node *n, mono_us now);

/** Take entries over. Returns: is more to be asked for on this stream, from *cursor on? */
bool warm_entries(struct node *n, mono_us now, const struct stream_msg *m, uint64_t *cursor);

/** The stream to the donor ended, however. */
void warm_closed(struct node *n, mono_us now);

/** May others have our entries? */
bool warm_may_give(const struct node *n);

/** Collect the entries of one frame from a cursor on. *out is lent until the next frame comes in. */
void warm_give(struct node *n, mono_us now, uint64_t cursor, struct stream_msg *out);

/* ---- life.c ---- */

/** Begin in JOINING; without seeds READY at once. */
void life_begin(struct node *n, mono_us now);

/** Take in an answer of DNS: contact whom it names, plan the next look-up. */
void life_names(struct node *n, mono_us now, const struct node_in *in);

/** Run `donor` tells this joiner what it retired, and what it lacks: a bin of whole entries. */
void life_inherit(struct node *n, mono_us now, uint64_t donor, struct slice retired);

/** A full sync with that run reached its end; after the first one a joiner adopts what it heard of. */
void life_synced(struct node *n, mono_us now, uint64_t id, uint64_t epoch);

/** Drain, then leave; asked twice: at once. */
void life_leave(struct node *n, mono_us now);

/** Do what is due: be ready alone, drain on, look seeds up. */
void life_tick(struct node *n, mono_us now);

/** When life_tick() next has work. */
mono_us life_deadline(const struct node *n);

/** Tell the siblings what happened to a member. */
void life_event(struct node *n, mono_us now, const struct swim_out *event);
