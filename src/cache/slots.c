#include "cache/slots.h"

#include <assert.h>
#include <stddef.h>

#include "cache/hinted.h"
#include "cache/mix.h"

#define BITS     30
#define BITS_MAX ((1U << BITS) - 1)
#define LIFTED   (1ULL << 31) /* waits for its new home */
#define PLACE    (LIFTED - 1)
#define FULL_OF  16 /* a group is full when this many parts of it ... */
#define FULL     13 /* ... have this many in use */

_Static_assert(sizeof(slot_word) == 8, "a chunk is SLOTS_CHUNK_LEN bytes");

void slots_init(struct slots *s, const struct slots_cfg *cfg)
{
    assert(cfg->groups_n > 0 && cfg->chunks_max > 0 && cfg->chunks_max <= SLOTS_CHUNKS_MAX);
    *s = (struct slots){.at = cfg->at,
                        .groups = cfg->groups,
                        .more = cfg->more,
                        .groups_n = cfg->groups_n,
                        .chunks_max = cfg->chunks_max};
}

/* ---- slots as words ---- */

static uint64_t word_of(uint32_t bits, unsigned freq, uint32_t where)
{
    assert(where <= SLOTS_WHERE_MAX && freq <= SLOTS_FREQ_MAX);
    return (uint64_t)bits << 34 | (uint64_t)freq << 32 | (where + 1);
}

static uint32_t bits_of(uint64_t word)
{
    return (uint32_t)(word >> 34);
}

static unsigned freq_of(uint64_t word)
{
    return (unsigned)(word >> 32 & SLOTS_FREQ_MAX);
}

static uint32_t where_of(uint64_t word)
{
    return (uint32_t)(word & PLACE) - 1;
}

/* ---- groups ---- */

uint32_t slots_more_n(uint32_t chunks_max)
{
    return chunks_max > SLOTS_NEAR ? chunks_max - SLOTS_NEAR : 0;
}

/** Where a group keeps the number of its chunk i. */
static uint32_t *number_at(const struct slots *s, uint32_t group, uint32_t i)
{
    if (i < SLOTS_NEAR)
        return &s->groups[group].chunks[i];
    return &s->more[(uint64_t)group * slots_more_n(s->chunks_max) + i - SLOTS_NEAR];
}

static uint32_t chunks_of(const struct slots *s, uint32_t group)
{
    return hinted_count(&s->groups[group].n);
}

static slot_word *chunk_at(const struct slots *s, uint32_t number)
{
    return (slot_word *)(void *)(s->at + (uint64_t)number * SLOTS_CHUNK_LEN);
}

/** Slot i of a group. */
static slot_word *slot_at(const struct slots *s, uint32_t group, uint32_t i)
{
    const uint32_t number = hinted_count(number_at(s, group, i / SLOTS_CHUNK));
    return chunk_at(s, number) + i % SLOTS_CHUNK;
}

/** First slot of the line that is the home of these bits in a group of n chunks. */
static uint32_t home_of(uint32_t bits, uint32_t n)
{
    const uint64_t lines = (uint64_t)n * (SLOTS_CHUNK / SLOTS_LINE);
    return (uint32_t)(bits * lines >> BITS) * SLOTS_LINE;
}

static uint32_t after(uint32_t i, uint32_t n)
{
    return i + 1 == n * SLOTS_CHUNK ? 0 : i + 1;
}

/** Steps from one slot of n chunks forward to another. */
static uint32_t distance(uint32_t from, uint32_t to, uint32_t n)
{
    return to >= from ? to - from : to + n * SLOTS_CHUNK - from;
}

static bool group_is_full(const struct group *g, uint32_t n)
{
    return g->used >= n * SLOTS_CHUNK * FULL / FULL_OF;
}

/** Steps through the slots of a group, a line at a time. */
struct steps {
    const struct slots *s;
    slot_word *line;
    uint32_t group, n, i;
};

static struct steps steps_from(const struct slots *s, uint32_t group, uint32_t i)
{
    return (struct steps){.s = s,
                          .line = slot_at(s, group, i / SLOTS_LINE * SLOTS_LINE),
                          .group = group,
                          .n = chunks_of(s, group),
                          .i = i};
}

static slot_word *slot_here(const struct steps *p)
{
    return p->line + p->i % SLOTS_LINE;
}

static void step(struct steps *p)
{
    p->i = after(p->i, p->n);
    if (p->i % SLOTS_LINE == 0)
        p->line = slot_at(p->s, p->group, p->i);
}

