/**
 * node/warm.h - what a node that has just joined takes over from the cache of the run that it joined by.
 *
 * Each attempt is a stream of purpose warm: the donor tells what it has covered, we compare that once with
 * what we have (ledger/import.h), and then ask for entries, frame by frame. When too many of them are
 * refused, because dots have come since, the stream is closed and the comparison made anew; the walk goes
 * on where it was. It ends for good with the walk, when our memory is nearly full, with the donor's run,
 * after ten minutes, after thirty comparisons in a row that let nothing in, and when something was
 * forgotten here that a comparison would have to know.
 *
 * Never brings in what a dot that is covered here has overtaken; what is stored goes through the whole
 * check of a fill. Thread: the control thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "ledger/ledger.h"

struct node;
struct warm;

enum warm_state {
    WARM_OFF,     /* not wanted, or nobody to warm up from */
    WARM_WAITING, /* for the next comparison */
    WARM_RUNNING, /* a stream is open */
    WARM_ENDED
};

/** Numbers since the start. */
struct warm_counters {
    uint64_t taken, bytes; /* entries stored, and the bytes of their keys and values */
    uint64_t touched;     /* refused: a dot that the donor may lack aims at their bucket or class */
    uint64_t refused;     /* by the check of a fill */
    uint64_t malformed;   /* broke a limit of ours */
    uint64_t given;       /* entries said to others */
    uint64_t comparisons; /* that let anything in, */
    uint64_t fruitless;   /* and attempts that did not come so far */
};

/** What people may know. */
struct warm_view {
    enum warm_state state;
    struct warm_counters counters;
};

/** Make one. NULL when the arena is too small. */
struct warm *warm_new(struct arena *arena, const struct ledger *l);

/** Look at it. */
struct warm_view warm_view(const struct warm *w);
