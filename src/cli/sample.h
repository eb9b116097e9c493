/**
 * cli/sample.h - how a node does: its counters at one moment, and rates between two.
 *
 * Pure: documents in, numbers out. A rate that cannot be told, as after a restart, is negative.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAMPLE_NAME_MAX 64
#define SPARK_POINTS    60 /* of a sparkline */

enum sample_state {
    SAMPLE_ALIVE,
    SAMPLE_SUSPECT,
    SAMPLE_CANDIDATE,
    SAMPLE_DEAD,
    SAMPLE_LEFT,
    SAMPLE_STATES
};

/** What the documents "node", "stats" and "members" said. */
struct sample {
    char name[SAMPLE_NAME_MAX], cluster[SAMPLE_NAME_MAX], state[SAMPLE_NAME_MAX];
    char epoch[20]; /* of the run */
    uint64_t uptime_ms;
    uint64_t hits, misses, evicted, requests, applied, issued; /* since start */
    uint64_t used_bytes, budget_bytes, items, connections, gaps;
    uint64_t behind; /* own invalidations that some live member has not told to have covered */
    uint64_t members[SAMPLE_STATES];
    double rtt_ms; /* the longest to a live member; negative = unknown */
};

/** Read the three documents; what they lack is 0. */
void sample_read(const json_t *node, const json_t *stats, const json_t *members,
                 struct sample *out);

/** "alive", "suspect", ... Static. */
const char *sample_state_text(enum sample_state state);

/** The state of this word. false when there is none, and *out is unchanged. */
bool sample_state_named(const char *word, enum sample_state *out);

/** What happened between two samples, per second; negative = unknown. */
struct rates {
    double hit_ratio; /* 0 to 1; negative when nothing was read */
    double requests, hits, misses, evicted, applied, issued;
};

/** ms: between the two, at least 1. before is NULL when there was none. */
struct rates sample_rates(const struct sample *before, const struct sample *now, uint64_t ms);

/** The last points of something, oldest first. */
struct spark {
    double at[SPARK_POINTS];
    size_t n;
};

/** Add a point; the oldest makes room. Negative ones are gaps. */
void spark_add(struct spark *s, double value);

/**
 * Draw the last `width` points as one character each, the highest one full; a gap is a blank.
 *
 * utf8:    block elements, else ASCII.
 * out:     room for 3 * width + 1.
 */
void spark_draw(const struct spark *s, size_t width, bool utf8, char *out);
