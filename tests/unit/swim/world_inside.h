/** tests/unit/swim/world_inside.h - the world's own parts: processes, packets, and who sees what. */
#pragma once

#include "base/rng.h"

#include "world.h"

#define CHALLENGES   512
#define PROVEN       2048
#define SOCKET_MAX   200
#define EVENT_CHAINS 65536
#define BODY_ROOM    1100
#define CLUSTER      "world"

/* A packet, a stream that ends, or a reseeding: whatever happens at a time. */
struct packet {
    mono_us at;
    uint64_t order;

    enum {
        TO_NODE,
        SYNC_ENDS,
        TCP_ENDS,
        RESEED
    } what;

    uint32_t from_i, to_i;
    uint64_t dest, challenge, run; /* run: epoch of the process that waits for a stream */
    struct swim_from from;
    struct peer_msg msg;
    uint8_t text[8192];
    size_t text_len;
};

struct process {
    bool up, paused;
    char name[64];
    uint64_t id, epoch;
    void *memory;
    struct swim *s;
    uint64_t challenges[CHALLENGES];
    uint32_t challenges_n;
    uint64_t proven[PROVEN];
    uint32_t proven_n;
    uint32_t events_from; /* the first event of this process */
    struct packet *socket[SOCKET_MAX];
    uint32_t socket_n;
};

/* An event, and the one before it about the same subject. */
struct logged {
    struct world_event e;
    uint32_t chain; /* its number + 1; 0 = none */
};

struct world {
    struct world_cfg cfg;
    mono_us now;
    struct rng rng;
    struct hkey hkey;
    struct process node[WORLD_NODES];
    bool cut[WORLD_NODES][WORLD_NODES];
    struct packet **heap;
    uint32_t heap_n, heap_max;
    uint64_t order, trace, stream_records, runs;
    mono_us due[WORLD_NODES]; /* of each node that can be ticked; NEVER for the others */
    struct world_traffic traffic;
    bool issued;
    struct logged *events;
    uint32_t events_n, events_max;
    uint32_t chains[EVENT_CHAINS]; /* newest event + 1 of about as many subjects; 0 = none */
};

/** The address of place i. */
struct addr addr_of_place(uint32_t i);

/** The place of an address; WORLD_NODES or more when there is none. */
uint32_t place_of(const struct addr *a);

/** Take a value into the trace. */
void note(struct world *w, uint64_t value);

/** A packet, all zero, that will happen after_us from now; net_push() makes it so. */
struct packet *packet_new(struct world *w, uint64_t after_us);

/** Let the packet happen in its time. Takes p. */
void net_push(struct world *w, struct packet *p);

/** The packet that happens next. The caller frees it. */
struct packet *net_pop(struct world *w);

/** Send, tell and ask what node i wants to, until it wants nothing more. */
void drain(struct world *w, uint32_t i);

/** Let node i take in a packet that has arrived. */
void receive(struct world *w, uint32_t i, struct packet *p);

/** Let a packet, or the end of a stream, happen. Takes p. */
void happen(struct world *w, struct packet *p);

/** Note when node i is to be ticked next. */
void plan(struct world *w, uint32_t i);

/** Count a datagram with the length that it has when `node` has completed and sealed it. */
void count_datagram(struct world *w, const struct swim_out *out);

/** Count what both ends of a full sync say when they hold the same. */
void count_sync(struct world *w, uint32_t i);

/** Log an event of node i and check that it may come now. */
void log_event(struct world *w, uint32_t i, const struct swim_out *out);
