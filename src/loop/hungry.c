#include "loop/hungry.h"

#include "loop/worker.h"

void hungry_add(struct conn *c)
{
    struct worker *w = c->worker;
    if (c->hungry || c->closed || !kept_is_hungry(&c->kept))
        return;
    c->hungry = true;
    TAILQ_INSERT_TAIL(&w->hungry, c, hungering);
    atomic_fetch_add(&w->world->kept.hungry_n, 1);
    worker_count(&w->counters.in_waits, 1);
}

void hungry_leave(struct conn *c)
{
    if (!c->hungry)
        return;
    c->hungry = false;
    TAILQ_REMOVE(&c->worker->hungry, c, hungering);
    atomic_fetch_sub(&c->worker->world->kept.hungry_n, 1);
}

void hungry_feed(struct worker *w)
{
    struct conn *c = TAILQ_FIRST(&w->hungry);
    while (c != NULL && kept_feed(&c->kept, &w->world->kept)) {
        hungry_leave(c);
        conn_finish(c);
        c = TAILQ_FIRST(&w->hungry);
    }
}

static bool is_long_ago(mono_us begun, mono_us now)
{
    return begun != 0 && now - begun > CONN_PROGRESS_US;
}

/** Was the frame that it keeps, or the record, begun so long ago that others need not wait for its end? */
static bool is_late(const struct conn *c, mono_us now)
{
    return !c->hungry && (is_long_ago(c->begun, now) ||
                          (c->sealed != NULL && is_long_ago(c->sealed->begun, now)));
}

/** Bytes that c keeps of what it said; 0 = none, or it is about to be served, and must not go now. */
static size_t kept_by(const struct conn *c)
{
    const size_t record = c->sealed == NULL ? 0 : c->sealed->kept.cap;
    return c->kept.at == NULL && c->arrived ? 0 : c->kept.cap + record;
}

/** The connection that keeps most; late_at: of those that are late at that time, unless NEVER. */
static struct conn *find_largest(const struct worker *w, mono_us late_at)
{
    struct conn *c, *largest = NULL;
    LIST_FOREACH(c, &w->conns, all)
    {
        if (kept_by(c) > 0 && (late_at == NEVER || is_late(c, late_at)) &&
            (largest == NULL || kept_by(c) > kept_by(largest)))
            largest = c;
    }
    return largest;
}

void hungry_hasten(struct worker *w, mono_us now)
{
    if (atomic_load(&w->world->kept.hungry_n) == 0)
        return;
    struct conn *largest = find_largest(w, now);
    if (largest == NULL)
        return;
    worker_count(&w->counters.in_full, 1);
    conn_end(largest);
}

struct conn *hungry_largest(const struct worker *w)
{
    return find_largest(w, NEVER);
}
