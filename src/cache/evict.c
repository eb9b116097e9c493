/**
 * How a shard gets room back: S3-FIFO, with segments for queues.
 *
 * What is new lies in the small queue. Whoever leaves it was used there, then he goes to the main queue,
 * or not, then only his ghost stays. The main queue gives everybody who was used one more lap for each
 * use. A tenth of the units are the small queue's. What is enough use for the main queue: cache/earn.h.
 * Source: Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction" (SOSP
 * 2023), 4.1.
 */
#include <assert.h>
#include <stddef.h>

#include "cache/shard.h"

#define SMALL_SHARE 10   /* the small queue has one unit in so many */
#define COPY_LEN    8192 /* bytes of one item whose copy counts as another item's */
#define LINE        64
#define AHEAD_LINES 2
#define AHEAD       (ROOM_RESERVE + 1) /* units that are kept free */

struct probe shard_slot_of(const struct shard *s, const struct item *it, uint32_t where)
{
    return shard_slot_at(s, shard_hash(s, it), where);
}

struct probe shard_slot_at(const struct shard *s, uint64_t hash, uint32_t where)
{
    struct probe p = slots_probe(&s->slots, hash);
    bool found = slots_next(&s->slots, &p);
    while (found && p.where != where)
        found = slots_next(&s->slots, &p);
    assert(found);
    return p;
}

bool shard_remove_if_dead(struct shard *s, struct item *it, uint32_t where, mono_us now)
{
    const bool expired = now >= item_expires(it);
    if (!expired && !shard_kills(s, it))
        return false;
    struct probe p = shard_slot_of(s, it, where);
    shard_count_end(s, it, expired);
    s->counts.swept += !expired;
    shard_remove(s, it, &p);
    return true;
}

/* ---- copying ---- */

static bool is_in_window(const struct shard *s, uint32_t unit)
{
    return unit >= s->clearing.first && unit - s->clearing.first < s->clearing.units;
}

/** A place in the main queue for a copy: the last free units are kept for that. */
static bool has_place(struct shard *s, uint64_t len)
{
    struct segments *g = &s->segments;
    if (segments_fit(g, QUEUE_MAIN, len) && !is_in_window(s, g->lines[QUEUE_MAIN].newest - 1))
        return true;
    const uint32_t unit = segments_find(g, 1, s->clearing.first, s->clearing.units);
    if (len > g->unit_len || unit == UINT32_MAX)
        return false;
    segments_open(g, QUEUE_MAIN, unit, 1);
    return true;
}

/** Has an item been used enough for a place in the main queue? */
static bool earns_place(struct shard *s, const struct probe *p, enum queue queue, unsigned freq)
{
    if (queue == QUEUE_SMALL)
        return earn_enough(&s->earn, freq, p->bits);
    earn_lap(&s->earn, freq > 0);
    return freq > 0;
}

/** An item that fills half of a unit or more stays without a copy, unless its units are wanted: its
 *  segment moves up as a whole. */
static bool stays_where_it_is(struct shard *s, const struct probe *p, unsigned freq)
{
    if (is_in_window(s, segments_of(&s->segments, p->where)))
        return false;
    slots_move(&s->slots, p, p->where, freq);
    s->counts.reinserted++;
    return true;
}

/** An item whose turn has come. */
struct leaver {
    struct item *it;
    uint32_t where;
    uint64_t hash;
    enum queue queue;
};

/** Let an item stay that was used; false when it may not, or cannot. */
static bool stays(struct shard *s, const struct leaver *leaver, const struct probe *p,
                  struct reinserts *reinserts)
{
    const unsigned freq = slots_freq(&s->slots, p);
    const uint64_t len = item_len(leaver->it);
    if (!earns_place(s, p, leaver->queue, freq))
        return false;
    const unsigned left = leaver->queue == QUEUE_SMALL ? 0 : freq - 1;
    if (len > s->segments.unit_len / 2)
        return stays_where_it_is(s, p, left);
    const uint32_t cost = 1 + (uint32_t)(len / COPY_LEN);
    if (reinserts->left < cost || !has_place(s, len))
        return false;
    shard_copy(s, leaver->it, p, s->segments.lines[QUEUE_MAIN].newest - 1, left);
    reinserts->left -= cost;
    s->counts.reinserted++;
    return true;
}

/* ---- the oldest ---- */

static void evict(struct shard *s, const struct leaver *leaver, struct probe *p)
{
    const bool once = slots_freq(&s->slots, p) == 1;
    if (leaver->queue == QUEUE_SMALL) {
        ghost_reach(&s->ghost, s->slots.used);
        ghost_add(&s->ghost, leaver->hash, once);
        if (once)
            earn_left(&s->earn);
    }
    shard_stats_of(s, leaver->it)->evicted++;
    shard_remove(s, leaver->it, p);
}

