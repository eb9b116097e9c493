/**
 * tests/unit/swim/world.h - a few swim machines, a network between them, and virtual time.
 *
 * Node i is a place: an address that never changes. Which name and run lives there is the story's
 * choice. Streams are calls: a sync hands records over directly. Each run proves itself as a real
 * owner would have it do: by echoing a challenge. Every story checks on the way that events come in a
 * legal order and that no machine asks to be ticked at once again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "swim/swim.h"

#define WORLD_NODES   1000
#define WORLD_WALL_MS 1700000000000ULL /* the wall clock when virtual time is 0 */

/** How a world is made; zeros mean the usual. */
struct world_cfg {
    uint64_t seed;
    uint32_t nodes;
    uint32_t loss_permille;
    uint32_t members_max;    /* 128, in larger worlds 1,024 */
    uint32_t tombstones_max; /* 128 */
    uint32_t events_max;     /* that can be logged: enough for a few of each pair */
    uint64_t delay_us;       /* one way, 500 to 500 + delay_us: 1,500 */
    uint64_t reseed_us;      /* every node is given all addresses that often: never */
};

struct world;

/** What one node told about a member. */
struct world_event {
    mono_us at;
    uint32_t node;
    enum swim_event_kind kind;
    char name[64];
    uint64_t gen, gen_before;
    uint32_t ver, ver_before;
    struct addr addr;
};

/** Make a world with no process in it. */
struct world *world_new(const struct world_cfg *cfg);

/** The end of it. */
void world_free(struct world *w);

/** Start a process at place i under its usual name "n<i>", generation by the wall clock. */
void world_start(struct world *w, uint32_t i);

/** Start a process at place i under any name and generation. */
void world_start_as(struct world *w, uint32_t i, const char *name, uint64_t gen);

/** Start all places; each is given the address of place 0 as its seed. */
void world_start_all(struct world *w);

/** Give node i the address of place j as a seed. */
void world_seed(struct world *w, uint32_t i, uint32_t j);

/** kill -9. */
void world_crash(struct world *w, uint32_t i);

/** SIGSTOP: packets wait in the socket (200 of them), time goes on. */
void world_pause(struct world *w, uint32_t i);

/** SIGCONT: what waited is taken in first, then the tick that is late. */
void world_resume(struct world *w, uint32_t i);

/** From now on nothing sent by place a reaches place b. */
void world_cut(struct world *w, uint32_t a, uint32_t b);

/** Undo every cut. */
void world_heal(struct world *w);

/** Part of all datagrams that is lost from now on. */
void world_lose(struct world *w, uint32_t permille);

/** Let us microseconds pass. */
void world_run(struct world *w, uint64_t us);

typedef bool world_claim(struct world *w, uint32_t who);

/** Run until the claim holds, at most us: true when it does. */
bool world_run_until(struct world *w, world_claim *holds, uint32_t who, uint64_t us);

/** Make a world in which all places have started, found each other, and had some seconds of peace; how
 *  many depends on the seed, so that what follows begins at another point of the rounds. */
struct world *world_settled(uint32_t nodes, uint64_t seed);

/** Virtual time. */
mono_us world_now(const struct world *w);

/** The machine at place i; NULL when no process is there. */
struct swim *world_at(struct world *w, uint32_t i);

/** Node id and address of place i's process, and its epoch. */
struct swim_from world_from(const struct world *w, uint32_t i);

/** Hand node i a message as if `from` had sent it just now. */
void world_inject(struct world *w, uint32_t i, const struct swim_from *from,
                  const struct peer_msg *m);

/** What node i holds of a name: false when nothing. */
bool world_view(struct world *w, uint32_t i, const char *name, struct swim_member *out);

/** The state in which node i holds a name; CANDIDATE when it is not listed. */
enum swim_state world_state(struct world *w, uint32_t i, const char *name);

/** How many events of a kind node i told about a name (NULL: any; i = WORLD_NODES: any node). */
uint32_t world_count(const struct world *w, uint32_t i, enum swim_event_kind kind,
                     const char *name);

/** The last such event; NULL when there is none. */
const struct world_event *world_last(const struct world *w, uint32_t i, enum swim_event_kind kind,
                                     const char *name);

/** Do all running processes hold all running processes ALIVE, and nobody else? */
bool world_agrees(struct world *w, uint32_t unused);

/** Do all running processes hold the usual name of place `who` DEAD? */
bool world_buried(struct world *w, uint32_t who);

/** Hash of everything that every machine put out. */
uint64_t world_trace(const struct world *w);

/** Member records handed over by streams so far, and datagrams sent. */
uint64_t world_stream_records(const struct world *w);
uint64_t world_datagrams(const struct world *w); /**< as above */

/** From now on every node has once invalidated something: packets and streams are longer. */
void world_issued(struct world *w);

/** What was sent since the world began, as long as whole sealed packets are. */
struct world_traffic {
    uint64_t datagrams, datagram_bytes;
    uint64_t gossips;               /* of the datagrams, those sent for no other reason */
    uint64_t streams, stream_bytes; /* full syncs, both sides of each; records not counted */
};

/** The traffic so far. The IP, UDP and TCP headers are not in it. */
struct world_traffic world_traffic(const struct world *w);

/** What each node sends beside swim's packets while nothing happens, in bytes a minute: the digests
 *  and samples that nodes compare. 0 unless everybody has issued something. */
uint64_t world_minute_bytes(const struct world *w);

/** The seed of this run: SEED from the environment, or 1. */
uint64_t world_env_seed(void);
