/**
 * process.h - the process of a node: its memory, its start, its end, its sleep.
 *
 * Memory is one block for cache and node, kept from one process to the next.
 */
#pragma once

#include <stdint.h>

struct sim;
struct sim_node;
struct event;
struct cache_key;

/** Start a process; flags as of sim_restart(). Does nothing when one runs. */
void process_boot(struct sim *s, struct sim_node *n, uint64_t flags);

/** The process is no more; its counters are added up. Does nothing when none runs. */
void process_end(struct sim *s, struct sim_node *n);

/** The process said that it left: it closes its connections and exits. */
void process_exit(struct sim *s, struct sim_node *n);

/** Hold an event until the process goes on. Takes it. */
void process_hold(struct sim *s, struct sim_node *n, struct event *e);

/** The process goes on: reads what waits, then looks at the clock. */
void process_thaw(struct sim *s, struct sim_node *n);

/** The process of node i dies, and its next one begins with the random bytes of the process of node `of`,
 *  which goes on: a machine was copied. Nothing happens when that is not up, or is the same. */
void sim_clone(struct sim *s, uint32_t i, uint32_t of);

/** The process is gone without a trace in any counter: the world ends. */
void sim_stop(struct sim *s, uint32_t i);

/** A key of the source as the node's cache knows it. Lends until the process ends. */
const struct cache_key *process_key(struct sim *s, struct sim_node *n, uint32_t key);

/** Keep the block of a node that is no longer used. */
void process_free(struct sim_node *n);
