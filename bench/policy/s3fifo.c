/**
 * S3-FIFO: a small queue that new objects must earn their way out of, a main queue that gives those
 * that were used another lap, and a ghost queue that remembers what the small one let go.
 *
 * There are two of it, as in libCacheSim, whose results are the yardstick. s3fifo sends what the small
 * queue has no room for to the main queue until the first eviction; s3fifo-paper lets the small queue
 * grow until the cache is full. In both, an object that does not fit the small queue is not stored.
 * Source: Yang et al., "FIFO queues are all you need for cache eviction" (SOSP 2023), section 4.
 */
#include <stdlib.h>

#include "policy/policy.h"
#include "policy/queue.h"

#define SMALL_PERCENT 10
#define GHOST_PERCENT 90
#define THRESHOLD     2 /* uses that take an object from small to main */
#define FREQ_MAX      3

enum {
    SMALL = 1,
    MAIN,
    GHOST
};

struct s3fifo {
    struct queue small, main, ghost;
    uint64_t capacity, small_max, main_max, ghost_max;
    bool overflows; /* small to main, until the first eviction */
    struct node nodes[];
};

static struct s3fifo *make(const struct policy_cfg *cfg)
{
    struct s3fifo *s = calloc(1, sizeof *s + cfg->objects_n * sizeof *s->nodes);
    if (s == NULL) {
        fault_tell(cfg->fault, "no memory for %u objects", cfg->objects_n);
        return NULL;
    }
    s->capacity = cfg->capacity;
    s->small_max = cfg->capacity < 100 / SMALL_PERCENT ? 1 : cfg->capacity * SMALL_PERCENT / 100;
    s->main_max = cfg->capacity - s->small_max;
    s->ghost_max = cfg->capacity * GHOST_PERCENT / 100;
    queue_init(&s->small, s->nodes, SMALL);
    queue_init(&s->main, s->nodes, MAIN);
    queue_init(&s->ghost, s->nodes, GHOST);
    return s;
}

static void *begin(const struct policy_cfg *cfg)
{
    struct s3fifo *s = make(cfg);
    if (s != NULL)
        s->overflows = true;
    return s;
}

static void *begin_paper(const struct policy_cfg *cfg)
{
    return make(cfg);
}

static void remember(struct s3fifo *s, uint32_t object, uint32_t size)
{
    if (size > s->ghost_max)
        return;
    while (s->ghost.size + size > s->ghost_max)
        queue_pop(&s->ghost);
    queue_push(&s->ghost, object, size);
}

/** Let one object go from small; those on the way that were used enough move to main. */
static void evict_small(struct s3fifo *s)
{
    while (s->small.tail != QUEUE_NONE) {
        const uint32_t object = queue_pop(&s->small);
        const struct node node = s->nodes[object];
        if (node.freq < THRESHOLD) {
            remember(s, object, node.size);
            return;
        }
        queue_push(&s->main, object, node.size);
    }
}

/** Let one object go from main; each use of those on the way is good for a lap. */
static void evict_main(struct s3fifo *s)
{
    while (s->main.tail != QUEUE_NONE) {
        const uint32_t object = queue_pop(&s->main);
        const struct node node = s->nodes[object];
        if (node.freq == 0)
            return;
        queue_push(&s->main, object, node.size);
        s->nodes[object].freq = (uint8_t)(node.freq - 1);
    }
}

static void evict(struct s3fifo *s)
{
    s->overflows = false;
    if (s->main.size > s->main_max || s->small.size == 0)
        evict_main(s);
    else
        evict_small(s);
}

/** Where a new object goes. */
static struct queue *place(struct s3fifo *s, bool was_ghost)
{
    const bool overflows = s->overflows && s->small.size >= s->small_max;
    return was_ghost || overflows ? &s->main : &s->small;
}

static bool ask(void *state, const struct trace_request *request)
{
    struct s3fifo *s = state;
    struct node *node = &s->nodes[request->object];
    const bool was_ghost = node->where == GHOST;
    if (node->where == SMALL || node->where == MAIN) {
        node->freq = (uint8_t)(node->freq < FREQ_MAX ? node->freq + 1 : FREQ_MAX);
        return true;
    }
    if (was_ghost)
        queue_remove(&s->ghost, request->object);
    if (request->size > s->small_max)
        return false;
    while (s->small.size + s->main.size + request->size > s->capacity)
        evict(s);
    queue_push(place(s, was_ghost), request->object, request->size);
    return false;
}

const struct policy POLICY_S3FIFO = {
    .name = "s3fifo", .by_size = true, .begin = begin, .ask = ask, .end = free};

const struct policy POLICY_S3FIFO_PAPER = {
    .name = "s3fifo-paper", .by_size = true, .begin = begin_paper, .ask = ask, .end = free};
