/** The index: against a naive array, at its limits, and while it grows. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "base/rng.h"
#include "cache/slots.h"

#include "seed.h"

#define GROUPS     3
#define CHUNKS_MAX (SLOTS_NEAR + 3) /* of a group */
#define CHUNKS     (GROUPS * CHUNKS_MAX)
#define ROOM       (CHUNKS_MAX * SLOTS_CHUNK * 13 / 16) /* records of a full group */
#define WHERES     4096
#define HASHES     97

static _Alignas(64) uint8_t mem[CHUNKS * SLOTS_CHUNK_LEN];
static struct group groups[GROUPS];
static uint32_t more[GROUPS * 3];
static struct slots s;

static void make(uint32_t groups_n, uint32_t chunks_max)
{
    memset(groups, 0, sizeof groups);
    slots_init(&s, &(struct slots_cfg){.at = mem,
                                       .groups = groups,
                                       .more = more,
                                       .groups_n = groups_n,
                                       .chunks_max = chunks_max});
    s.seed = 99;
}

static void begin(void)
{
    make(GROUPS, CHUNKS_MAX);
}

TestSuite(slots, .init = begin);

/** Is a place a candidate for hash? p then stands at it. */
static bool finds(uint64_t hash, uint32_t where, struct probe *p)
{
    *p = slots_probe(&s, hash);
    while (slots_next(&s, p)) {
        if (p->where == where)
            return true;
    }
    return false;
}

static uint32_t candidates(uint64_t hash)
{
    uint32_t n = 0;
    struct probe p = slots_probe(&s, hash);
    while (slots_next(&s, &p))
        n++;
    return n;
}

/* ---- hints ---- */

static struct slots_hint hint_of(uint64_t hash)
{
    struct slots_hint h = slots_hint(&s, hash);
    slots_hint_home(&s, &h);
    return h;
}

static bool guess(uint64_t hash, uint32_t *where)
{
    const struct slots_hint h = hint_of(hash);
    return slots_guess(&h, where);
}

/* ---- limits ---- */

Test(slots, without_a_chunk_nothing_is_found_and_one_is_wanted)
{
    for (uint64_t hash = 0; hash < 100; hash++) {
        cr_assert_eq(candidates(hash), 0);
        cr_assert_eq(slots_need(&s, hash), SLOTS_CHUNK_WANTED);
        cr_assert_null(hint_of(hash).home);
    }
}

Test(slots, a_group_is_full_at_thirteen_sixteenths_of_all_chunks_that_it_may_have)
{
    make(1, CHUNKS_MAX);
    slots_lend(&s, 0, CHUNKS_MAX);
    for (uint32_t i = 0; i < ROOM; i++) {
        cr_assert_eq(slots_need(&s, i), SLOTS_ROOM);
        slots_add(&s, i, i, 0);
    }
    cr_assert_eq(slots_need(&s, 7), SLOTS_FULL);
    slots_lend(&s, CHUNKS_MAX, 1);
    cr_assert_eq(slots_need(&s, 7), SLOTS_FULL, "it may not have more");
    struct probe p;
    for (uint32_t i = 0; i < ROOM; i++)
        cr_assert(finds(i, i, &p));
    slots_remove(&s, &p);
    cr_assert_eq(slots_need(&s, 7), SLOTS_ROOM);
    cr_assert_eq(candidates(ROOM), 0, "a search ends in a full group, too");
}

Test(slots, a_chunk_is_taken_when_the_last_is_full_and_not_before)
{
    make(1, CHUNKS_MAX);
    slots_lend(&s, 0, CHUNKS_MAX);
    for (uint32_t i = 0; i < ROOM; i++) {
        const uint32_t n = i / (SLOTS_CHUNK * 13 / 16) + 1;
        slots_add(&s, i, i, 0);
        cr_assert_eq(s.free_n, CHUNKS_MAX - n, "after %u", i + 1);
    }
}

Test(slots, lent_chunks_run_out_in_one_group_and_last_in_another)
{
    uint64_t hash = 0;
    slots_lend(&s, 0, 1);
    slots_add(&s, hash, 0, 0);
    const uint32_t group = slots_probe(&s, hash).group;
    while (slots_probe(&s, hash).group == group)
        hash++;
    cr_assert_eq(slots_need(&s, 0), SLOTS_ROOM);
    cr_assert_eq(slots_need(&s, hash), SLOTS_CHUNK_WANTED);
    slots_lend(&s, 5, 2);
    cr_assert_eq(slots_need(&s, hash), SLOTS_ROOM);
}

Test(slots, chunks_from_anywhere_serve_alike)
{
    struct probe p;
    uint32_t number = CHUNKS;
    make(1, CHUNKS_MAX);
    for (uint32_t i = 0; i < ROOM; i++) {
        if (slots_need(&s, i) == SLOTS_CHUNK_WANTED)
            slots_lend(&s, number -= 3, 1);
        slots_add(&s, i, i, 0);
    }
    for (uint32_t i = 0; i < ROOM; i++)
        cr_assert(finds(i, i, &p));
}

