/** node/view.h - what people may know of a node, as plain values; copied, never lent pointers. */
#pragma once

#include "heal/heal.h"
#include "ledger/ledger.h"
#include "node/acks.h"
#include "node/after.h"
#include "node/hot.h"
#include "node/intent.h"
#include "node/node.h"
#include "node/proof.h"
#include "node/rotation.h"
#include "node/sample.h"
#include "node/survey.h"
#include "node/trace.h"
#include "node/votes.h"
#include "node/warm.h"
#include "spread/spread.h"

#define NODE_CAP_VOTES 1U /* capability bits of member records: this run votes, */
#define NODE_CAP_ANEW  2U /* and it began to when too few others did */

#define NODE_SCOPES (DOT_ALL + 1) /* enum dot_kind as far as callers issue them; 0 = the others */

/** Counters of the node itself. */
struct node_counters {
    uint64_t datagrams_in, datagrams_out, bytes_in, bytes_out;
    uint64_t frames_in, frames_out;
    uint64_t dropped_size, dropped_malformed, dropped_version, dropped_key, dropped_unauthentic;
    uint64_t dropped_replay, dropped_decode, dropped_unproven, dropped_peers_full;
    uint64_t dropped_plain; /* where only sealed ones count */
    uint64_t
        plain_taken;    /* datagrams and frames that nobody sealed, and that counted all the same */
    uint64_t other_key; /* datagrams and frames opened with a key of the ring that does not seal */
    uint64_t own_packets; /* of this very run: a seed was ourselves */
    uint64_t proven;      /* runs that proved to be fresh */
    uint64_t streams_in, streams_out, streams_failed, streams_busy, streams_timeout;
    uint64_t streams_relieved; /* had their time as one that is given entries */
    uint64_t too_big;          /* datagrams that did not fit their path */
    uint64_t black_holes;      /* paths that swallowed long datagrams */
    uint64_t commands, commands_refused;
    uint64_t dots_in;               /* dots seen in packets, duplicates included */
    uint64_t names_ok, names_none;  /* DNS answers with and without addresses */
    uint64_t broad;                 /* whole-cache barriers raised, for any reason */
    uint64_t acks_full, votes_full; /* members that did not fit these tables */
    uint64_t poisoned;              /* times that our epoch was heard from somebody else */
    uint64_t scopes[NODE_SCOPES];   /* invalidations that took effect here, by kind */
    uint64_t kinds_in[PEER_KINDS], kinds_out[PEER_KINDS]; /* datagrams by enum peer_type, less 1 */
    uint64_t kinds_in_bytes[PEER_KINDS], kinds_out_bytes[PEER_KINDS];
};

/** How long things took, since start. */
struct node_spans {
    struct trace_spans trace;
    struct spans round_trips; /* of direct probes */
    struct spans heal_waits;  /* for what was asked for because it was missing */
};

struct node_view {
    struct slice name;    /* lent for the node's life */
    struct slice cluster; /* lent for the node's life */
    struct addr addr;
    uint64_t id, epoch, generation;
    uint32_t version;
    enum node_state state;
    const char *state_text;
    uint64_t index; /* L */
    uint64_t head;
    uint64_t view_hash, vector_hash;
    uint64_t gaps, log_n;
    uint64_t log_max, members_max; /* limits */
    uint8_t lhm;
    bool isolated;
    bool sealed; /* what is sent */
    enum seal_mode crypto;
    uint32_t keys[KEYRING_KEYS_MAX]; /* wire ids, the sealing one first */
    size_t keys_n;
    struct rotation_view rotation;
    size_t members, alive, origins;
    uint32_t retired_n,
        forgotten_n; /* numbers of the newest retired and of the newest forgotten origin */
    enum proof_state proof_state;
    uint32_t window_ms;       /* D; 0 = not configured */
    uint32_t window_other_ms; /* with PROOF_WINDOWS: that of a member, whose id this is */
    uint64_t window_other;
    struct votes_view votes;
    struct node_counters node;
    struct swim_counters swim;
    struct ledger_counters ledger;
    struct spread_counters spread;
    struct heal_counters heal;
    struct acks_counters acks;
    struct proof_counters proof;
    struct after_counters after;
    struct intent_counters intents;
    struct hot_counters hot;
    struct trace_counters trace;
    struct survey_counters survey;
    struct warm_view warm;
    struct sample_counters sample;
    struct node_spans spans;
};

/** What moves when a node learns anything: little enough to be looked at after every input. */
struct node_pulse {
    uint64_t index; /* L */
    uint64_t view_hash, vector_hash;
    uint64_t gaps, log_n;
    size_t members, origins;
    uint64_t generation;
    uint32_t version;
    uint64_t forgotten; /* origins, ever */
};

/** Feel the pulse: the same as node_inspect() says, without the counters. */
struct node_pulse node_pulse(const struct node *n);

/** Look at the node. */
void node_inspect(const struct node *n, struct node_view *out);

/** How its warm-up stands, as node_inspect() says, without all the rest. */
struct warm_view node_warm_view(const struct node *n);

/** The id of the key that it seals with now; 0 = it sends plain packets. */
uint32_t node_sealing_key(const struct node *n);

/** The cluster's hash key, under which stamps are checked. Lends. */
const struct hkey *node_hkey(const struct node *n);

/** One member with what spread and ledger know of it. Names are lent until the next call on n. */
struct node_member {
    struct swim_member swim;
    uint64_t head;    /* of its origin, as heard here */
    uint64_t applied; /* of its origin, covered here */
    uint64_t covered; /* of our dots, covered there */
    bool behind;
    bool proven;
};

/** The i-th member, i < node_view.members. */
void node_member_at(const struct node *n, size_t i, struct node_member *out);

/** The i-th origin, i < node_view.origins. */
void node_origin_at(const struct node *n, size_t i, struct origin_view *out);

/** Open gaps, at most cap. Returns: how many were written. */
size_t node_gap_list(const struct node *n, struct gap *out, size_t cap);
