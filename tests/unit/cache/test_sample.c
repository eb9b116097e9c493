/** Hashes of entries, to be compared with those of another node. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "cache/sample.h"

#include "world.h"

#define V(text) ((struct entry){.value = (text)})

static struct world *w;

static void begin(void)
{
    w = world_new(&(struct world_cfg){.shards = 4, .value_max = 2 * CACHE_SAMPLE_MAX});
}

static void end(void)
{
    world_free(w);
}

TestSuite(sample, .init = begin, .fini = end);

static uint64_t hash_of(const char *key)
{
    return key_of(w, "", key).hash;
}

static bool sampled(const char *key, uint64_t *value_hash)
{
    return cache_sample_of(w->c, w->now, hash_of(key), value_hash);
}

Test(sample, a_walk_shows_every_entry_with_the_hash_that_a_question_gives)
{
    struct cache_sampled out[8];
    uint64_t cursor = 0;
    uint64_t one = 0;
    size_t n = 0;
    char key[16];
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "k%d", i);
        cr_assert_eq(fill_now(w, key, V(key)), CACHE_STORED);
    }
    do {
        const size_t more = cache_sample(w->c, w->now, &cursor, out, 8);
        cr_assert_leq(more, 8);
        for (size_t i = 0; i < more; i++) {
            cr_assert(cache_sample_of(w->c, w->now, out[i].key_hash, &one));
            cr_assert_eq(one, out[i].value_hash);
        }
        n += more;
    } while (cursor != 0);
    cr_assert_eq(n, 100, "every entry is shown once: %zu", n);
}

Test(sample, equal_values_have_equal_hashes_whatever_their_times)
{
    uint64_t one = 0;
    uint64_t other = 0;
    cr_assert_eq(fill_now(w, "a", (struct entry){.value = "v", .ttl_ms = 5000}), CACHE_STORED);
    cr_assert_eq(fill_now(w, "b", V("v")), CACHE_STORED);
    cr_assert(sampled("a", &one) && sampled("b", &other));
    cr_assert_eq(one, other);
    cr_assert_eq(fill_now(w, "b", V("w")), CACHE_STORED);
    cr_assert(sampled("b", &other));
    cr_assert_neq(one, other);
}

Test(sample, what_is_dead_or_unproven_or_absent_is_not_compared)
{
    uint64_t hash;
    cr_assert_eq(fill_now(w, "dead", V("v")), CACHE_STORED);
    dot_key(w, "", "dead");
    cr_assert_not(sampled("dead", &hash));
    cr_assert_eq(put(w, "put", V("v"), dot_put(w, "put", V("v"))), CACHE_STORED);
    cr_assert_not(sampled("put", &hash));
    cr_assert_not(sampled("never", &hash));
}

Test(sample, a_value_of_64_KiB_is_compared_and_a_longer_one_is_not)
{
    uint64_t hash;
    cr_assert_eq(fill_len(w, "most", CACHE_SAMPLE_MAX), CACHE_STORED);
    cr_assert(sampled("most", &hash));
    cr_assert_eq(fill_len(w, "more", CACHE_SAMPLE_MAX + 1), CACHE_STORED);
    cr_assert_not(sampled("more", &hash));
}
