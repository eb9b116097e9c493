/**
 * OPT: what comes again last leaves first. No policy that stores what it missed does better with
 * objects of one size; with sizes it is only a yardstick.
 * Source: Belady, "A study of replacement algorithms for a virtual-storage computer" (1966).
 */
#include <assert.h>
#include <stdlib.h>

#include "policy/policy.h"

/** A heap of when objects come again, the latest on top. Each request leaves one, and those of the past
 *  stay: whatever is stored comes again later than they say, so they never come to the top. */
struct again {
    uint32_t next;
    uint32_t object;
};

struct stored {
    uint32_t next;
    uint32_t size; /* 0 = not stored */
};

struct opt {
    uint64_t capacity, used;
    struct again *heap;
    size_t heap_n;
    struct stored objects[];
};

static void *begin(const struct policy_cfg *cfg)
{
    struct opt *o = calloc(1, sizeof *o + cfg->objects_n * sizeof *o->objects);
    struct again *heap = malloc((cfg->requests_n + 1ULL) * sizeof *heap);
    if (o == NULL || heap == NULL) {
        free(o);
        free(heap);
        fault_tell(cfg->fault, "no memory for %u requests", cfg->requests_n);
        return NULL;
    }
    o->capacity = cfg->capacity;
    o->heap = heap;
    return o;
}

static void push(struct opt *o, struct again again)
{
    size_t at = ++o->heap_n; /* from 1 */
    for (; at > 1 && o->heap[at / 2].next < again.next; at /= 2)
        o->heap[at] = o->heap[at / 2];
    o->heap[at] = again;
}

static struct again pop(struct opt *o)
{
    assert(o->heap_n > 0);
    const struct again top = o->heap[1], last = o->heap[o->heap_n--];
    size_t at = 1;
    while (2 * at <= o->heap_n) {
        size_t child = 2 * at;
        if (child < o->heap_n && o->heap[child + 1].next > o->heap[child].next)
            child++;
        if (o->heap[child].next <= last.next)
            break;
        o->heap[at] = o->heap[child];
        at = child;
    }
    o->heap[at] = last;
    return top;
}

static void evict(struct opt *o)
{
    const struct again top = pop(o);
    struct stored *stored = &o->objects[top.object];
    assert(stored->size != 0 && stored->next == top.next);
    o->used -= stored->size;
    stored->size = 0;
}

static bool ask(void *state, const struct trace_request *request)
{
    struct opt *o = state;
    struct stored *stored = &o->objects[request->object];
    const bool hit = stored->size != 0;
    if (!hit && request->size > o->capacity)
        return false;
    if (!hit) {
        while (o->used + request->size > o->capacity)
            evict(o);
        stored->size = request->size;
        o->used += request->size;
    }
    stored->next = request->next;
    push(o, (struct again){.next = request->next, .object = request->object});
    return hit;
}

static void end(void *state)
{
    struct opt *o = state;
    free(o->heap);
    free(o);
}

const struct policy POLICY_OPT = {
    .name = "opt", .by_size = true, .begin = begin, .ask = ask, .end = end};
