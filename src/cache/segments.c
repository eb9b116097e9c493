#include "cache/segments.h"

#include <assert.h>

#include "cache/hinted.h"

#define LINE     64
#define NEXT_MAX 512 /* bytes of the next item that are fetched before it comes */

void segments_init(struct segments *g, uint8_t *at, struct unit *units, uint32_t n,
                   uint64_t unit_len)
{
    assert(n > 0 && unit_len % ITEM_ALIGN == 0);
    *g = (struct segments){.units = units, .n = n, .free_n = n, .unit_len = unit_len};
    g->unit_places = (uint32_t)(unit_len / ITEM_ALIGN);
    g->at = at;
}

uint32_t segments_units_for(const struct segments *g, uint64_t len)
{
    return (uint32_t)((len + g->unit_len - 1) / g->unit_len);
}

/* ---- units ---- */

static bool is_shut(uint32_t unit, uint32_t shut, uint32_t shut_n)
{
    return unit >= shut && unit - shut < shut_n;
}

static bool is_free(const struct segments *g, uint32_t unit, uint32_t shut, uint32_t shut_n)
{
    return g->units[unit].state == UNIT_FREE && !is_shut(unit, shut, shut_n);
}

uint32_t segments_find(const struct segments *g, uint32_t units, uint32_t shut, uint32_t shut_n)
{
    uint32_t run = 0;
    if (units == 1 && g->freed != 0 && is_free(g, g->freed - 1, shut, shut_n))
        return g->freed - 1;
    for (uint32_t i = 0; g->free_n >= units && i < g->n - g->index_n; i++) {
        run = is_free(g, i, shut, shut_n) ? run + 1 : 0;
        if (run == units)
            return i + 1 - units;
    }
    return UINT32_MAX;
}

uint32_t segments_next_index(const struct segments *g)
{
    return g->index_n < g->n ? g->n - g->index_n - 1 : UINT32_MAX;
}

uint32_t segments_lend(struct segments *g)
{
    const uint32_t unit = segments_next_index(g);
    assert(unit != UINT32_MAX && g->units[unit].state == UNIT_FREE);
    g->units[unit].state = UNIT_INDEX;
    g->index_n++;
    g->free_n--;
    return unit;
}

/* ---- segments ---- */

/** Make free units a segment of a queue; its neighbours are the caller's to set. */
static struct unit *make(struct segments *g, enum queue queue, uint32_t first, uint32_t units)
{
    assert(units > 0 && first + units <= g->n - g->index_n);
    for (uint32_t i = first; i < first + units; i++) {
        assert(g->units[i].state == UNIT_FREE);
        g->units[i] = (struct unit){.state = UNIT_REST, .head = first};
    }
    g->units[first] = (struct unit){.state = UNIT_HEAD,
                                    .queue = (uint8_t)queue,
                                    .head = first,
                                    .units = units,
                                    .born = ++g->born,
                                    .ends = NEVER};
    g->lines[queue].units += units;
    g->free_n -= units;
    g->top = first + units > g->top ? first + units : g->top;
    return &g->units[first];
}

/** Set the neighbours of a segment, and theirs. */
static void join(struct segments *g, uint32_t first, uint32_t older, uint32_t newer)
{
    struct unit *head = &g->units[first];
    struct line *line = &g->lines[head->queue];
    head->older = older;
    head->newer = newer;
    *(older != 0 ? &g->units[older - 1].newer : &line->oldest) = first + 1;
    *(newer != 0 ? &g->units[newer - 1].older : &line->newest) = first + 1;
}

/** Take a segment out of its queue. */
static void leave(struct segments *g, uint32_t first)
{
    const struct unit *head = &g->units[first];
    struct line *line = &g->lines[head->queue];
    *(head->older != 0 ? &g->units[head->older - 1].newer : &line->oldest) = head->newer;
    *(head->newer != 0 ? &g->units[head->newer - 1].older : &line->newest) = head->older;
    line->units -= head->units;
}

void segments_open(struct segments *g, enum queue queue, uint32_t first, uint32_t units)
{
    const uint32_t before = g->lines[queue].newest;
    if (before != 0 && g->units[before - 1].live == 0)
        segments_free(g, before - 1);
    (void)make(g, queue, first, units);
    join(g, first, g->lines[queue].newest, 0);
}

void segments_requeue(struct segments *g, uint32_t first, enum queue queue)
{
    struct unit *head = &g->units[first];
    assert(head->state == UNIT_HEAD && head->sealed);
    leave(g, first);
    head->queue = (uint8_t)queue;
    g->lines[queue].units += head->units;
    const uint32_t newest = g->lines[queue].newest;
    if (newest != 0 && segments_is_open(g, newest - 1))
        join(g, first, g->units[newest - 1].older, newest);
    else
        join(g, first, newest, 0);
}

