/**
 * script.h - what goes wrong in one world, and when: acts in the order of their times.
 *
 * A script is drawn from a seed, or read from text; either way it holds all that is random about the
 * faults, so that acts can be left out one by one and the rest stays what it was. Nothing here does
 * anything to a world.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "faults.h"

#define ACT_ARGS    4
#define SCRIPT_LOAD 50      /* operations of clients, where nobody says otherwise */
#define SCRIPT_MAX  1000000 /* acts; later ones are not drawn */

/** What is done. The arguments of each kind stand in script.c, with their names. */
enum act_kind {
    ACT_LOSS,
    ACT_BURST,
    ACT_DUP,
    ACT_REPLAY,
    ACT_STORM,
    ACT_DELAY,
    ACT_CAPACITY,
    ACT_CLOG,
    ACT_CUT,
    ACT_TYPES,
    ACT_MTU,
    ACT_FLIP,
    ACT_CRASH,
    ACT_LEAVE,
    ACT_FOREIGN,
    ACT_PAUSE,
    ACT_RATE,
    ACT_WALL,
    ACT_DNS,
    ACT_CLONE,
    ACT_RING,
    ACTS
};

/** Which links an ACT_CUT cuts, by its `side`, a bit set of nodes, and its `via`, a node. */
enum cut_shape {
    CUT_SPLIT,  /* both ways between side and all others */
    CUT_ONEWAY, /* from side to all others */
    CUT_LINK,   /* the one link from `side`, here a node, to `via` */
    CUT_BRIDGE, /* as CUT_SPLIT, but via reaches everybody */
    CUT_RING,   /* each node reaches only those before and after it */
    CUT_SHAPES
};

struct act {
    uint64_t at_us;    /* from the start of the world */
    uint64_t lasts_us; /* 0 = to the end of all faults, or not a thing that lasts */
    enum fault fault;  /* the class that it belongs to */
    enum act_kind kind;
    int64_t arg[ACT_ARGS];
};

/** A world's seed and size, and what goes wrong in it. */
struct script {
    uint64_t seed;
    uint32_t nodes;
    uint64_t length_us; /* of the time with faults */
    bool sealed;
    bool calm;        /* one fault after the other, mostly none */
    uint32_t load;    /* operations of clients, per second and node */
    uint32_t classes; /* that are on */
    struct act *acts; /* owned */
    uint32_t acts_n, acts_cap;
};

/** Does an ACT_CUT cut the link between two nodes of n? */
bool cut_has(const struct act *act, uint32_t from, uint32_t to, uint32_t n);

/** Append an act; false when there are SCRIPT_MAX. Copies. */
bool script_add(struct script *sc, const struct act *act);

/** Sort the acts by time; those of one time keep their order. */
void script_sort(struct script *sc);

/** Copy seed, size and classes, and the acts whose keep[i] is true (NULL: all). */
struct script script_copy(const struct script *sc, const bool *keep);

/** Give the memory back. */
void script_free(struct script *sc);

/** Write it as text, one act a line, or all in one line with `;` between them. */
void script_print(const struct script *sc, bool one_line, FILE *out);

/** Read a script from text. Returns: NULL, or what is wrong, static; *sc is then empty. */
const char *script_parse(const char *text, struct script *sc);
