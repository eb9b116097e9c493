/**
 * loop/waiting.h - requests of one worker that cannot be answered yet: gets that wait for somebody
 * else's fill, and dry runs that count in small steps.
 *
 * A waiting get is tried again when the load that it waits for ended, every WAITING_RETRY_MS in case the
 * holder is late, and a last time when its wait_ms is over. Waiting gets are tried in the order in
 * which they came, so the first one becomes the next holder.
 * Thread: the worker's; waiting_wake() may be called by any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>
#include <sys/queue.h>

#include "base/slice.h"
#include "node/command.h"

#define WAITING_MAX      4096 /* of one worker; beyond, WAIT is answered at once */
#define WAITING_CHAINS   256
#define WAITING_TICK_MS  5
#define WAITING_RETRY_MS 20

struct conn;
struct worker;
struct waiter;

/** Requests that wait, the oldest first. */
TAILQ_HEAD(waiter_list, waiter);

struct waiting {
    struct waiter_list gets;   /* in the order of arrival */
    struct waiter_list counts; /* dry runs */
    _Atomic uint32_t n;        /* gets */
    _Atomic uint32_t counts_n;
    uint32_t ticks;
    ev_timer tick;
    ev_async wake;
    ev_idle idle;
};

/** Begin empty, with watchers on the worker's loop. */
void waiting_init(struct worker *w);

/** Let a get of c wait; frame is copied. false: no room or no memory, answer it now. */
bool waiting_add(struct conn *c, const struct client_request *request, struct slice frame,
                 const struct command_call *call);

/** Count for a dry run of c; frame is copied. false: no room or no memory. */
bool waiting_count(struct conn *c, struct slice frame);

/** Forget everything that waits; the connections are closed or about to be. */
void waiting_fini(struct worker *w);

/** A load of a key ended for which somebody waits: cache_cfg.wake. ctx is the world. Thread: any. */
void waiting_wake(void *ctx, uint64_t hash);
