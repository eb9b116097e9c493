/**
 * policy/policy.h - what a replacement policy is to who replays a trace through it.
 *
 * Every request is a get and, on a miss, an insert. A policy knows objects by number, and the future
 * only if it asks for it. Never reads files, never prints.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/fault.h"
#include "policy/trace.h"

struct policy_cfg {
    uint64_t capacity;  /* in what sizes are in: objects or bytes; at least 1 */
    uint32_t objects_n; /* objects are numbered below that */
    uint32_t requests_n;
    uint32_t value_len; /* engine only: bytes of a value */
    struct fault *fault;
};

/** What a policy tells of itself after a replay; zeros where it does not know. */
struct policy_facts {
    uint64_t budget_bytes; /* memory that it was given */
    uint64_t fits_n;       /* objects that this held until the first had to go */
};

struct policy {
    const char *name;
    bool by_size; /* can it count bytes? */
    /** Begin empty; NULL: it cannot be, and cfg->fault says why. */
    void *(*begin)(const struct policy_cfg *cfg);
    /** One request, with its size in the unit of the capacity. Returns: was it a hit? */
    bool (*ask)(void *state, const struct trace_request *request);
    void (*facts)(const void *state, struct policy_facts *out); /* may be NULL */
    void (*end)(void *state);
};

extern const struct policy POLICY_FIFO, POLICY_LRU, POLICY_SIEVE, POLICY_S3FIFO, POLICY_OPT;
extern const struct policy POLICY_S3FIFO_PAPER;
extern const struct policy POLICY_ENGINE; /* the real one, through cache/cache.h */

/** Those that are shown when none is named, in that order: all but the one of the paper. */
extern const struct policy *const POLICIES[];
extern const size_t POLICIES_N;

/** The policy of that name, or NULL. */
const struct policy *policy_find(const char *name);

/** How a replay ended. */
struct policy_result {
    uint64_t requests, hits;
    struct policy_facts facts;
};

/** What to replay, and in how large a cache. */
struct replay {
    const struct trace *trace;
    uint64_t capacity;
    uint32_t value_len; /* engine only: bytes of a value */
    bool by_size;       /* sizes are the trace's bytes; else every object has size 1 */
};

/** Replay the whole trace through p, which begins empty. false: *fault says why not. */
bool policy_replay(const struct policy *p, const struct replay *r, struct policy_result *out,
                   struct fault *fault);
