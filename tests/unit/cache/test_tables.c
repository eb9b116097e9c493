/** The tables of a shard, each against a naive copy of itself. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "base/rng.h"
#include "cache/itemlog.h"
#include "cache/prefixes.h"
#include "cache/recent.h"
#include "cache/slots.h"
#include "cache/tagtable.h"

#include "seed.h"

#define ROUNDS 100000

/* ---- slots ---- */

#define SLOTS  37 /* no power of two, and small enough for long probes and wraps */
#define HASHES 12 /* few hashes: many equal fingerprints */

/** Is offset a candidate for hash? p then stands at it. */
static bool finds(const struct slots *s, uint64_t hash, uint32_t offset, struct probe *p)
{
    *p = slots_probe(s, hash);
    while (slots_next(s, p)) {
        if (p->offset == offset)
            return true;
    }
    return false;
}

Test(slots, find_exactly_what_was_added_and_not_removed)
{
    static struct slot at[SLOTS];
    const uint64_t seed = seed_of(1);
    struct slots s;
    struct rng rng;
    struct probe p;
    bool there[64] = {false};
    rng_init(&rng, seed);
    slots_init(&s, at, SLOTS, 99);
    for (int i = 0; i < ROUNDS; i++) {
        const uint32_t offset = (uint32_t)rng_below(&rng, 64);
        const uint64_t hash = offset % HASHES;
        cr_assert_eq(finds(&s, hash, offset, &p), there[offset], "seed %" PRIu64 " i %d", seed, i);
        if (there[offset]) {
            slots_remove(&s, &p);
            there[offset] = false;
        } else if (!slots_full(&s)) {
            slots_add(&s, hash, offset);
            there[offset] = true;
        }
    }
    cr_assert_gt(s.used, 0);
}

Test(slots, are_full_at_seven_eighths)
{
    static struct slot at[64];
    struct slots s;
    slots_init(&s, at, 64, 0);
    for (uint32_t i = 0; i < 56; i++) {
        cr_assert_not(slots_full(&s));
        slots_add(&s, i, i);
    }
    cr_assert(slots_full(&s));
}

Test(slots, a_walk_goes_on_after_a_removal)
{
    static struct slot at[16];
    struct slots s;
    slots_init(&s, at, 16, 0);
    for (uint32_t i = 0; i < 10; i++)
        slots_add(&s, 7, i);
    int removed = 0, kept = 0;
    struct probe p = slots_probe(&s, 7);
    while (slots_next(&s, &p)) {
        if (p.offset % 2 == 0) {
            slots_remove(&s, &p);
            removed++;
        } else {
            kept++;
        }
    }
    cr_assert_eq(removed, 5);
    cr_assert_eq(kept, 5);
    cr_assert_eq(s.used, 5);
}

/* ---- the log ---- */

#define CAP     4096
#define PENDING 128

/** What lies in the log, oldest first. */
struct fifo {
    uint64_t id[PENDING];
    size_t n;
};

static void fifo_push(struct fifo *f, uint64_t id)
{
    cr_assert_lt(f->n, PENDING);
    f->id[f->n++] = id;
}

static uint64_t fifo_pop(struct fifo *f)
{
    const uint64_t id = f->id[0];
    memmove(&f->id[0], &f->id[1], --f->n * sizeof f->id[0]);
    return id;
}

static void write(struct item *it, uint64_t size, uint64_t id)
{
    *it = (struct item){.hash = id, .units = it->units};
    memset(it + 1, (int)(id & 0xff), size - sizeof *it);
}

static void assert_intact(const struct item *it, uint64_t id)
{
    const uint8_t *body = (const uint8_t *)(it + 1);
    cr_assert_eq(it->hash, id);
    for (uint64_t i = 0; i < it->units * 8ULL - sizeof *it; i++)
        cr_assert_eq(body[i], (uint8_t)id);
}

static uint64_t size_of(uint64_t value_len)
{
    return itemlog_size(&(struct item_shape){.key_len = 1, .value_len = value_len});
}

static void drop_fillers(struct itemlog *l)
{
    while (l->tail < l->head && (itemlog_at(l, l->tail)->flags & ITEM_FILLER) != 0)
        itemlog_drop(l);
}

