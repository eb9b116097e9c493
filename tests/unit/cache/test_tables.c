/** The tables of a shard, each against a naive copy of itself. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "base/rng.h"
#include "cache/prefixes.h"
#include "cache/recent.h"
#include "cache/tagtable.h"

#include "seed.h"

#define ROUNDS 100000

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
