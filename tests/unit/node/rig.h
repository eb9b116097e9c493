/** tests/unit/node/rig.h - nodes on a desk: no network, every output taken by hand. */
#pragma once

#include "cache/cache.h"
#include "node/node.h"
#include "node/view.h"
#include "seal/keyring.h"
#include "seal/session.h"

#define RIG_STREAMS 1024

/** One node with everything it stands on. */
struct rig {
    void *memory;
    struct arena arena;
    struct keyring ring;
    struct cache *cache;
    struct node *node;
    struct addr addr;
    mono_us now;
    size_t swallows; /* datagrams longer than this vanish on their way from here; 0 = none do */
    void (*tap)(void *ctx, const struct node_out *out); /* sees what rig_talk carries from here */
    void *tap_ctx;
    uint8_t stream_to[RIG_STREAMS]; /* net.c: where a stream that this node opened leads */
};

/** How to make one. */
struct rig_cfg {
    const char *name;
    const char *cluster; /* NULL = "test" */
    uint8_t key;         /* first byte of the cluster key; 0 = none */
    enum seal_mode crypto;
    uint8_t run;  /* first byte of the run; from 1 */
    uint8_t host; /* 10.0.0.host */
    bool seeded;
    bool warm_up;
    uint32_t log_max;         /* dots kept for others; 0 = 1,024 */
    uint32_t thin_max;        /* targets kept of those that left the log; 0 = none */
    uint32_t retired_max;     /* 0 = 16 */
    uint64_t ready_alone_us;  /* 0 = the profile's */
    struct policies policies; /* lent; zero = nothing is configured */
    mono_us now;              /* when it begins; 0 = 1 s */
};

/** Make a node. Aborts when it cannot. */
void rig_init(struct rig *r, const struct rig_cfg *cfg);

/** Free it. */
void rig_fini(struct rig *r);

/** Give a datagram to r, as if from another address. */
void rig_datagram(struct rig *r, const struct addr *from, struct slice bytes);

/** Let time pass, ticking at every deadline, outputs thrown away. */
void rig_pass(struct rig *r, uint64_t us);

/** Take outputs until one of this kind comes; false when there is none. */
bool rig_take(struct rig *r, enum node_out_kind kind, struct node_out *out);

/** Throw all outputs away. Returns: how many there were. */
size_t rig_drain(struct rig *r);

/** Carry every datagram and frame between a and b for so long; streams connect at once. */
void rig_talk(struct rig *a, struct rig *b, uint64_t us);

/** The node's counters. */
struct node_view rig_view(const struct rig *r);

/** Issue one dot. Returns: the reply. */
struct node_reply rig_issue(struct rig *r, enum dot_kind kind, const char *target);