/** The queue whose turn it is. */
static enum queue queue_in_turn(const struct shard *s)
{
    const struct segments *g = &s->segments;
    const uint64_t share = (g->n - g->index_n + SMALL_SHARE - 1) / SMALL_SHARE;
    if (g->lines[QUEUE_MAIN].oldest == 0)
        return QUEUE_SMALL;
    return g->lines[QUEUE_SMALL].units >= share ? QUEUE_SMALL : QUEUE_MAIN;
}

/** Go on with a walk through a segment, or begin one. */
static struct segment_walk *walk_at(struct shard *s, struct segment_walk *walk, uint32_t first)
{
    if (walk->first != first || walk->born != s->segments.units[first].born)
        *walk = segments_walk(&s->segments, first);
    return walk;
}

/** All items of a segment were dealt with. If some are left, they are long, and stay. */
static void end_walk(struct shard *s, struct segment_walk *walk)
{
    if (!segments_is(&s->segments, walk->first, walk->born))
        return;
    segments_requeue(&s->segments, walk->first, QUEUE_MAIN);
    walk->at = 0;
}

/** The hash of the key of the next item of a walk, which was made before, if eviction went on here. */
static uint64_t hash_of(const struct shard *s, const struct leaver *leaver, uint32_t born)
{
    const bool known = s->ahead.born == born && s->ahead.where == leaver->where;
    return known ? s->ahead.hash : shard_hash(s, leaver->it);
}

/** Begin to fetch what the next item will be looked up by: when its turn comes, that is near. */
static void look_ahead(struct shard *s, struct segment_walk walk)
{
    uint32_t where;
    const struct item *it = segments_next(&s->segments, &walk, &where);
    s->ahead.born = 0;
    if (it == NULL || (item_flags(it) & ITEM_DEAD) != 0)
        return;
    s->ahead = (struct ahead){.where = where, .born = walk.born, .hash = shard_hash(s, it)};
    struct slots_hint hint = slots_hint(&s->slots, s->ahead.hash);
    slots_hint_home(&s->slots, &hint);
    __builtin_prefetch(hint.home, 1);
    ghost_hint(&s->ghost, s->ahead.hash);
    for (uint64_t i = 0; i < AHEAD_LINES; i++) /* and the item behind it: its head and its key */
        __builtin_prefetch((const uint8_t *)it + item_len(it) + i * LINE);
}

/** Deal with the next item of a segment. When it has no more, the segment is free or in the main queue. */
static void empty(struct shard *s, uint32_t first, struct segment_walk *walk, mono_us now,
                  struct reinserts *reinserts)
{
    struct leaver leaver = {.queue = (enum queue)s->segments.units[first].queue};
    segments_seal(&s->segments, first);
    leaver.it = segments_next(&s->segments, walk_at(s, walk, first), &leaver.where);
    if (leaver.it == NULL) {
        end_walk(s, walk);
        return;
    }
    /* What a barrier killed is never copied: a sweep that has passed its new place may rely on it. */
    if ((item_flags(leaver.it) & ITEM_DEAD) != 0 ||
        shard_remove_if_dead(s, leaver.it, leaver.where, now))
        return;
    leaver.hash = hash_of(s, &leaver, walk->born);
    look_ahead(s, *walk);
    struct probe p = shard_slot_at(s, leaver.hash, leaver.where);
    if (!stays(s, &leaver, &p, reinserts))
        evict(s, &leaver, &p);
}

static void evict_oldest(struct shard *s, mono_us now, struct reinserts *reinserts)
{
    const enum queue queue = queue_in_turn(s);
    const uint32_t oldest = s->segments.lines[queue].oldest;
    if (oldest != 0)
        empty(s, oldest - 1, &s->evicting[queue], now, reinserts);
}

/** A step towards one more free unit: from what is dead, where that is worth it. */
static void free_one(struct shard *s, mono_us now, struct reinserts *reinserts)
{
    if (!shard_compact(s, now))
        evict_oldest(s, now, reinserts);
}

/* ---- units in a row ---- */

/** Bytes that live in a unit, those of a run shared out evenly. */
static uint64_t live_in(const struct segments *g, uint32_t unit)
{
    const struct unit *head = &g->units[g->units[unit].head];
    return g->units[unit].state == UNIT_FREE ? 0 : head->live / head->units;
}

/** Where a window of so many units holds the fewest bytes that live. */
static uint32_t cheapest(const struct segments *g, uint32_t units)
{
    uint32_t best = UINT32_MAX;
    uint64_t least = UINT64_MAX, live = 0;
    for (uint32_t i = 0; i < g->n - g->index_n; i++) {
        live += live_in(g, i);
        live -= i >= units ? live_in(g, i - units) : 0;
        if (i + 1 < units || live >= least)
            continue;
        least = live;
        best = i + 1 - units;
    }
    return best;
}