/** Put a word into the first empty slot from its home on. */
static void place(struct slots *s, uint32_t group, uint64_t word)
{
    struct steps p = steps_from(s, group, home_of(bits_of(word), chunks_of(s, group)));
    while (hinted_read(slot_here(&p)) != 0)
        step(&p);
    hinted_write(slot_here(&p), word);
}

/* ---- growing ---- */

/* The first chunk of each free row says how many there are (above), and where the next row begins (below,
 * plus 1). So memory is not touched before it is used. */

static void put_row(struct slots *s, uint32_t first, uint32_t n, uint32_t next)
{
    hinted_write(chunk_at(s, first), (uint64_t)n << 32 | next);
    s->free = first + 1;
}

void slots_lend(struct slots *s, uint32_t first, uint32_t n)
{
    if (n == 0)
        return;
    put_row(s, first, n, s->free);
    s->free_n += n;
}

static uint32_t take_chunk(struct slots *s)
{
    assert(s->free != 0);
    const uint32_t number = s->free - 1;
    const uint64_t row = hinted_read(chunk_at(s, number));
    const uint32_t n = (uint32_t)(row >> 32);
    s->free = (uint32_t)row;
    if (n > 1)
        put_row(s, number + 1, n - 1, (uint32_t)row);
    s->free_n--;
    return number;
}

/** Give a slot that was lifted its place among those that have theirs, and then each that it drives
 *  out. Nobody who has a place loses it, so whoever is looked for from his home on is met. */
static void settle(struct slots *s, uint32_t group, uint64_t word)
{
    const uint32_t n = chunks_of(s, group);
    while (word != 0) {
        word &= ~LIFTED;
        struct steps p = steps_from(s, group, home_of(bits_of(word), n));
        uint64_t other = hinted_read(slot_here(&p));
        while (other != 0 && (other & LIFTED) == 0) {
            step(&p);
            other = hinted_read(slot_here(&p));
        }
        hinted_write(slot_here(&p), word);
        word = other;
    }
}

static void add_chunk(struct slots *s, uint32_t group)
{
    const uint32_t number = take_chunk(s);
    const uint32_t n = chunks_of(s, group);
    slot_word *chunk = chunk_at(s, number);
    for (uint32_t i = 0; i < SLOTS_CHUNK; i++)
        hinted_write(chunk + i, 0);
    hinted_publish(number_at(s, group, n), number);
    /* Whoever looks without the lock meets the number of each chunk that he counts. */
    hinted_publish(&s->groups[group].n, n + 1);
}

static void lift_all(slot_word *chunk)
{
    for (uint32_t i = 0; i < SLOTS_CHUNK; i++) {
        const uint64_t word = hinted_read(chunk + i);
        if (word != 0)
            hinted_write(chunk + i, word | LIFTED);
    }
}

static void settle_all(struct slots *s, uint32_t group, slot_word *chunk)
{
    for (uint32_t i = SLOTS_CHUNK; i-- > 0;) {
        const uint64_t word = hinted_read(chunk + i);
        if ((word & LIFTED) == 0)
            continue;
        hinted_write(chunk + i, 0);
        settle(s, group, word);
    }
}

/** One more chunk for a group: all of its slots find their homes anew, where they are. From the last on:
 *  homes lie further up than before, where others have just left. */
static void grow(struct slots *s, uint32_t group)
{
    const uint32_t n = chunks_of(s, group);
    for (uint32_t i = 0; i < n; i++)
        lift_all(slot_at(s, group, i * SLOTS_CHUNK));
    add_chunk(s, group);
    for (uint32_t i = n; i-- > 0;)
        settle_all(s, group, slot_at(s, group, i * SLOTS_CHUNK));
}

/* ---- the walk for a hash ---- */

static uint32_t group_of(const struct slots *s, uint64_t mixed)
{
    return (uint32_t)((mixed >> 32) * s->groups_n >> 32);
}

enum slots_need slots_need(const struct slots *s, uint64_t hash)
{
    const uint32_t group = group_of(s, mix_hash(hash, s->seed));
    const uint32_t n = chunks_of(s, group);
    if (!group_is_full(&s->groups[group], n))
        return SLOTS_ROOM;
    if (n == s->chunks_max)
        return SLOTS_FULL;
    return s->free_n > 0 ? SLOTS_ROOM : SLOTS_CHUNK_WANTED;
}

struct probe slots_probe(const struct slots *s, uint64_t hash)
{
    const uint64_t mixed = mix_hash(hash, s->seed);
    struct probe p = {.bits = (uint32_t)mixed & BITS_MAX, .group = group_of(s, mixed)};
    p.i = home_of(p.bits, chunks_of(s, p.group));
    return p;
}