Test(slots, what_lies_in_a_lent_chunk_is_no_record)
{
    memset(mem, 0xff, sizeof mem);
    make(1, CHUNKS_MAX);
    slots_lend(&s, 0, CHUNKS_MAX);
    for (uint32_t i = 0; i < ROOM; i++)
        slots_add(&s, i, i, 0);
    for (uint64_t hash = ROOM; hash < 10 * ROOM; hash++)
        cr_assert_eq(candidates(hash), 0);
}

/* ---- uses ---- */

Test(slots, uses_are_counted_up_to_three)
{
    struct probe p;
    slots_lend(&s, 0, CHUNKS);
    slots_add(&s, 5, 50, 0);
    for (unsigned i = 0; i < 10; i++) {
        cr_assert(finds(5, 50, &p));
        cr_assert_eq(slots_freq(&s, &p), i < SLOTS_FREQ_MAX ? i : SLOTS_FREQ_MAX);
        slots_use(&s, &p);
    }
}

Test(slots, a_record_that_moves_has_a_new_place_and_the_uses_that_it_is_given)
{
    struct probe p;
    slots_lend(&s, 0, CHUNKS);
    for (uint32_t freq = 0; freq <= SLOTS_FREQ_MAX; freq++) {
        slots_add(&s, 5, 50, SLOTS_FREQ_MAX - freq);
        cr_assert(finds(5, 50, &p));
        slots_move(&s, &p, 60, freq);
        cr_assert(!finds(5, 50, &p) && finds(5, 60, &p));
        cr_assert_eq(slots_freq(&s, &p), freq);
        slots_remove(&s, &p);
    }
}

Test(slots, growing_keeps_the_uses)
{
    struct probe p;
    make(1, CHUNKS_MAX);
    slots_lend(&s, 0, CHUNKS_MAX);
    for (uint32_t i = 0; i < ROOM; i++)
        slots_add(&s, i, i, i % (SLOTS_FREQ_MAX + 1));
    for (uint32_t i = 0; i < ROOM; i++) {
        cr_assert(finds(i, i, &p));
        cr_assert_eq(slots_freq(&s, &p), i % (SLOTS_FREQ_MAX + 1));
    }
}

/* ---- the walk for a hash ---- */

Test(slots, a_walk_goes_on_after_a_removal)
{
    slots_lend(&s, 0, CHUNKS);
    for (uint32_t i = 0; i < 40; i++)
        slots_add(&s, 7, i, 0);
    int removed = 0, kept = 0;
    struct probe p = slots_probe(&s, 7);
    while (slots_next(&s, &p)) {
        if (p.where % 2 == 0) {
            slots_remove(&s, &p);
            removed++;
        } else {
            kept++;
        }
    }
    cr_assert_eq(removed, 20);
    cr_assert_eq(kept, 20);
    cr_assert_eq(s.used, 20);
}

Test(slots, a_hint_is_where_the_search_begins)
{
    slots_lend(&s, 0, CHUNKS);
    for (uint32_t i = 0; i < 100; i++) {
        const bool first = candidates(i) == 0;
        slots_add(&s, i, i, 0);
        const struct probe p = slots_probe(&s, i);
        const uint8_t *hint = (const uint8_t *)hint_of(i).home;
        cr_assert(first && hint >= mem && hint < mem + sizeof mem);
        cr_assert_eq((uintptr_t)hint % 64, 0, "a line");
        cr_assert_eq(p.i % SLOTS_LINE, 0);
    }
}

/* ---- the walk over all ---- */

/** Walk with so many looks a call; seen counts each place. Returns: looks in all. */
static uint64_t walk_all(uint32_t most, uint8_t seen[WHERES])
{
    uint64_t at = 0, all = 0;
    memset(seen, 0, WHERES);
    while (!slots_walked(&s, at)) {
        uint32_t where, looks = most;
        if (slots_walk(&s, &at, &looks, &where))
            seen[where]++;
        else
            cr_assert(looks == 0 || slots_walked(&s, at));
        cr_assert_leq(looks, most);
        all += most - looks;
    }
    return all;
}

Test(slots, a_walk_over_all_shows_each_record_once)
{
    uint8_t seen[WHERES];
    slots_lend(&s, 0, CHUNKS);
    for (uint32_t i = 0; i < 300; i++)
        slots_add(&s, i, i, 0);
    for (uint32_t most = 1; most < 100; most += 7) {
        (void)walk_all(most, seen);
        for (uint32_t i = 0; i < WHERES; i++)
            cr_assert_eq(seen[i], i < 300);
    }
}

Test(slots, a_walk_over_nothing_ends_after_a_look_at_each_group)
{
    uint8_t seen[WHERES];
    cr_assert_eq(walk_all(1, seen), GROUPS);
    slots_lend(&s, 0, CHUNKS);
    slots_add(&s, 1, 1, 0);
    cr_assert_leq(walk_all(1, seen), SLOTS_CHUNK + GROUPS);
    cr_assert_eq(seen[1], 1);
}

