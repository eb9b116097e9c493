/** First in, first out. */
#include <stdlib.h>

#include "policy/policy.h"
#include "policy/queue.h"

struct fifo {
    struct queue queue;
    uint64_t capacity;
    struct node nodes[];
};

static void *begin(const struct policy_cfg *cfg)
{
    struct fifo *f = calloc(1, sizeof *f + cfg->objects_n * sizeof *f->nodes);
    if (f == NULL) {
        fault_tell(cfg->fault, "no memory for %u objects", cfg->objects_n);
        return NULL;
    }
    f->capacity = cfg->capacity;
    queue_init(&f->queue, f->nodes, 1);
    return f;
}

static bool ask(void *state, const struct trace_request *request)
{
    struct fifo *f = state;
    if (f->nodes[request->object].where != 0)
        return true;
    if (request->size > f->capacity)
        return false;
    while (f->queue.size + request->size > f->capacity)
        queue_pop(&f->queue);
    queue_push(&f->queue, request->object, request->size);
    return false;
}

const struct policy POLICY_FIFO = {
    .name = "fifo", .by_size = true, .begin = begin, .ask = ask, .end = free};
