/**
 * policy/queue.h - queues of objects that policies are made of: in at the head, out at the tail.
 *
 * An object is in one queue at a time, so its links and its word of state lie in one array for all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define QUEUE_NONE UINT32_MAX

/** An object as a policy sees it. where 0: nowhere; else the policy's own number of a queue. */
struct node {
    uint32_t newer, older; /* neighbours in the queue */
    uint32_t size;         /* as it was stored */
    uint8_t where;
    uint8_t freq;
};

struct queue {
    struct node *nodes; /* lent: all objects of the trace */
    uint32_t head, tail;
    uint64_t size; /* of all objects in it */
    uint8_t where; /* its number, not 0 */
};

/** Begin an empty queue number `where` of objects of nodes. */
void queue_init(struct queue *q, struct node *nodes, uint8_t where);

/** Put an object that is nowhere at the head. */
void queue_push(struct queue *q, uint32_t object, uint32_t size);

/** Take an object that is in q out of it. */
void queue_remove(struct queue *q, uint32_t object);

/** Take the object at the tail out; asserts that there is one. */
uint32_t queue_pop(struct queue *q);
