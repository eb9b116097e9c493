/**
 * loop/mailbox.h - a bounded queue of pointers between threads, which wakes the loop that reads it.
 *
 * Any thread posts; one thread, the owner of the loop, takes. First in, first out per poster. A full
 * mailbox refuses: who posts must have a plan for that. Never owns what is posted.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

struct mailbox {
    struct ev_loop *ev; /* lent; of the taking thread */
    ev_async wake;
    pthread_mutex_t mutex; /* guards what follows */
    void **ring;
    size_t cap;
    size_t head;
    _Atomic size_t n; /* written with the mutex held */
};

/** Called on the taking thread when there may be something to take; ctx is the watcher's data. */
typedef void mailbox_ready(struct ev_loop *ev, ev_async *wake, int revents);

/** How a mailbox is read. */
struct mailbox_cfg {
    struct ev_loop *ev;
    mailbox_ready *ready; /* take with mailbox_take() until it is empty, or mailbox_again() */
    void *ctx;            /* becomes wake.data */
    size_t cap;           /* at least 1 */
    int priority;         /* of the watcher: -2 to 2 */
};

/** Make an empty mailbox. m must not move afterwards. false when there is no memory. */
bool mailbox_init(struct mailbox *m, const struct mailbox_cfg *cfg);

/** Release it. What is still inside is forgotten, not freed. Thread: taking, when no other posts. */
void mailbox_fini(struct mailbox *m);

/** Append item and wake the reader; false when full, and nothing happened. Thread: any. */
bool mailbox_post(struct mailbox *m, void *item);

/** Take up to cap of the oldest items. Returns: how many. Thread: taking. */
size_t mailbox_take(struct mailbox *m, void **out, size_t cap);

/** How many items wait. Thread: any. */
size_t mailbox_len(const struct mailbox *m);

/** Call ready again in a later turn. Thread: any. */
void mailbox_again(struct mailbox *m);
