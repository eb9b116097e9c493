#include "ledger/gap.h"

#include <assert.h>
#include <string.h>

bool ledger_gaps_init(struct arena *arena, struct gaps *gaps, const struct origins *origins)
{
    uint64_t *open = arena_take(arena, (origins->max + 63) / 64, sizeof *open);
    if (open == NULL)
        return false;
    *gaps = (struct gaps){.origins = origins, .open = open, .oldest = NEVER};
    return true;
}

static void note_opened(struct gaps *gaps, mono_us at)
{
    gaps->n++;
    if (at < gaps->oldest) {
        gaps->oldest = at;
        gaps->oldest_n = 0;
    }
    gaps->oldest_n += at == gaps->oldest;
}

static void note_shut(struct gaps *gaps, mono_us at)
{
    gaps->n--;
    gaps->oldest_n -= at == gaps->oldest;
}

/** Find the oldest record again: only after the last one of its time was shut. */
static void find_oldest(struct gaps *gaps)
{
    gaps->oldest = NEVER;
    gaps->oldest_n = 0;
    if (gaps->n == 0)
        return; /* the usual end of an in-order dot: no search */
    for (uint32_t slot = 0; ledger_gaps_next(gaps, &slot); slot++) {
        const struct origin *o = &gaps->origins->at[slot];
        for (uint32_t i = 0; i < o->parts_n; i++) {
            gaps->n--; /* note_opened counts it again */
            note_opened(gaps, o->parts[i].opened_at);
        }
    }
}

/** The first of the two neighbours with the least covered room between them; the older pair wins. */
static uint32_t find_nearest(const struct origin *o)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i + 1 < o->parts_n; i++) {
        const uint64_t apart = o->parts[i + 1].lo - o->parts[i].hi;
        if (apart < o->parts[best + 1].lo - o->parts[best].hi)
            best = i;
    }
    return best;
}

static void merge_nearest(struct gaps *gaps, struct origin *o)
{
    const uint32_t i = find_nearest(o);
    struct part *a = &o->parts[i];
    const struct part b = o->parts[i + 1];
    note_shut(gaps, time_max(a->opened_at, b.opened_at));
    a->hi = b.hi;
    a->g = a->g > b.g ? a->g : b.g;
    a->opened_at = time_min(a->opened_at, b.opened_at);
    memmove(a + 1, a + 2, (o->parts_n - i - 2) * sizeof *a);
    o->parts_n--;
    gaps->merged++;
}

static void mark_open(struct gaps *gaps, const struct origin *o)
{
    const uint32_t slot = ledger_origins_slot(gaps->origins, o);
    const uint64_t bit = 1ULL << (slot % 64);
    if (o->parts_n > 0)
        gaps->open[slot / 64] |= bit;
    else
        gaps->open[slot / 64] &= ~bit;
}

void ledger_gaps_open(struct gaps *gaps, struct origin *o, uint64_t head, uint64_t g, mono_us now)
{
    assert(head > o->head);
    assert(o->parts_n <= LEDGER_GAPS);
    o->parts[o->parts_n++] = (struct part){.lo = o->head + 1, .hi = head, .g = g, .opened_at = now};
    o->head = head;
    gaps->opened++;
    note_opened(gaps, now);
    if (o->parts_n > LEDGER_GAPS)
        merge_nearest(gaps, o);
    mark_open(gaps, o);
}

/** Cut p back to its uncovered hull; false when nothing of it is left. */
static bool shrink_part(const struct origin *o, struct part *p)
{
    if (p->hi <= o->applied)
        return false;
    if (p->lo <= o->applied)
        p->lo = o->applied + 1;
    while (ledger_origin_covers(o, p->lo)) {
        if (p->lo == p->hi)
            return false;
        p->lo++;
    }
    while (ledger_origin_covers(o, p->hi))
        p->hi--;
    return true;
}

void ledger_gaps_trim(struct gaps *gaps, struct origin *o)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < o->parts_n; i++) {
        struct part p = o->parts[i];
        if (shrink_part(o, &p))
            o->parts[kept++] = p;
        else
            note_shut(gaps, p.opened_at);
    }
    o->parts_n = kept;
    mark_open(gaps, o);
    if (gaps->oldest_n == 0)
        find_oldest(gaps);
}

const struct part *ledger_gaps_part(const struct origin *o, uint64_t seq)
{
    uint32_t i = 0;
    while (i < o->parts_n && o->parts[i].hi < seq)
        i++;
    assert(i < o->parts_n && o->parts[i].lo <= seq);
    return &o->parts[i];
}

bool ledger_gaps_next(const struct gaps *gaps, uint32_t *slot)
{
    const uint32_t words = (gaps->origins->max + 63) / 64;
    uint64_t skip = UINT64_MAX << (*slot % 64);
    for (uint32_t word = *slot / 64; word < words; word++) {
        const uint64_t bits = gaps->open[word] & skip;
        if (bits != 0) {
            *slot = word * 64 + (uint32_t)__builtin_ctzll(bits);
            return true;
        }
        skip = UINT64_MAX;
    }
    return false;
}
