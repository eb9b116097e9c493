/**
 * app/signals.h - TERM and INT leave the cluster and end the process; HUP reads again.
 *
 * Handlers run as watchers of the control loop, never in signal context.
 */
#pragma once

#include <ev.h>

#include "loop/loop.h"

/** What HUP calls. */
typedef void signals_hangup(void *ctx);

struct signals {
    struct loop *loop;
    signals_hangup *hangup;
    void *ctx;
    struct ev_signal term, interrupt, hup;
};

/** Begin to watch. SIGPIPE is ignored: every write looks at its result. */
void signals_watch(struct signals *s, struct loop *loop, signals_hangup *hangup, void *ctx);

/** Stop watching. */
void signals_unwatch(struct signals *s);