static void log_step(struct itemlog *l, struct fifo *f, struct rng *rng, uint64_t id)
{
    const uint64_t size = size_of(rng_below(rng, rng_chance(rng, 50) ? 1900 : 200));
    uint32_t offset;
    while (!itemlog_fits(l, size)) {
        drop_fillers(l);
        if (itemlog_fits(l, size))
            break;
        const struct item *moved = rng_chance(rng, 400) ? itemlog_reinsert(l, &offset) : NULL;
        const uint64_t oldest = fifo_pop(f);
        if (moved != NULL) {
            assert_intact(moved, oldest);
            fifo_push(f, oldest);
        } else {
            assert_intact(itemlog_at(l, l->tail), oldest);
            itemlog_drop(l);
        }
    }
    write(itemlog_append(l, size, &offset), size, id);
    cr_assert_leq((uint64_t)offset * 8 + size, CAP, "an item never straddles the end");
    fifo_push(f, id);
}

Test(itemlog, keeps_every_item_whole_and_in_order)
{
    static _Alignas(8) uint8_t mem[CAP];
    const uint64_t seed = seed_of(2);
    struct fifo f = {.n = 0};
    struct itemlog l;
    struct rng rng;
    rng_init(&rng, seed);
    itemlog_init(&l, mem, CAP);
    for (uint64_t id = 1; id < ROUNDS; id++) {
        log_step(&l, &f, &rng, id);
        cr_assert_leq(itemlog_used(&l), CAP);
        size_t i = 0;
        for (uint64_t pos = l.tail; pos < l.head && id % 64 == 0; pos = itemlog_next(&l, pos)) {
            if ((itemlog_at(&l, pos)->flags & ITEM_FILLER) == 0)
                assert_intact(itemlog_at(&l, pos), f.id[i++]);
        }
        cr_assert(id % 64 != 0 || i == f.n, "seed %" PRIu64, seed);
    }
}

Test(itemlog, an_empty_one_takes_the_largest_item_wherever_its_head_is)
{
    static _Alignas(8) uint8_t mem[CAP];
    struct itemlog l;
    uint32_t offset;
    for (uint64_t head = 0; head < CAP; head += 8) {
        itemlog_init(&l, mem, CAP);
        l.head = l.tail = head;
        cr_assert(itemlog_fits(&l, itemlog_size_max(&l)), "head at %" PRIu64, head);
        (void)itemlog_append(&l, itemlog_size_max(&l), &offset);
    }
}

/* ---- recent records ---- */

#define RING 16

/** Naive: is a dot on hash newer than stamp, or may one have been forgotten? */
static bool naive_refuses(const uint64_t *hashes, const uint64_t *indices, int n, uint64_t hash,
                          uint64_t stamp)
{
    for (int i = 0; i < n; i++) {
        if (hashes[i] == hash && indices[i] > stamp)
            return true;
    }
    return false;
}

static bool ring_finds(const struct recent *r, uint64_t hash, uint64_t stamp)
{
    for (const struct record *it = recent_first(r, hash); it != NULL; it = recent_next(r, it)) {
        cr_assert_eq(it->hash, hash);
        if (it->index > stamp) {
            cr_assert(r->top > stamp, "or nobody would have looked");
            return true;
        }
    }
    return false;
}

static void remember(struct recent *r, uint64_t hash, uint64_t index)
{
    recent_add(r, &(struct record){.hash = hash, .index = index});
}

Test(recent, knows_every_dot_or_has_a_floor_above_it)
{
    static struct record ring[RING];
    static uint64_t heads[RING], hashes[4000], indices[4000];
    const uint64_t seed = seed_of(3);
    struct recent r;
    struct rng rng;
    rng_init(&rng, seed);
    recent_init(&r, ring, heads, RING);
    for (int n = 0; n < 4000; n++) {
        hashes[n] = rng_below(&rng, 24);
        indices[n] = 1 + (uint64_t)n - rng_below(&rng, (uint64_t)(n < 5 ? 1 : 5)); /* lean ones */
        remember(&r, hashes[n], indices[n]);
        const uint64_t hash = rng_below(&rng, 24);
        const uint64_t stamp = rng_below(&rng, (uint64_t)n + 2);
        const bool knows = ring_finds(&r, hash, stamp);
        cr_assert_eq(recent_newer(&r, hash, stamp), knows);
        cr_assert(!knows || naive_refuses(hashes, indices, n + 1, hash, stamp), "nothing invented");
        if (naive_refuses(hashes, indices, n + 1, hash, stamp))
            cr_assert(knows || r.floor > stamp, "seed %" PRIu64 " n %d", seed, n);
        const int from = n + 1 > RING ? n + 1 - RING : 0;
        cr_assert_eq(knows, naive_refuses(hashes + from, indices + from, n + 1 - from, hash, stamp),
                     "the last %d are all there", RING);
    }
}