bool slots_next(const struct slots *s, struct probe *p)
{
    if (chunks_of(s, p->group) == 0)
        return false;
    struct steps at = steps_from(s, p->group, p->i);
    for (;;) {
        const uint64_t word = hinted_read(slot_here(&at));
        if (word == 0)
            return false;
        p->slot_i = at.i;
        step(&at);
        if (bits_of(word) != p->bits)
            continue;
        p->i = at.i;
        p->where = where_of(word);
        return true;
    }
}

void slots_add(struct slots *s, uint64_t hash, uint32_t where, unsigned freq)
{
    const uint64_t mixed = mix_hash(hash, s->seed);
    const uint32_t group = group_of(s, mixed);
    struct group *g = &s->groups[group];
    if (group_is_full(g, chunks_of(s, group))) {
        assert(chunks_of(s, group) < s->chunks_max);
        grow(s, group);
    }
    place(s, group, word_of((uint32_t)mixed & BITS_MAX, freq, where));
    g->used++;
    s->used++;
}

void slots_move(struct slots *s, const struct probe *p, uint32_t where, unsigned freq)
{
    slot_word *at = slot_at(s, p->group, p->slot_i);
    assert(hinted_read(at) != 0);
    hinted_write(at, word_of(p->bits, freq, where));
}

unsigned slots_freq(const struct slots *s, const struct probe *p)
{
    return freq_of(hinted_read(slot_at(s, p->group, p->slot_i)));
}

void slots_use(struct slots *s, const struct probe *p)
{
    slot_word *at = slot_at(s, p->group, p->slot_i);
    const uint64_t word = hinted_read(at);
    if (freq_of(word) < SLOTS_FREQ_MAX)
        hinted_write(at, word + (1ULL << 32));
}

void slots_remove(struct slots *s, struct probe *p)
{
    const uint32_t n = chunks_of(s, p->group);
    uint32_t hole = p->slot_i;
    assert(hinted_read(slot_at(s, p->group, hole)) != 0);
    for (uint32_t i = after(hole, n);; i = after(i, n)) {
        const uint64_t word = hinted_read(slot_at(s, p->group, i));
        if (word == 0)
            break;
        /* A slot may fill the hole only if the hole is not before its home on the way to it. */
        if (distance(home_of(bits_of(word), n), i, n) < distance(hole, i, n))
            continue;
        hinted_write(slot_at(s, p->group, hole), word);
        hole = i;
    }
    hinted_write(slot_at(s, p->group, hole), 0);
    s->groups[p->group].used--;
    s->used--;
    p->i = p->slot_i;
}

/* ---- the walk over all ---- */

/** Slots that a group can have: what a place in the walk over all counts with. */
static uint64_t stride_of(const struct slots *s)
{
    return (uint64_t)s->chunks_max * SLOTS_CHUNK;
}

bool slots_walked(const struct slots *s, uint64_t at)
{
    return at / stride_of(s) >= s->groups_n;
}

bool slots_walk(const struct slots *s, uint64_t *at, uint32_t *looks, uint32_t *where)
{
    const uint64_t stride = stride_of(s);
    while (*looks > 0 && !slots_walked(s, *at)) {
        const uint32_t group = (uint32_t)(*at / stride);
        const uint32_t i = (uint32_t)(*at % stride);
        --*looks;
        if (i >= chunks_of(s, group) * SLOTS_CHUNK) {
            *at = (group + 1ULL) * stride;
            continue;
        }
        ++*at;
        const uint64_t word = hinted_read(slot_at(s, group, i));
        *where = where_of(word);
        if (word != 0)
            return true;
    }
    return false;
}

/* ---- hints ---- */

struct slots_hint slots_hint(const struct slots *s, uint64_t hash)
{
    const uint64_t mixed = mix_hash(hash, s->seed);
    return (struct slots_hint){.group = &s->groups[group_of(s, mixed)],
                               .bits = (uint32_t)mixed & BITS_MAX};
}

void slots_hint_home(const struct slots *s, struct slots_hint *h)
{
    const uint32_t n = hinted_count(&h->group->n);
    if (n > 0)
        h->home = slot_at(s, (uint32_t)(h->group - s->groups), home_of(h->bits, n));
}

bool slots_guess(const struct slots_hint *h, uint32_t *where)
{
    for (uint32_t i = 0; h->home != NULL && i < SLOTS_LINE; i++) {
        const uint64_t word = hinted_read(h->home + i);
        if (word == 0)
            return false;
        *where = where_of(word);
        if (bits_of(word) == h->bits)
            return true;
    }
    return false;
}
