/** node/told.h - what a node tells people and subscribers of itself, as values. Names are lent as the output is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/dot.h"
#include "base/slice.h"

/** Something that everybody who watches should know; target may be unknown. */
struct node_applied {
    struct dot dot;  /* name.known false: tell the namespace, or everything */
    bool everything; /* a broad barrier: any entry may have gone */
};

/** What a warm-up brought. */
struct node_warmed {
    struct slice from;       /* name of the donor */
    uint64_t entries, bytes; /* stored; bytes of keys and values */
    uint64_t refused;        /* entries, for any reason */
    uint64_t ms;
    bool whole; /* all that the donor had was looked at */
};

/** Entries that differ from those of another node, though both covered the same invalidations. */
struct node_drifted {
    struct slice with; /* its name */
    size_t entries;
};

/** Another node certifies for another time: neither does, as long as both live. */
struct node_windows {
    struct slice with; /* its name */
    uint32_t ours_ms, theirs_ms;
};
