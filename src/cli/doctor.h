/**
 * cli/doctor.h - what is wrong with a cluster, and what to do about it.
 *
 * Pure: what nodes said, twice, in; findings out. A state counts only when it was so both times, and some
 * counters only when they rose in between: what passes by itself needs no doctor.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** One look at a cluster: [{"name", "address", "asked", "error", "node", "stats", "members"}...]. The
 *  documents are missing when asked is false. The first one is the node that jay was told to ask. */
struct doctor_look {
    json_t *nodes;
    uint64_t wall_ms; /* here, when the first one answered */
};

/**
 * Look for what is wrong.
 *
 * before, now: the same nodes in the same order.
 * Returns: [{"severity": "wrong" or "note", "check", "node", "what", "why", "todo"}...], the wrong ones
 *          first. node is null for what concerns the whole cluster. The caller owns the reference.
 */
json_t *doctor_judge(const struct doctor_look *before, const struct doctor_look *now);

/** Is any of the findings more than a note? */
bool doctor_is_wrong(const json_t *findings);

/* ---- what its parts share ---- */

/** A case: the two looks and what was found so far. */
struct doctor_case {
    const json_t *before, *now; /* one node; NULL for the whole cluster */
    json_t *findings;
};

/** What is said of a finding beside its first sentence. Static texts. */
struct doctor_advice {
    bool wrong;
    const char *check;
    const char *why;
    const char *todo;
};

/** Add a finding about c->now, or the whole cluster; format is the sentence that says what. */
__attribute__((format(printf, 3, 4))) void
doctor_find(struct doctor_case *c, const struct doctor_advice *advice, const char *format, ...);

/** A number of a document by its path, "stats", "cache", "evicted"; group may be NULL. 0 = none. */
uint64_t doctor_number(const json_t *node, const char *document, const char *group,
                       const char *key);

/** The checks that look at one node alone, and those that look at all of them. */
void doctor_check_node(struct doctor_case *c);
void doctor_check_counters(struct doctor_case *c); /**< of one node: what its counters tell */
void doctor_check_cluster(struct doctor_case *c, const struct doctor_look *before,
                          const struct doctor_look *now); /**< what nodes tell together */
