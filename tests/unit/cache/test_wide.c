/** Barriers of buckets, and of whatever carries a tag. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "world.h"

#define KEYS     600
#define BITS_LEN 8192 /* of 16 bits of hash */

static struct world *w;

static void setup(void)
{
    w = world_new(&(struct world_cfg){.budget_bytes = 4 << 20, .shards = 4, .bucket_bits = 14});
}

static void teardown(void)
{
    world_free(w);
}

TestSuite(wide, .init = setup, .fini = teardown);

#define V(text) ((struct entry){.value = (text)})

static const char *key_n(int i)
{
    static char key[16];
    snprintf(key, sizeof key, "k%d", i);
    return key;
}

static void fill_keys(void)
{
    for (int i = 0; i < KEYS; i++)
        cr_assert_eq(fill_now(w, key_n(i), V("v")), CACHE_STORED);
}

static void set(uint8_t *bits, unsigned log2, const char *key)
{
    const uint32_t b = dot_bucket(key_of(w, "", key).hash, log2);
    bits[b / 8] |= (uint8_t)(1 << b % 8);
}

static bool is_set(const uint8_t *bits, unsigned log2, const char *key)
{
    const uint32_t b = dot_bucket(key_of(w, "", key).hash, log2);
    return (bits[b / 8] >> b % 8 & 1) != 0;
}

/** A barrier of every 7th key's bucket: those die, others live, unless they share a bucket. */
static void covers_its_buckets(unsigned log2)
{
    uint8_t bits[BITS_LEN] = {0};
    int dead = 0;
    fill_keys();
    for (int i = 0; i < KEYS; i += 7)
        set(bits, log2, key_n(i));
    cache_bar_buckets(w->c, bits, log2, event(w));
    for (int i = 0; i < KEYS; i++) {
        const bool covered = is_set(bits, log2 < 14 ? log2 : 14, key_n(i));
        if (log2 <= 14)
            cr_assert_eq(get(w, "", key_n(i)), !covered, "log2 %u, %s", log2, key_n(i));
        else
            cr_assert(i % 7 != 0 || !get(w, "", key_n(i)), "log2 %u, %s", log2, key_n(i));
        dead += !get(w, "", key_n(i));
    }
    cr_assert_geq(dead, KEYS / 7);
    cr_assert(log2 < 12 || dead < KEYS / 2, "log2 %u: %d died", log2, dead);
}

Test(wide, a_bucket_barrier_covers_its_buckets_however_they_are_numbered)
{
    covers_its_buckets(14); /* as ours */
    covers_its_buckets(12);
    covers_its_buckets(6);
    covers_its_buckets(1);  /* fewer than shards */
    covers_its_buckets(16); /* finer */
}

Test(wide, a_bucket_barrier_visits_each_shard_once)
{
    uint8_t bits[BITS_LEN];
    memset(bits, 0xff, sizeof bits);
    const uint64_t index = event(w);
    const uint64_t before = w->locks;
    cache_bar_buckets(w->c, bits, 16, index);
    cr_assert_eq(w->locks - before, 4);
}

Test(wide, a_bucket_barrier_asks_for_a_sweep_only_where_it_rose)
{
    uint8_t bits[BITS_LEN] = {0};
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    cache_bar_buckets(w->c, bits, 14, event(w));
    cr_assert_not(cache_step(w->c, w->now));
    set(bits, 14, "k");
    cache_bar_buckets(w->c, bits, 14, event(w));
    cr_assert(cache_step(w->c, w->now) || stats(w).swept == 1);
    sweep_all(w);
    cr_assert_eq(stats(w).swept, 1);
}

static uint64_t dot_buckets(const char *key)
{
    uint8_t bits[DOT_BUCKETS_LEN] = {0};
    set(bits, 12, key);
    return issue(w, (struct dot){.kind = DOT_BUCKETS, .more = slice_of(bits, sizeof bits)});
}

