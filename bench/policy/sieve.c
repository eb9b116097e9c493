/**
 * SIEVE: a hand walks from the oldest to the newest, spares what was used since it last came by, and
 * takes the first that was not.
 * Source: Zhang et al., "SIEVE is Simpler than LRU" (NSDI 2024), algorithm 1.
 */
#include <stdlib.h>

#include "policy/policy.h"
#include "policy/queue.h"

struct sieve {
    struct queue queue;
    uint32_t hand;
    uint64_t capacity;
    struct node nodes[];
};

static void *begin(const struct policy_cfg *cfg)
{
    struct sieve *s = calloc(1, sizeof *s + cfg->objects_n * sizeof *s->nodes);
    if (s == NULL) {
        fault_tell(cfg->fault, "no memory for %u objects", cfg->objects_n);
        return NULL;
    }
    s->capacity = cfg->capacity;
    s->hand = QUEUE_NONE;
    queue_init(&s->queue, s->nodes, 1);
    return s;
}

static void evict(struct sieve *s)
{
    uint32_t at = s->hand != QUEUE_NONE ? s->hand : s->queue.tail;
    while (s->nodes[at].freq != 0) {
        s->nodes[at].freq = 0;
        at = s->nodes[at].newer != QUEUE_NONE ? s->nodes[at].newer : s->queue.tail;
    }
    s->hand = s->nodes[at].newer;
    queue_remove(&s->queue, at);
}

static bool ask(void *state, const struct trace_request *request)
{
    struct sieve *s = state;
    if (s->nodes[request->object].where != 0) {
        s->nodes[request->object].freq = 1;
        return true;
    }
    if (request->size > s->capacity)
        return false;
    while (s->queue.size + request->size > s->capacity)
        evict(s);
    queue_push(&s->queue, request->object, request->size);
    return false;
}

const struct policy POLICY_SIEVE = {
    .name = "sieve", .by_size = true, .begin = begin, .ask = ask, .end = free};
