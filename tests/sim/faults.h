/**
 * faults.h - what goes wrong in a seed, and when.
 *
 * Swarm testing: each seed first draws which of the allowed classes it has at all, and how badly, so
 * that no class hides another. Source: Groce et al., "Swarm testing" (2012).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

#include "link.h"

struct sim;

enum fault {
    FAULT_LOSS,
    FAULT_DUP,
    FAULT_DELAY,
    FAULT_CUT,
    FAULT_ONEWAY,
    FAULT_CRASH,
    FAULT_RESTART,
    FAULT_PAUSE,
    FAULT_DNS,
    FAULTS
};

#define FAULTS_ALL ((1U << FAULTS) - 1)

struct faults {
    uint32_t on;              /* classes of this seed */
    bool active;              /* false: everything was healed */
    uint64_t every[FAULTS];   /* mean time between two, microseconds */
    uint64_t lasts[FAULTS];   /* largest duration */
    struct link quiet, rough; /* link values without and with faults */
    struct rng rng;
};

/** The name of a class, "loss". Lends static text. */
const char *fault_text(enum fault fault);

/** Read "loss,crash", "all" or "none" into a bit set; false when a word is unknown. */
bool faults_parse(const char *text, uint32_t *out);

/** Write a bit set as faults_parse() reads it, into out. */
void faults_print(uint32_t set, char *out, size_t cap);

/** Draw the classes of this seed from those allowed, and begin. */
void faults_begin(struct sim *s, uint32_t allowed);

/** EVENT_FAULT: one happens, or one ends. */
void faults_event(struct sim *s, const struct event *e);

/** Heal everything: links whole, the zone right, all processes running. */
void faults_heal(struct sim *s);
