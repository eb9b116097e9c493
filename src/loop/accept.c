#include "loop/accept.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sys/socket.h>

#include "loop/clock.h"
#include "loop/worker.h"

#define TURNED_US (2 * US_PER_SEC) /* a worker that lives turns every second */

static void refuse_client(struct worker *w, int fd)
{
    static const struct client_fault fault = {
        .name = "TOO_MANY_CONNECTIONS",
        .text = "this node serves as many connections as it may; try another one"};
    uint8_t bytes[512];
    struct writer out = writer_of(bytes, sizeof bytes);
    worker_count(&w->counters.refused, 1);
    client_reply_error(&out, &fault);
    const ssize_t sent = send(fd, bytes, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)sent; /* a courtesy */
    close(fd);
}

/** Strangers make room for a newcomer, who may have a key. false: the node is full of others. */
static bool make_room(struct worker *w)
{
    const struct worker_world *world = w->world;
    while (atomic_load(&world->connections) >= world->connections_max)
        if (!auth_displace_own(w) && !auth_displace_any(w))
            return false;
    return true;
}

/** Out of descriptors, the listener would stay readable for ever: free one, accept, and hang up. */
static void shed_client(struct worker *w)
{
    worker_count(&w->counters.accept_errors, 1);
    if (w->reserve_fd < 0)
        return;
    (void)auth_displace_any(w); /* the next one finds its descriptor */
    close(w->reserve_fd);
    const int fd = accept4(w->accept.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    w->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/** Without descriptors the system says so also where nobody waits. */
static bool somebody_waits(const struct worker *w)
{
    struct pollfd listener = {.fd = w->accept.fd, .events = POLLIN};
    return poll(&listener, 1, 0) == 1;
}

/** true: a stranger gave its descriptor up, and there may be one to accept with. */
static bool shed_one(struct worker *w)
{
    if (!somebody_waits(w))
        return false;
    if (auth_displace_own(w))
        return true;
    shed_client(w);
    return false;
}

/* ---- who gets it ---- */

static bool turns(const struct worker *w, mono_us now)
{
    const mono_us turned_at = atomic_load_explicit(&w->turned_at, memory_order_relaxed);
    return now < turned_at || now - turned_at < TURNED_US;
}

static struct worker *least_loaded(struct worker *own)
{
    const mono_us now = clock_now();
    struct worker *least = own;
    for (uint32_t i = 0; i < own->world->workers_n; i++) {
        struct worker *other = own->world->workers[i];
        if (atomic_load(&other->load) < atomic_load(&least->load) && turns(other, now))
            least = other;
    }
    return least;
}

bool accept_hand(struct worker *w, int fd)
{
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): a mailbox carries pointers, or what fits into one. */
    return mailbox_post(&w->handed, (void *)(uintptr_t)fd);
}

/** It counts from here on: whoever accepts next sees it. */
static void place(struct worker *own, int fd)
{
    struct worker *w = least_loaded(own);
    atomic_fetch_add(&own->world->connections, 1);
    atomic_fetch_add(&w->load, 1);
    if (w == own) {
        (void)conn_new(own, fd);
    } else if (accept_hand(w, fd)) {
        worker_count(&own->counters.handed, 1);
    } else {
        worker_count(&own->counters.hand_full, 1);
        atomic_fetch_sub(&w->load, 1);
        atomic_fetch_add(&own->load, 1);
        (void)conn_new(own, fd);
    }
}

void accept_handed(struct ev_loop *ev, ev_async *wake, int revents)
{
    struct worker *w = wake->data;
    void *items[ACCEPT_MAX];
    const size_t n = mailbox_take(&w->handed, items, ACCEPT_MAX);
    (void)ev;
    (void)revents;
    for (size_t i = 0; i < n; i++)
        (void)conn_new(w, (int)(uintptr_t)items[i]);
    if (n == ACCEPT_MAX)
        mailbox_again(&w->handed);
}

void accept_drop(struct worker *w)
{
    void *item;
    while (w->handed.ring != NULL && mailbox_take(&w->handed, &item, 1) > 0)
        close((int)(uintptr_t)item);
}

/* ---- accepting ---- */

/** false when nobody else waits. */
static bool accept_one(struct worker *w)
{
    const int fd = accept4(w->accept.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        const int why = errno;
        if (why == EMFILE || why == ENFILE)
            return shed_one(w);
        return why == EINTR || why == ECONNABORTED;
    }
    if (!make_room(w)) {
        refuse_client(w, fd);
        return true;
    }
    worker_count(&w->counters.accepted, 1);
    place(w, fd);
    return true;
}

void accept_ready(struct ev_loop *ev, ev_io *io, int revents)
{
    struct worker *w = io->data;
    (void)ev;
    (void)revents;
    for (int i = 0; i < ACCEPT_MAX && accept_one(w); i++)
        ;
}
