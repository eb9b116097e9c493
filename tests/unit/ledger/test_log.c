#include <criterion/criterion.h>
#include <string.h>

#include "base/rng.h"

#include "fixture.h"

#define O1 101ULL
#define O2 202ULL

/** Are a and b the same invalidation, names aside? */
static bool same_dot(const struct dot *a, const struct dot *b)
{
    return a->epoch == b->epoch && a->seq == b->seq && a->kind == b->kind &&
           a->has_version == b->has_version && a->prefix_len == b->prefix_len &&
           a->hash == b->hash && a->version == b->version &&
           memcmp(&a->digest, &b->digest, sizeof a->digest) == 0;
}

Test(log, keeps_all_of_a_dot_but_its_name)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    const uint8_t kinds[] = {DOT_KEY, DOT_PUT, DOT_TAG, DOT_PREFIX, DOT_NAMESPACE, DOT_ALL, 200};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct dot d = dot_of(O1, i + 1, kinds[i]);
        struct dot found;
        arrive(l, O1, i + 1, kinds[i]);
        cr_assert(ledger_log_find(l, O1, i + 1, &found));
        cr_assert(same_dot(&found, &d));
        cr_assert_not(found.name.known);
    }
    drop(l);
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

struct oracle {
    struct dot added[1024];
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
        cr_assert(!is || same_dot(&found, &o->added[i]));
        if (age >= held)
            continue;
        const struct dot newest = ledger_log_newest(l, age);
        cr_assert(same_dot(&newest, &o->added[i]));
    }
}

static void fill_log(uint32_t log_max, uint64_t seed)
{
    static struct oracle o;
    struct ledger_cfg cfg = small_cfg();
    cfg.log_max = log_max;
    struct ledger *l = make(&cfg);
    struct rng rng;
    rng_init(&rng, seed);
    o = (struct oracle){.cap = log_max};
    while (o.n < 5 * (size_t)log_max + 3) {
        const uint64_t epoch = rng_below(&rng, 4) + 1;
        const uint64_t seq = rng_below(&rng, 2 * log_max) + 1;
        if (arrive(l, epoch, seq, DOT_PUT).verdict != LEDGER_FRESH)
            continue;
        o.added[o.n++] = dot_of(epoch, seq, DOT_PUT);
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