Test(recent, the_floor_rises_with_the_first_forgotten_record_only)
{
    static struct record ring[RING];
    static uint64_t heads[RING];
    struct recent r;
    recent_init(&r, ring, heads, RING);
    for (uint64_t i = 1; i <= RING; i++)
        remember(&r, i, 100 + i);
    cr_assert_eq(r.floor, 0);
    remember(&r, 9, 200);
    cr_assert_eq(r.floor, 101);
    recent_raise_floor(&r, 50);
    cr_assert_eq(r.floor, 101, "never lowered");
}

/* ---- tags ---- */

#define TAGS 20

Test(tagtable, counts_references_and_forgets_with_the_last)
{
    static struct tag tags[TAGS];
    static uint32_t heads[8];
    const uint64_t seed = seed_of(4);
    uint32_t refs[40] = {0}, ids[40] = {0}, used = 0;
    struct tagtable t;
    struct rng rng;
    rng_init(&rng, seed);
    tagtable_init(&t, tags, TAGS, heads, 8);
    for (int i = 0; i < ROUNDS; i++) {
        const uint64_t hash = rng_below(&rng, 40);
        const struct tag *tag = tagtable_find(&t, hash);
        cr_assert_eq(tag != NULL, refs[hash] > 0, "seed %" PRIu64 " i %d", seed, i);
        if (rng_chance(&rng, 500)) {
            const bool may = refs[hash] > 0 || used < TAGS;
            cr_assert_eq(tagtable_take(&t, hash, &ids[hash]), may);
            used += may && refs[hash] == 0;
            refs[hash] += may;
        } else if (refs[hash] > 0) {
            tagtable_release(&t, ids[hash]);
            used -= --refs[hash] == 0;
        }
        cr_assert_eq(t.used, used);
    }
}

Test(tagtable, a_tag_comes_back_without_its_barrier)
{
    static struct tag tags[TAGS];
    static uint32_t heads[8];
    struct tagtable t;
    uint32_t id;
    tagtable_init(&t, tags, TAGS, heads, 8);
    cr_assert(tagtable_take(&t, 5, &id));
    tagtable_find(&t, 5)->bar = 77;
    tagtable_release(&t, id);
    cr_assert_null(tagtable_find(&t, 5));
    cr_assert(tagtable_take(&t, 5, &id));
    cr_assert_eq(tagtable_find(&t, 5)->bar, 0);
}

/* ---- prefixes ---- */

#define PREFIXES 24

Test(prefixes, drop_in_the_order_of_raising_and_cover_until_then)
{
    static struct prefix all[PREFIXES];
    static uint16_t heads[16];
    const struct hkey hkey = hash_cluster_key(slice_text("t"));
    const uint64_t seed = seed_of(5);
    struct prefixes p;
    struct rng rng;
    char key[4] = "aaa";
    uint64_t naive[27] = {0}; /* index by prefix, 0 = none */
    rng_init(&rng, seed);
    prefixes_init(&p, all, PREFIXES, heads, 16);
    for (uint64_t i = 1; i < 20000; i++) {
        const uint64_t which = rng_below(&rng, 27);
        key[0] = (char)('a' + which % 3);
        key[1] = (char)('a' + which / 3 % 3);
        key[2] = (char)('a' + which / 9);
        const uint64_t hash = hash_target(&hkey, TARGET_PREFIX, slice_text(""), slice_text(key));
        cr_assert_eq(prefixes_raise(&p, hash, i, i), naive[which] != 0);
        if (naive[which] == 0 && !prefixes_take(&p, 3)) {
            const uint64_t least = prefixes_oldest(&p)->index;
            for (size_t k = 0; k < 27; k++) {
                cr_assert(naive[k] == 0 || naive[k] >= least, "seed %" PRIu64, seed);
                naive[k] = naive[k] == least ? 0 : naive[k];
            }
            prefixes_drop(&p);
        }
        if (naive[which] == 0)
            prefixes_add(&p, &(struct prefix){.hash = hash, .index = i, .pass = i, .len = 3});
        naive[which] = i;
        cr_assert(prefixes_cover(&p, &hkey, slice_text(""), slice_text(key), i - 1));
        cr_assert_not(prefixes_cover(&p, &hkey, slice_text(""), slice_text(key), i));
    }
    cr_assert_eq(p.used, PREFIXES);
    while (p.used > 0)
        prefixes_drop(&p);
    cr_assert_null(prefixes_oldest(&p));
    cr_assert_not(prefixes_cover(&p, &hkey, slice_text(""), slice_text(key), 0));
}
