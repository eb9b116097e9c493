/**
 * oracle.h - the one promise: no hit is older than an invalidation that the node has covered (I2').
 *
 * The oracle records every dot with the number of the last commit before it was issued, follows what
 * each node covers, and so knows at every moment how old an entry may be at most. It sees the node
 * only through its outputs and its vectors, and the cache only through gets and stores.
 * A put's dot counts as the write itself; unproven copies are outside.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/dot.h"
#include "base/time.h"
#include "cache/cache.h"

#include "floors.h"
#include "lives.h"
#include "source.h"

struct sim;
struct sim_node;

/** One process run and the dots that it issued. */
struct oracle_run {
    uint32_t node;
    bool
        cloned; /* another process has the same epoch: its dots promise nothing until that is told */
    uint64_t epoch;
    uint64_t generation; /* highest that it took */
    uint32_t version;    /* highest of that generation */
    uint64_t counter;    /* of the last packet that it sealed */
    uint64_t anew_seq;   /* its barrier when voting began anew with it; 0 = it never did */
    mono_us anew_at;     /* and when that was */
    struct oracle_dot *dots;
    uint32_t dots_n, dots_cap;
};

/** What an entry of a node's cache was stored from. */
struct oracle_entry {
    uint32_t state; /* which says the key, too */
    bool stored;
    bool unproven;
    bool has_version;
    bool is_void; /* the token was one of another process with the same epoch: what was heard since
                         * it was given nobody here can know, before the two have found each other out.
                         * Until then the entry, and every copy of it, is held to nothing */
    uint32_t version;   /* when has_version */
    uint64_t stamp;     /* of the token with which it was stored; 0 = stored without one */
    uint32_t run;       /* the process whose token that was */
    uint64_t ended_seq; /* of the DOT_COMMIT that its put issued besides its own dot; 0 = none */
    mono_us put_at;     /* unproven: when its dot was issued */
    mono_us until;      /* when its time is over, on its node's clock; 0 = never, or nobody knows */
    bool aimed;         /* since it was stored a dot aimed at it, or something may have */
};

/** What a process has covered of one origin, as last seen. */
struct oracle_seen {
    uint32_t run;
    uint64_t epoch, applied, head;
    uint64_t forgotten; /* origins that the process had forgotten by then */
};

/** A fill of a key with a token older than `below` meets a dot that took effect here. The put that has
 *  issued the DOT_COMMIT own_seq of this process meets only what came before that. */
struct oracle_refusal {
    uint64_t below;
    uint64_t own_below,
        own_seq; /* while that commit is the newest of these dots; else own_seq is 0 */
};

/** What the oracle knows of one process: the newest commits that its covered dots speak of. What a soft
 *  dot aims at may still be given as out of date. */
struct oracle_view {
    struct floors hard, soft;
    struct oracle_entry *entries;
    struct oracle_refusal *refusals; /* by key */
    struct oracle_seen *seen;        /* in the ledger's order, as far as it keeps one */
    uint32_t seen_n, seen_cap;
    struct lives lives;
};

/** The index of the run with this epoch; UINT32_MAX when there was none. */
uint32_t oracle_run_of(const struct sim *s, uint64_t epoch);

/** Note a process that may issue, or whom a node issues in the name of. Returns: its index. */
uint32_t oracle_add_run(struct sim *s, const struct sim_node *n, uint64_t epoch);

/** The dot of a run with this number; NULL when it is not known. Lends. */
const struct oracle_dot *oracle_dot_at(const struct oracle_run *run, uint64_t seq);

/** Begin a new process run at a node: an empty cache, nothing covered. */
void oracle_begin(struct sim *s, struct sim_node *n);

/** Give the memory of a node's view back. */
void oracle_end(struct sim_node *n);

/** A dot is about to be issued by a node; it gets the next sequence. */
void oracle_issue(struct sim *s, struct sim_node *n, const struct oracle_dot *dot);

/** The last `count` of them were refused. */
void oracle_refused(struct sim *s, struct sim_node *n, uint32_t count);

/** The last `count` of them, plain ones of keys, went as one. */
void oracle_fold(struct sim *s, struct sim_node *n, uint32_t count);

/** The node says that a dot took effect; or that so much did that it does not tell what. */
void oracle_applied(struct sim *s, struct sim_node *n, const struct dot *d);
void oracle_everything(struct sim *s, struct sim_node *n); /**< see above */

/** Look at the node's vector: whatever it covers now counts. */
void oracle_look(struct sim *s, struct sim_node *n);

/** An entry was stored. */
void oracle_stored(struct sim *s, struct sim_node *n, const struct oracle_entry *e);

/** Get a key and hold the answer against the promise; fails the simulation. Returns: was it a hit? */
bool oracle_get(struct sim *s, struct sim_node *n, uint32_t key);

/** Get every key of a node. */
void oracle_audit(struct sim *s, struct sim_node *n);

/** A fill or put of a key with a token was stored as e: was it to be refused (I4)? The entry has its
 *  stamp now, not a newer one (I1). Fails the simulation. */
void oracle_filled(struct sim *s, struct sim_node *n, uint32_t key, const struct oracle_entry *e);

/** Are all copies of the core, of keys whose last write everybody has covered, the same (S10)? Asked
 *  when all is quiet; fails the simulation. */
void oracle_compare(struct sim *s);

/** Is what any node of the core has covered covered or barred at all others: is no copy there older
 *  (I9')? Asked when all is quiet; fails the simulation. */
void oracle_everywhere(struct sim *s);

/** Hold a value that came back for key, perhaps as out of date, against the promise; fails the
 *  simulation. */
void oracle_hit(struct sim *s, struct sim_node *n, uint32_t key, const struct cache_hit *hit);
