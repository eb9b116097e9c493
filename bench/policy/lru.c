/** What was used least recently leaves. */
#include <stdlib.h>

#include "policy/policy.h"
#include "policy/queue.h"

struct lru {
    struct queue queue;
    uint64_t capacity;
    struct node nodes[];
};

static void *begin(const struct policy_cfg *cfg)
{
    struct lru *l = calloc(1, sizeof *l + cfg->objects_n * sizeof *l->nodes);
    if (l == NULL) {
        fault_tell(cfg->fault, "no memory for %u objects", cfg->objects_n);
        return NULL;
    }
    l->capacity = cfg->capacity;
    queue_init(&l->queue, l->nodes, 1);
    return l;
}

static bool ask(void *state, const struct trace_request *request)
{
    struct lru *l = state;
    const struct node *node = &l->nodes[request->object];
    if (node->where != 0) {
        queue_remove(&l->queue, request->object);
        queue_push(&l->queue, request->object, node->size);
        return true;
    }
    if (request->size > l->capacity)
        return false;
    while (l->queue.size + request->size > l->capacity)
        queue_pop(&l->queue);
    queue_push(&l->queue, request->object, request->size);
    return false;
}

const struct policy POLICY_LRU = {
    .name = "lru", .by_size = true, .begin = begin, .ask = ask, .end = free};
