/** What control has for connections: answers and pushes. */
#include <assert.h>

#include "loop/conn.h"
#include "loop/request.h"
#include "loop/worker.h"

void conn_answer(struct conn *c, struct ticket *t)
{
    c->owed--;
    if (!c->closed && !request_answer(c, t))
        conn_give_up(c);
    ticket_free(t);
    conn_finish(c);
}

void conn_push(struct conn *c, const struct push *p)
{
    static const struct slice none;
    if (c->closed || c->ending || (p != NULL && !filters_want(c->filters, p)))
        return;
    uint8_t *room = outbuf_reserve(&c->out, SUBSCRIBE_PUSH_ROOM);
    if (room == NULL) {
        conn_give_up(c);
        return;
    }
    struct writer w = writer_of(room, SUBSCRIBE_PUSH_ROOM);
    if (p == NULL)
        client_push_invalidated(&w, none, SCOPE_ALL, none, none);
    else
        client_push_invalidated(&w, p->ns, p->scope, p->target,
                                slice_of(p->stamp, p->has_stamp ? STAMP_LEN : 0));
    assert(w.err == OK);
    outbuf_commit(&c->out, w.len);
    worker_count(&c->worker->counters.pushes, 1);
}