Test(slots, a_walk_may_begin_anywhere)
{
    uint32_t where;
    slots_lend(&s, 0, CHUNKS);
    for (uint32_t i = 0; i < 300; i++)
        slots_add(&s, i, i, 0);
    for (uint64_t from = 0; from < 2ULL * CHUNKS * SLOTS_CHUNK; from++) {
        uint32_t looks = UINT32_MAX;
        uint64_t at = from;
        if (slots_walk(&s, &at, &looks, &where))
            cr_assert(where < 300 && at > from);
    }
    uint32_t looks = 10;
    uint64_t last = UINT64_MAX;
    cr_assert_not(slots_walk(&s, &last, &looks, &where));
    cr_assert(slots_walked(&s, last));
}

Test(slots, a_guess_is_a_place_of_the_record_most_of_the_time)
{
    uint32_t where, right = 0;
    for (uint64_t hash = 0; hash < 10; hash++)
        cr_assert_not(guess(hash, &where), "there is nothing");
    slots_lend(&s, 0, CHUNKS);
    for (uint32_t i = 0; i < 300; i++)
        slots_add(&s, i, i, 0);
    for (uint32_t i = 0; i < 300; i++)
        right += guess(i, &where) && where == i;
    cr_assert_geq(right, 200, "%u of 300", right);
}

/* ---- against a naive array ---- */

/** What should be there: by place. */
struct naive {
    bool there[WHERES];
    uint64_t hash[WHERES];
    unsigned freq[WHERES];
    uint32_t n;
};

/** All candidates of a hash are those of the array, with their uses. */
static void compare(const struct naive *a, uint64_t hash, uint64_t seed)
{
    uint32_t expected = 0, met = 0;
    for (uint32_t i = 0; i < WHERES; i++)
        expected += a->there[i] && a->hash[i] == hash;
    struct probe p = slots_probe(&s, hash);
    while (slots_next(&s, &p)) {
        cr_assert(p.where < WHERES && a->there[p.where] && a->hash[p.where] == hash,
                  "seed %" PRIu64, seed);
        cr_assert_eq(slots_freq(&s, &p), a->freq[p.where], "seed %" PRIu64, seed);
        met++;
    }
    cr_assert_eq(met, expected, "seed %" PRIu64, seed);
}

static void naive_add(struct naive *a, uint32_t where, uint64_t hash, unsigned freq)
{
    a->there[where] = true;
    a->hash[where] = hash;
    a->freq[where] = freq;
    a->n++;
}

/** Something to be done with a record that is there: p stands at it. */
static void change(struct naive *a, struct probe *p, struct rng *rng)
{
    const uint32_t to = (uint32_t)rng_below(rng, WHERES);
    const unsigned freq = a->freq[p->where];
    switch (rng_below(rng, 3)) {
    case 0:
        slots_use(&s, p);
        a->freq[p->where] += freq < SLOTS_FREQ_MAX;
        break;
    case 1:
        if (a->there[to])
            break;
        slots_move(&s, p, to, SLOTS_FREQ_MAX - freq);
        a->there[p->where] = false;
        a->n--;
        naive_add(a, to, a->hash[p->where], SLOTS_FREQ_MAX - freq);
        break;
    default:
        slots_remove(&s, p);
        a->there[p->where] = false;
        a->n--;
    }
}

/** Add a record if the index takes it, after a chunk if one is left. */
static void add(struct naive *a, uint32_t where, uint64_t hash, uint32_t *lent)
{
    if (slots_need(&s, hash) == SLOTS_CHUNK_WANTED && *lent < CHUNKS)
        slots_lend(&s, (*lent)++, 1);
    if (slots_need(&s, hash) != SLOTS_ROOM)
        return;
    slots_add(&s, hash, where, where % (SLOTS_FREQ_MAX + 1));
    naive_add(a, where, hash, where % (SLOTS_FREQ_MAX + 1));
}

/** Few hashes: many equal ones, long runs, and runs across the end of a group. */
Test(slots, do_what_an_array_does)
{
    static struct naive a;
    const uint64_t seed = seed_of(1);
    struct rng rng;
    struct probe p;
    uint32_t lent = 0, full = 0;
    rng_init(&rng, seed);
    for (int i = 0; i < 200000; i++) {
        /* From time to time nearly all goes, then nearly all comes. */
        const bool grow = i / 20000 % 2 == 0;
        const uint32_t where = (uint32_t)rng_below(&rng, WHERES);
        const uint64_t hash = a.there[where] ? a.hash[where] : rng_below(&rng, HASHES);
        cr_assert_eq(finds(hash, where, &p), a.there[where], "seed %" PRIu64 " i %d", seed, i);
        if (a.there[where] && !rng_chance(&rng, grow ? 800 : 0))
            change(&a, &p, &rng);
        else if (!a.there[where] && (grow || rng_chance(&rng, 100)))
            add(&a, where, hash, &lent);
        full += slots_need(&s, hash) == SLOTS_FULL;
        cr_assert_eq(s.used, a.n);
        if (i % 16 == 0)
            compare(&a, rng_below(&rng, HASHES), seed);
    }
    cr_assert_gt(full, 0, "some group was full");
    cr_assert_eq(lent, CHUNKS);
}