void segments_insert(struct segments *g, uint32_t next, uint32_t unit)
{
    assert(g->units[next].state == UNIT_HEAD);
    (void)make(g, (enum queue)g->units[next].queue, unit, 1);
    join(g, unit, g->units[next].older, next + 1);
}

void segments_seal(struct segments *g, uint32_t first)
{
    assert(g->units[first].state == UNIT_HEAD);
    g->units[first].sealed = true;
    if (g->units[first].live == 0)
        segments_free(g, first);
}

bool segments_is_open(const struct segments *g, uint32_t first)
{
    return g->lines[g->units[first].queue].newest == first + 1 && !g->units[first].sealed;
}

bool segments_is(const struct segments *g, uint32_t first, uint32_t born)
{
    return g->units[first].state == UNIT_HEAD && g->units[first].born == born;
}

void segments_free(struct segments *g, uint32_t first)
{
    const struct unit *head = &g->units[first];
    const uint32_t units = head->units;
    assert(head->state == UNIT_HEAD && head->live == 0);
    leave(g, first);
    g->used -= head->used;
    g->free_n += units;
    g->freed = first + 1;
    for (uint32_t i = first; i < first + units; i++)
        g->units[i] = (struct unit){.state = UNIT_FREE};
}

/* ---- items ---- */

bool segments_takes(const struct segments *g, uint32_t first, uint64_t len)
{
    const struct unit *head = &g->units[first];
    assert(head->state == UNIT_HEAD);
    return !head->sealed && head->used + len <= head->units * g->unit_len;
}

bool segments_fit(const struct segments *g, enum queue queue, uint64_t len)
{
    const uint32_t newest = g->lines[queue].newest;
    return newest != 0 && segments_takes(g, newest - 1, len);
}

struct item *segments_append_to(struct segments *g, uint32_t first, uint64_t len, uint32_t *where)
{
    struct unit *head = &g->units[first];
    assert(segments_takes(g, first, len) && len % ITEM_ALIGN == 0);
    *where = (uint32_t)((first * g->unit_len + head->used) / ITEM_ALIGN);
    head->used += len;
    head->live += len;
    head->is_long = head->is_long || len > SEGMENTS_LONG;
    g->used += len;
    g->live += len;
    return segments_item(g, *where);
}

/** The next item probably goes behind this one and is as long: fetch its lines now, to be written. They
 *  are there when it comes, since others go to other segments meanwhile. */
static void fetch_behind(const struct item *it, uint64_t len)
{
    const uint8_t *end = (const uint8_t *)it + len;
    for (uint64_t at = LINE; at < len + LINE && at <= NEXT_MAX; at += LINE)
        __builtin_prefetch(end + at, 1);
}

struct item *segments_append(struct segments *g, enum queue queue, uint64_t len, uint32_t *where)
{
    assert(segments_fit(g, queue, len));
    struct item *it = segments_append_to(g, g->lines[queue].newest - 1, len, where);
    hinted_write(&g->next, (uint64_t)*where * ITEM_ALIGN + len);
    fetch_behind(it, len);
    return it;
}

const void *segments_hint(const struct segments *g)
{
    return g->at + hinted_read(&g->next);
}

struct item *segments_item(const struct segments *g, uint32_t where)
{
    return (struct item *)(void *)(g->at + (uint64_t)where * ITEM_ALIGN);
}

uint32_t segments_of(const struct segments *g, uint32_t where)
{
    const uint32_t unit = where / g->unit_places;
    assert(unit < g->n);
    return g->units[unit].head;
}

enum queue segments_queue(const struct segments *g, uint32_t where)
{
    return (enum queue)g->units[segments_of(g, where)].queue;
}

void segments_kill(struct segments *g, uint32_t where, uint64_t len)
{
    const uint32_t first = segments_of(g, where);
    struct unit *head = &g->units[first];
    assert(head->live >= len);
    head->live -= len;
    g->live -= len;
    if (head->live == 0 && !segments_is_open(g, first))
        segments_free(g, first);
}

void segments_note_end(struct segments *g, uint32_t where, mono_us ends)
{
    struct unit *head = &g->units[segments_of(g, where)];
    head->ends = time_min(head->ends, ends);
}

struct segment_walk segments_walk(const struct segments *g, uint32_t first)
{
    return (struct segment_walk){.first = first, .born = g->units[first].born};
}

struct item *segments_next(const struct segments *g, struct segment_walk *walk, uint32_t *where)
{
    const struct unit *head = &g->units[walk->first];
    if (!segments_is(g, walk->first, walk->born) || walk->at >= head->used)
        return NULL;
    *where = (uint32_t)((walk->first * g->unit_len + walk->at) / ITEM_ALIGN);
    struct item *it = segments_item(g, *where);
    walk->at += item_len(it);
    return it;
}
