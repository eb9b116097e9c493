#include "queue.h"

#include <assert.h>
#include <stdlib.h>

#define CHUNK_EVENTS 256

struct queue_chunk {
    struct queue_chunk *next;
    struct event events[CHUNK_EVENTS];
};

const char *event_text(enum event_kind kind)
{
    static const char *const TEXTS[] = {
        [EVENT_DATAGRAM] = "datagram", [EVENT_REFUSED] = "refused",
        [EVENT_TOO_BIG] = "too long",  [EVENT_CONNECT] = "connect",
        [EVENT_STREAM_UP] = "up",      [EVENT_STREAM_FAIL] = "unopened",
        [EVENT_FRAME] = "frame",       [EVENT_NAMES] = "names",
        [EVENT_OP] = "client",         [EVENT_FETCH] = "fetch",
        [EVENT_FILL] = "fill",         [EVENT_ISSUE] = "issue",
        [EVENT_STORE] = "store",       [EVENT_CLIENT] = "client",
        [EVENT_THAW] = "thaw",         [EVENT_BOOT] = "boot",
        [EVENT_ACT] = "act",           [EVENT_STORM] = "storm",
        [EVENT_READ] = "read"};
    return TEXTS[kind];
}

static void grow_events(struct queue *q)
{
    struct queue_chunk *chunk = calloc(1, sizeof *chunk);
    assert(chunk != NULL);
    chunk->next = q->chunks;
    q->chunks = chunk;
    for (uint32_t i = 0; i < CHUNK_EVENTS; i++) {
        chunk->events[i].next = q->free;
        q->free = &chunk->events[i];
    }
}

struct event *queue_event(struct queue *q)
{
    if (q->free == NULL)
        grow_events(q);
    struct event *e = q->free;
    q->free = e->next;
    *e = (struct event){.run = RUN_ANY};
    return e;
}

void event_free(struct queue *q, struct event *e)
{
    free(e->p);
    e->p = NULL;
    e->next = q->free;
    q->free = e;
}

void queue_free(struct queue *q)
{
    for (uint32_t i = 0; i < q->n; i++)
        event_free(q, q->heap[i].event);
    while (q->chunks != NULL) {
        struct queue_chunk *chunk = q->chunks;
        q->chunks = chunk->next;
        free(chunk);
    }
    free(q->heap);
    *q = (struct queue){0};
}

/* Without a branch: which of two children is first nobody can foretell, no processor either. */
static uint32_t is_before(const struct queue_entry *a, const struct queue_entry *b)
{
    return (uint32_t)(a->at < b->at) |
           ((uint32_t)(a->at == b->at) & (uint32_t)(a->order < b->order));
}

void queue_add(struct queue *q, struct event *e)
{
    if (q->n == q->cap) {
        q->cap = q->cap == 0 ? 1024 : q->cap * 2;
        q->heap = realloc(q->heap, q->cap * sizeof *q->heap);
        assert(q->heap != NULL);
    }
    const struct queue_entry added = {.at = e->at, .order = q->order++, .event = e};
    uint32_t i = q->n++;
    for (; i > 0 && is_before(&added, &q->heap[(i - 1) / 2]); i = (i - 1) / 2)
        q->heap[i] = q->heap[(i - 1) / 2];
    q->heap[i] = added;
}

mono_us queue_next_at(const struct queue *q)
{
    return q->n == 0 ? NEVER : q->heap[0].at;
}

struct event *queue_take(struct queue *q)
{
    assert(q->n > 0);
    struct event *e = q->heap[0].event;
    const struct queue_entry last = q->heap[--q->n];
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= q->n)
            break;
        if (child + 1 < q->n)
            child += is_before(&q->heap[child + 1], &q->heap[child]);
        if (!is_before(&q->heap[child], &last))
            break;
        q->heap[i] = q->heap[child];
        i = child;
    }
    if (q->n > 0)
        q->heap[i] = last;
    return e;
}
