/**
 * faults.h - the classes of what can go wrong, and lists of them as words.
 *
 * A class is what can be left out of a world as a whole. What happens of it, and when, is in a script.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault {
    FAULT_LOSS,    /* datagrams vanish, each by itself */
    FAULT_BURST,   /* datagrams vanish, several in a row */
    FAULT_DUP,     /* datagrams arrive twice */
    FAULT_REPLAY,  /* datagrams that were recorded arrive again, much later */
    FAULT_DELAY,   /* links are slow; order is lost */
    FAULT_CLOG,    /* links hold little, are narrow, or stand still */
    FAULT_CUT,     /* two sides do not reach each other */
    FAULT_ONEWAY,  /* links carry nothing one way */
    FAULT_SHAPE,   /* bridges and rings: who hears somebody does not hear all */
    FAULT_TYPES,   /* links carry some messages only */
    FAULT_SWIZZLE, /* nodes are stopped one by one and go on in another order */
    FAULT_MTU,     /* long datagrams vanish, or are refused */
    FAULT_FLIP,    /* bits change, tails are missing */
    FAULT_CRASH,   /* a process dies and another one starts */
    FAULT_RESTART, /* a process leaves and another one starts */
    FAULT_MASS,    /* all, or most, processes die at once */
    FAULT_ROLLING, /* all processes leave and start anew, one after the other */
    FAULT_FOREIGN, /* a node of another cluster gets an address that was one of ours */
    FAULT_PAUSE,   /* a process stands still */
    FAULT_CLOCK,   /* clocks run fast or slow; the time of day jumps between two processes */
    FAULT_DNS,     /* the zone is empty, old, foreign, huge, or silent */
    FAULT_MEMORY,  /* tables so small that everything overflows */
    FAULT_CORE,    /* not all is healed: some nodes stay down or half connected for ever */
    FAULT_CLONE,   /* a process begins with the random bytes of another that runs */
    FAULT_KEYS,    /* keys are rotated, each file at its own time; sealed worlds only */
    FAULTS
};

#define FAULTS_ALL ((1U << FAULTS) - 1)

#define FAULTS_TEXT_MAX 256 /* room for all names */

/** The name of a class, "loss". Lends static text. */
const char *fault_text(enum fault fault);

/** The class with this name of len bytes; FAULTS when there is none. */
enum fault fault_named(const char *name, size_t len);

/** Read "loss,crash", "all", "none", or "-pause,-dns" (all but these) into a bit set. Words are taken
 *  in turn: "all,-dns". Returns: false when a word is unknown. */
bool faults_parse(const char *text, uint32_t *out);

/** Write a bit set as faults_parse() reads it, into out. */
void faults_print(uint32_t set, char *out, size_t cap);