Test(wide, a_dot_of_buckets_kills_and_refuses)
{
    uint8_t token[TOKEN_LEN], other[TOKEN_LEN];
    const struct slice t = take_token(w, "", "k", token);
    const struct slice u = take_token(w, "", "far", other);
    cr_assert_neq(dot_bucket(key_of(w, "", "k").hash, 12),
                  dot_bucket(key_of(w, "", "far").hash, 12));
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    dot_buckets("k");
    cr_assert_not(get(w, "", "k"));
    cr_assert_eq(fill(w, "", "k", V("v"), t), CACHE_INVALIDATED);
    cr_assert_eq(fill(w, "", "far", V("v"), u), CACHE_STORED);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    cr_assert(get(w, "", "k"));
}

Test(wide, a_bucket_barrier_spares_what_is_as_new_and_never_falls)
{
    uint8_t bits[DOT_BUCKETS_LEN];
    memset(bits, 0xff, sizeof bits);
    const uint64_t g = event(w);
    cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
    cache_bar_buckets(w->c, bits, 12, g);
    cr_assert(get(w, "", "k"));
    cr_assert_eq(fill_now(w, "j", V("v")), CACHE_STORED);
    cache_bar_buckets(w->c, bits, 12, event(w));
    cache_bar_buckets(w->c, bits, 12, g);
    cr_assert_not(get(w, "", "j"));
}

Test(wide, a_dot_of_buckets_that_is_no_bitmap_covers_everything)
{
    static const uint8_t none[DOT_BUCKETS_LEN + 1];
    static const size_t lens[] = {0, DOT_BUCKETS_LEN - 1, DOT_BUCKETS_LEN + 1};
    for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
        cr_assert_eq(fill_now(w, "k", V("v")), CACHE_STORED);
        issue(w, (struct dot){.kind = DOT_BUCKETS, .more = slice_of(none, lens[i])});
        cr_assert_not(get(w, "", "k"), "%zu bytes", lens[i]);
    }
}

Test(wide, the_tagged_barrier_covers_what_carries_a_tag)
{
    uint8_t token[TOKEN_LEN];
    const struct entry tagged = {.value = "v", .tags = {"t"}};
    cr_assert_eq(fill_now(w, "t", tagged), CACHE_STORED);
    cr_assert_eq(fill_now(w, "-", V("v")), CACHE_STORED);
    const struct slice t = take_token(w, "", "k", token);
    cache_bar_tagged(w->c, event(w));
    cr_assert_not(get(w, "", "t"));
    cr_assert(get(w, "", "-"));
    cr_assert_eq(fill(w, "", "k", tagged, t), CACHE_TAG);
    cr_assert_eq(fill(w, "", "k", V("v"), t), CACHE_STORED);
    cr_assert_eq(fill_now(w, "t", tagged), CACHE_STORED);
    cache_bar_tagged(w->c, w->index - 1);
    cr_assert(get(w, "", "t"));
}

Test(wide, an_older_tagged_barrier_never_lowers_a_newer_one)
{
    const uint64_t g = event(w);
    cr_assert_eq(fill_now(w, "t", (struct entry){.value = "v", .tags = {"t"}}), CACHE_STORED);
    cache_bar_tagged(w->c, event(w));
    cache_bar_tagged(w->c, g);
    cr_assert_not(get(w, "", "t"));
}

Test(wide, the_tagged_barrier_is_swept)
{
    cr_assert_eq(fill_now(w, "t", (struct entry){.value = "v", .tags = {"t"}}), CACHE_STORED);
    cache_bar_tagged(w->c, event(w));
    sweep_all(w);
    cr_assert_eq(stats(w).swept, 1);
}

Test(wide, twelve_bits_of_buckets_unless_said_otherwise)
{
    struct world *plain = world_new(&(struct world_cfg){.shards = 1});
    cr_assert_eq(cache_config(plain->c)->bucket_bits, 12);
    cr_assert_eq(cache_config(w->c)->bucket_bits, 14);
    world_free(plain);
}
