/**
 * loop/auth.h - who a connection belongs to, and what it may do.
 *
 * Where a clients file is configured, a connection begins as a *stranger*: it may log in (seal/login.h)
 * and nothing else, in small frames, within AUTH_PATIENCE_US, together with few others. Where logins are
 * accepted and not required (seal/entry.h) it becomes one when it begins a login, and a *guest*, who may
 * do everything, when it asks for anything else. Without a file everybody may do everything, and none of
 * this costs anything. Keys lie in memory of their own that is not swapped and not dumped.
 * Thread: the worker's, unless it says otherwise.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ev.h>
#include <sys/queue.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/time.h"
#include "loop/crowd.h"
#include "seal/clients.h"
#include "seal/entry.h"

#define AUTH_PATIENCE_US (2 * US_PER_SEC)

struct client_request;
struct conn;
struct stranger;
struct worker;

/** The secrets, in locked memory. */
struct auth_secrets {
    struct clients clients;
    struct clients_one nobody; /* whom unknown ids are taken for */
};

/** What all workers share. */
struct auth {
    enum entry entry;             /* settled; constant after start */
    enum plain plain;             /* from where logins without a share are heard; constant, too */
    struct auth_secrets *secrets; /* NULL = logins are not heard; constant after start */
    bool unused;                  /* there is a clients file, and it does not count */
    bool swappable;               /* the system did not lock them */
    struct slice cluster;         /* lent */
    uint64_t patience_us;         /* how long a stranger may stay one */
    pthread_mutex_t lock;         /* of *secrets and crowd */
    struct crowd crowd;
    _Atomic uint64_t edition; /* of the file: rises when it is replaced */
    _Atomic uint64_t strangers;
    _Atomic uint64_t guests;
    _Atomic uint64_t passed; /* requests that came by no connection of clients, without a key */
};

/** What each worker has. */
struct auth_queue {
    TAILQ_HEAD(, stranger) waiting; /* the oldest first */
    uint32_t n;
    ev_timer due; /* the oldest one's time is over */
    uint64_t edition;
};

/** Overwrite what handling a key left behind: frames that were left, and vector registers, which a
 *  function with variable arguments may write to its stack. Thread: any. */
void auth_scrub(void);

/** Begin: *a is all zero. Thread: control. */
void auth_init(struct auth *a);

/** Set who may do what, before workers run; a->entry is set and hears logins. Copies; cluster is lent for
 *  life. Errors: ERR_FULL, ERR_IO (no random bytes). Thread: control. */
MUST_USE enum err auth_open(struct auth *a, const struct clients *clients, struct slice cluster);

/** Wipe and release. Thread: control, when no worker runs. */
void auth_fini(struct auth *a);

/** Use another table from now on; connections of clients that are gone, have another key, or may do less
 *  are closed within a second. Copies. Errors: ERR_CONFIG where no logins are heard. Thread: control. */
MUST_USE enum err auth_replace(struct auth *a, const struct clients *clients);

/** What the bearer of a token may do: the base64 of a client's key. 0 = nobody's. Thread: any. */
uint8_t auth_bearer(struct auth *a, struct slice token);

/** Prepare a worker's queue. */
void auth_queue_init(struct worker *w);

/** A new connection: let it do everything, wait for its first word, or make it a stranger. false: there
 *  are too many, or no memory; it was told, and ends. */
bool auth_meet(struct conn *c);

/** At a limit of the node: close the oldest stranger of w, and its descriptor is free. false: w has none,
 *  or all came just now. */
bool auth_displace_own(struct worker *w);

/** The same for a stranger of any worker, which closes it soon: it counts no more, but still has its
 *  descriptor. */
bool auth_displace_any(struct worker *w);

/** Is c a stranger, or might its next frame begin a login? Then that is auth_hear()'s. */
bool auth_is_open(const struct conn *c);

/** Hear what a stranger says, until it has logged in or must go; or at most one frame of who might become
 *  one. The rest stays in c->input. Closes others at most that have not arrived. */
void auth_hear(struct conn *c, mono_us now);

/** c closes, or has logged in: it is neither a stranger nor a guest any more. */
void auth_forget(struct conn *c);

/** Say which capability is missing. */
void auth_refuse(struct conn *c, const struct client_request *request);

/** Close connections whose rights the file does not give any more. Once a second. */
void auth_review(struct worker *w);
