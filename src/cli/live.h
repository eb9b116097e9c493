/**
 * cli/live.h - a view that asks the node again and again: how often, for how long, and what a node that
 * goes away means.
 *
 * A node that cannot be asked at first ends the command; one that goes away later is told once, asked
 * again, and told again when it answers.
 */
#pragma once

#include "cli/jay.h"

/** Ask, and print what is to be seen. *shown says whether anything was printed. */
typedef enum scrubjay_status live_look(struct jay *j, void *ctx, bool *shown);

struct live {
    live_look *look;
    void *ctx;
    uint32_t interval_ms;
    uint64_t count; /* pictures; 0 = until somebody ends it */
    bool screen;    /* draw over what was there */
};

/** Look until it is enough. The screen is left before anything is told about an end. */
enum jay_exit live_run(struct jay *j, const struct live *l);