/** The first unit of the window that is not free; UINT32_MAX when all are. */
static uint32_t first_taken(const struct shard *s)
{
    for (uint32_t i = 0; i < s->clearing.units; i++) {
        if (s->segments.units[s->clearing.first + i].state != UNIT_FREE)
            return s->clearing.first + i;
    }
    return UINT32_MAX;
}

/** Empty a window, one item a call. Returns: true when all of it is free. */
static bool clear(struct shard *s, mono_us now, struct reinserts *reinserts)
{
    const uint32_t taken = first_taken(s);
    if (taken == UINT32_MAX)
        return true;
    empty(s, s->segments.units[taken].head, &s->clearing.walk, now, reinserts);
    return false;
}

/** Begin to empty a window. */
static void choose_window(struct shard *s, uint32_t first, uint32_t units)
{
    s->clearing = (struct clearing){.first = first, .units = units};
}

/** A step towards a segment for an item that is longer than one unit. */
static void get_run(struct shard *s, const struct wanted *want, uint32_t units,
                    struct reinserts *reinserts)
{
    struct segments *g = &s->segments;
    if (s->clearing.units < units)
        choose_window(s, cheapest(g, units), units);
    if (!clear(s, want->now, reinserts))
        return;
    segments_open(g, want->queue, s->clearing.first, units);
    s->clearing.units = 0;
}

/** A step towards one more unit for the index: the highest, whose items move down. */
static void feed_index(struct shard *s, mono_us now, struct reinserts *reinserts)
{
    struct segments *g = &s->segments;
    const uint32_t next = segments_next_index(g);
    if (s->clearing.units != 1 || s->clearing.first != next)
        choose_window(s, next, 1);
    if (g->units[next].state != UNIT_FREE) {
        if (g->free_n == 0)
            free_one(s, now, reinserts);
        else if (!shard_vacate(s, next, now))
            (void)clear(s, now, reinserts);
        return;
    }
    const uint32_t chunks = (uint32_t)(g->unit_len / SLOTS_CHUNK_LEN);
    slots_lend(&s->slots, segments_lend(g) * chunks, chunks);
    s->clearing.units = 0;
}

/* ---- room ---- */

/** A step towards a segment with room. */
static void get_segment(struct shard *s, const struct wanted *want, struct reinserts *reinserts)
{
    struct segments *g = &s->segments;
    const uint32_t units = segments_units_for(g, want->size);
    uint32_t first = UINT32_MAX;
    if (g->free_n >= units + ROOM_RESERVE)
        first = segments_find(g, units, s->clearing.first, s->clearing.units);
    if (first != UINT32_MAX)
        segments_open(g, want->queue, first, units);
    else if (units > 1 && g->free_n >= units + ROOM_RESERVE) /* they do not lie side by side */
        get_run(s, want, units, reinserts);
    else if (units == 1 &&
             g->free_n > ROOM_RESERVE) /* only what is being cleared for others is free */
        s->clearing.units = 0;
    else
        free_one(s, want->now, reinserts);
}

/** May the index have another unit? It may have half of them. */
static bool index_may_grow(const struct segments *g)
{
    return g->index_n < g->n / 2;
}

static bool get_slot(struct shard *s, const struct wanted *want, struct reinserts *reinserts)
{
    const enum slots_need need = slots_need(&s->slots, want->hash);
    if (need == SLOTS_ROOM)
        return true;
    if (need == SLOTS_CHUNK_WANTED && index_may_grow(&s->segments))
        feed_index(s, want->now, reinserts);
    else
        evict_oldest(s, want->now, reinserts);
    return false;
}

/**
 * Free units before somebody needs them. A unit holds more items than one call may copy: who began only
 * when none is free would have to drop what has earned its stay. Half of the call is left for its own
 * need. Returns: the steps that it took.
 */
static uint32_t get_ahead(struct shard *s, mono_us now, struct reinserts *reinserts)
{
    const uint32_t half = CACHE_STEP / 2;
    uint32_t steps = 0;
    for (; steps < half && reinserts->left > half && s->segments.free_n < AHEAD; steps++)
        free_one(s, now, reinserts);
    return steps;
}

bool shard_make_room(struct shard *s, const struct wanted *want, struct reinserts *reinserts)
{
    for (uint32_t i = get_ahead(s, want->now, reinserts); i <= CACHE_STEP; i++) {
        if (get_slot(s, want, reinserts)) {
            if (segments_fit(&s->segments, want->queue, want->size))
                return true;
            get_segment(s, want, reinserts);
        }
    }
    return false;
}
