/**
 * batch.h - requests that name many, and those that change no value: mget, mfill, touch; several targets
 * at once; a key that changes all the time.
 *
 * Reads go as bytes through the functions of a worker, and each answer in a reply is held against what
 * an answer alone is held against.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cache/cache.h"

struct sim;
struct sim_node;
struct event;
struct batches;

/** Begin, and give the memory back. */
void batches_init(struct sim *s);
void batches_free(struct sim *s); /**< see above */

/** A client of this node asks for several keys, or touches this one, where that is drawn. Returns: false
 *  when it is not. */
bool batch_read(struct sim *s, struct sim_node *n, uint32_t key);

/** A writer changes several things and tells of them at once, or one thing many times in a row, where
 *  that is drawn. Returns: false when it is not. */
bool batch_write(struct sim *s, uint32_t where, uint32_t key);

/** A touch, and what was seen before it. */
struct touch {
    uint32_t key;
    uint64_t ttl_ms; /* 0 = for ever */
    bool looked;     /* look before it, too: then whatever it was it must still be */
    enum cache_found was;
};

/** Touch a key at a node now: its copy, if there is one, lives for so long from now on. Returns: was
 *  there one? */
bool batch_touch(struct sim *s, struct sim_node *n, struct touch *touch);

/** A key is changed and invalidated at a node `times` times, each a few milliseconds after the last. */
void batch_storm(struct sim *s, struct sim_node *n, uint32_t key, uint32_t times);

/** CLIENT_MANY and what stands behind it. */
void batch_event(struct sim *s, struct sim_node *n, struct event *e);
