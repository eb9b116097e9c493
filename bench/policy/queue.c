#include "policy/queue.h"

#include <assert.h>

void queue_init(struct queue *q, struct node *nodes, uint8_t where)
{
    *q = (struct queue){.nodes = nodes, .head = QUEUE_NONE, .tail = QUEUE_NONE, .where = where};
}

void queue_push(struct queue *q, uint32_t object, uint32_t size)
{
    struct node *node = &q->nodes[object];
    assert(node->where == 0);
    *node = (struct node){
        .newer = QUEUE_NONE, .older = q->head, .size = size, .where = q->where, .freq = 0};
    *(q->head == QUEUE_NONE ? &q->tail : &q->nodes[q->head].newer) = object;
    q->head = object;
    q->size += size;
}

void queue_remove(struct queue *q, uint32_t object)
{
    struct node *node = &q->nodes[object];
    assert(node->where == q->where);
    *(node->newer == QUEUE_NONE ? &q->head : &q->nodes[node->newer].older) = node->older;
    *(node->older == QUEUE_NONE ? &q->tail : &q->nodes[node->older].newer) = node->newer;
    q->size -= node->size;
    node->where = 0;
}

uint32_t queue_pop(struct queue *q)
{
    const uint32_t object = q->tail;
    assert(object != QUEUE_NONE);
    queue_remove(q, object);
    return object;
}
