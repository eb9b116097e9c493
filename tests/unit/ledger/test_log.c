#include <criterion/criterion.h>
#include <string.h>

#include "base/rng.h"

#include "fixture.h"

#define O1 101ULL
#define O2 202ULL

Test(log, keeps_all_of_a_dot_but_its_name)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    for (uint8_t kind = 1; kind <= 20; kind++) {
        const struct dot d = dot_of(O1, kind, kind);
        struct dot found;
        arrive_dot(l, &d);
        cr_assert(ledger_log_find(l, O1, kind, &found));
        cr_assert(same_dot(&found, &d));
        cr_assert_not(found.name.known);
    }
    drop(l);
}

Test(log, forgets_a_dot_whose_longer_part_was_overwritten)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.more_bytes = 2000; /* three bitmaps */
    struct ledger *l = make(&cfg);
    struct dot found;
    for (uint64_t seq = 1; seq <= 50; seq++) {
        arrive(l, O1, seq, DOT_BUCKETS);
        for (uint64_t back = 0; back < seq; back++) {
            const bool is = ledger_log_find(l, O1, seq - back, &found);
            const struct dot d = dot_of(O1, seq - back, DOT_BUCKETS);
            cr_assert_eq(is, back < 3);
            cr_assert(!is || same_dot(&found, &d));
        }
        cr_assert_eq(ledger_log_newest(l, seq - 1).more.len, seq <= 3 ? DOT_BUCKETS_LEN : 0);
    }
    cr_assert_eq(arrive(l, O1, 51, DOT_PUT).verdict, LEDGER_FRESH); /* needs no such room */
    cr_assert(ledger_log_find(l, O1, 51, &found));
    cr_assert(ledger_log_find(l, O1, 50, &found));
    drop(l);
}

Test(log, never_holds_a_longer_part_than_there_is_room_for)
{
    struct ledger_cfg cfg = small_cfg();
    for (uint32_t bytes = 0; bytes <= 600; bytes += 40) {
        struct dot found;
        cfg.more_bytes = bytes;
        struct ledger *l = make(&cfg);
        arrive(l, O1, 1, DOT_BUCKETS);
        arrive(l, O1, 2, DOT_KEY);
        cr_assert_eq(ledger_log_find(l, O1, 1, &found), bytes >= 552); /* 40 come before it */
        cr_assert(ledger_log_find(l, O1, 2, &found));
        drop(l);
    }
}

Test(log, does_not_find_what_was_covered_without_content)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    struct dot found;
    hear(l, 0, O1, 3);
    arrive(l, O1, 2, DOT_KEY);
    cr_assert_neq(ledger_close(l, O1, 1, 3, NULL), 0);
    cr_assert_eq(arrive(l, O1, 3, DOT_KEY).verdict, LEDGER_DUPLICATE);
    cr_assert_not(ledger_log_find(l, O1, 1, &found));
    cr_assert(ledger_log_find(l, O1, 2, &found));
    cr_assert_not(ledger_log_find(l, O1, 3, &found));
    cr_assert_not(ledger_log_find(l, O2, 2, &found));
    cr_assert_eq(ledger_log_n(l), 1);
    drop(l);
}

struct added {
    uint64_t epoch;
    uint64_t seq;
    uint8_t kind;
};

struct oracle {
    struct added added[1024];
    size_t n;
    size_t cap;
};

static void compare_with(const struct ledger *l, const struct oracle *o)
{
    const size_t held = o->n < o->cap ? o->n : o->cap;
    cr_assert_eq(ledger_log_n(l), held);
    for (size_t i = 0; i < o->n; i++) {
        const size_t age = o->n - 1 - i;
        struct dot found;
        const bool is = ledger_log_find(l, o->added[i].epoch, o->added[i].seq, &found);
        cr_assert_eq(is, age < held);
        const struct dot d = dot_of(o->added[i].epoch, o->added[i].seq, o->added[i].kind);
        cr_assert(!is || same_dot(&found, &d));
        if (age >= held)
            continue;
        const struct dot newest = ledger_log_newest(l, age);
        cr_assert(same_dot(&newest, &d));
    }
}

static void fill_log(uint32_t log_max, uint64_t seed)
{
    static struct oracle o;
    struct ledger_cfg cfg = small_cfg();
    cfg.log_max = log_max;
    cfg.more_bytes = 1U << 16;
    struct ledger *l = make(&cfg);
    struct rng rng;
    rng_init(&rng, seed);
    o = (struct oracle){.cap = log_max};
    while (o.n < 5 * (size_t)log_max + 3) {
        const uint64_t epoch = rng_below(&rng, 4) + 1;
        const uint64_t seq = rng_below(&rng, 2 * log_max) + 1;
        const uint8_t kind = (uint8_t)(rng_below(&rng, 13) + 1);
        if (arrive(l, epoch, seq, kind).verdict != LEDGER_FRESH)
            continue;
        o.added[o.n++] = (struct added){epoch, seq, kind};
        compare_with(l, &o);
    }
    drop(l);
}

Test(log, forgets_the_oldest_and_finds_the_others_over_five_times_its_size)
{
    const uint64_t seed = test_seed();
    for (uint32_t log_max = 1; log_max <= 128; log_max *= 2)
        fill_log(log_max, seed + log_max);
}
