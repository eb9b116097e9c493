#include "loop/mailbox.h"

#include <assert.h>
#include <stdlib.h>

bool mailbox_init(struct mailbox *m, const struct mailbox_cfg *cfg)
{
    assert(cfg->cap > 0);
    *m = (struct mailbox){.ev = cfg->ev, .cap = cfg->cap};
    m->ring = calloc(cfg->cap, sizeof *m->ring);
    if (m->ring == NULL)
        return false;
    pthread_mutex_init(&m->mutex, NULL);
    ev_async_init(&m->wake, cfg->ready);
    ev_set_priority(&m->wake, cfg->priority);
    m->wake.data = cfg->ctx;
    ev_async_start(m->ev, &m->wake);
    return true;
}

void mailbox_fini(struct mailbox *m)
{
    if (m->ring == NULL)
        return;
    ev_async_stop(m->ev, &m->wake);
    pthread_mutex_destroy(&m->mutex);
    free(m->ring);
    m->ring = NULL;
}

bool mailbox_post(struct mailbox *m, void *item)
{
    pthread_mutex_lock(&m->mutex);
    const size_t n = m->n;
    if (n < m->cap) {
        m->ring[(m->head + n) % m->cap] = item;
        m->n = n + 1;
    }
    pthread_mutex_unlock(&m->mutex);
    /* Not empty before: the reader was woken and has not taken everything yet. */
    if (n == 0)
        ev_async_send(m->ev, &m->wake);
    return n < m->cap;
}

size_t mailbox_take(struct mailbox *m, void **out, size_t cap)
{
    pthread_mutex_lock(&m->mutex);
    const size_t n = m->n < cap ? m->n : cap;
    for (size_t i = 0; i < n; i++)
        out[i] = m->ring[(m->head + i) % m->cap];
    m->head = (m->head + n) % m->cap;
    m->n -= n;
    pthread_mutex_unlock(&m->mutex);
    return n;
}

size_t mailbox_len(const struct mailbox *m)
{
    return atomic_load_explicit(&m->n, memory_order_relaxed);
}

void mailbox_again(struct mailbox *m)
{
    ev_async_send(m->ev, &m->wake);
}
