/**
 * loop/subscribe.h - who wants to hear of which invalidations, and what is pushed to them.
 *
 * A filter is a namespace and a prefix of keys (empty = every key). Nothing is ever missed: what
 * cannot be told exactly (a dot without its name, a full queue) is told more broadly.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/slice.h"
#include "node/node.h"
#include "node/stamp.h"
#include "wire/client.h"

/** Room for any push, in bytes. */
#define SUBSCRIBE_PUSH_ROOM 2048

/* ---- one message, shared by all workers ---- */

/** Immutable but for refs; the last one who drops it frees it. */
struct push {
    _Atomic uint32_t refs;
    enum client_scope scope;
    bool has_stamp;
    uint8_t stamp[STAMP_LEN];
    struct slice ns;     /* lent from bytes */
    struct slice target; /* lent from bytes; empty for namespace and all */
    uint8_t bytes[];
};

/** The push for what was applied, with one reference. NULL = no memory: push `all` instead. */
struct push *push_new(const struct node_applied *applied, const struct hkey *hkey);

/** One more reference, for another holder. Thread: any holder. */
void push_hold(struct push *p);

/** Give one reference back. Thread: any holder. */
void push_drop(struct push *p);

/* ---- filters of one connection ---- */

struct filter {
    uint8_t *bytes; /* ns, then prefix */
    size_t ns_len;
    size_t prefix_len;
};

struct filters {
    struct filter at[CLIENT_SUBSCRIPTIONS_MAX];
    size_t n;
};

/** Add a filter, unless it is there already. Copies. Errors: ERR_FULL (64 are held, or no memory),
 *  and nothing changed. */
MUST_USE enum err filters_add(struct filters *f, struct slice ns, struct slice prefix);

/** Remove a filter. Returns: whether it was there. */
bool filters_remove(struct filters *f, struct slice ns, struct slice prefix);

/** Remove all filters. */
void filters_clear(struct filters *f);

/** Does any filter want what p tells? */
bool filters_want(const struct filters *f, const struct push *p);
