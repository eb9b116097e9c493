/**
 * node/policy.h - what an operator has configured for a namespace, and for the cluster's freshness.
 *
 * Policies are local to a node: only fence_ms must agree over the cluster, and nodes that differ do not
 * certify each other's reads. Pure values, constant after start; never looks at requests.
 * Thread: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "wire/client_words.h"

#define POLICIES_MAX        256
#define POLICY_EXPECT_MAX   64    /* strict reads poll every voter: more would cost too much */
#define POLICY_FENCE_MS     1000U /* default of freshness.fence_ms */
#define POLICY_FENCE_MS_MIN 50U
#define POLICY_FENCE_MS_MAX 60000U

/** One namespace. Times in milliseconds; 0 = not set. */
struct policy {
    struct slice ns;    /* lent for life; "" is the default namespace */
    bool strict;        /* certified reads only */
    uint32_t within_ms; /* bound of reads that name none */
    uint64_t ttl_ms;    /* of fills and puts that give none */
    uint64_t ttl_max_ms;
    uint64_t stale_ms;     /* how long a copy may be asked for after its time to live */
    struct client_ack ack; /* of invalidations and puts that name none */
};

/** All of them. Lends. */
struct policies {
    const struct policy *at;
    size_t n;
    uint32_t expect;   /* nodes that run at most at one time: the voters; 0 = not configured */
    uint32_t fence_ms; /* D: how old a certificate may be, and how long a fence waits */
};

/** The policy of a namespace; one that allows everything when none is configured. Lends. */
const struct policy *policy_of(const struct policies *all, struct slice ns);

/** Does any namespace want certified reads? */
bool policies_strict(const struct policies *all);

/** The level that an invalidation or put in this namespace waits for, when it names `asked`. */
struct client_ack policy_ack(const struct policy *p, struct client_ack asked);

/** Times of an entry: when it turns stale and when it ends, both after its store; 0 = never. */
struct policy_life {
    uint64_t fresh_ms;
    uint64_t ttl_ms;
};

/** What becomes of the times that a fill or put gives (0 = none). */
struct policy_life policy_life(const struct policy *p, struct policy_life asked);

/** What is left (0 = no end) of the times of a copy that another node gives, whose policy may allow more:
 *  no more than ours would have given at a store. */
struct policy_life policy_left(const struct policy *p, struct policy_life left);
