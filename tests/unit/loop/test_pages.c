/** Huge pages for what is filled: which, when, and that nothing in them changes. */
#include <criterion/criterion.h>
#include <string.h>

#include <sys/mman.h>

#include "loop/pages.h"
#include "loop/store.h"

#define HUGE      ((uintptr_t)2 << 20)
#define SMALL     ((uintptr_t)4 << 10)
#define BUDGET    ((uint64_t)64 << 20) /* the least for which that is done */
#define SHARDS    4
#define VALUE_LEN 4000
#define ITEM_LEN  (VALUE_LEN + 40)         /* at least, with its key and its head */
#define ALL       (2 * BUDGET / VALUE_LEN) /* items that fill every shard, whatever leaves */

static struct store_map map;
static struct cache *c;
static struct pages pages;

static void *make(void *ctx, struct arena *arena)
{
    return cache_new(arena, ctx);
}

static void begin(uint64_t budget_bytes)
{
    struct cache_cfg cfg = {.hkey = hash_cluster_key(slice_text("pages")),
                            .token = {.epoch_low = 1},
                            .budget_bytes = budget_bytes,
                            .shards = SHARDS,
                            .value_max = VALUE_LEN};
    const size_t len = (size_t)budget_bytes + (1U << 20);
    const struct store_plan plan = {.len = len, .len_max = len, .make = make, .ctx = &cfg};
    c = store_build(&map, &plan);
    cr_assert_not_null(c);
    cache_gate_set(c, CACHE_OPEN);
    pages = (struct pages){.cache = c};
}

static void setup(void)
{
    begin(BUDGET);
}

static void teardown(void)
{
    store_unmap(&map);
}

TestSuite(pages, .init = setup, .fini = teardown);

static struct cache_key key_of(const uint64_t *i)
{
    struct cache_key key;
    cr_assert_eq(cache_key(c, slice_of(NULL, 0), slice_of((const uint8_t *)i, sizeof *i), &key),
                 OK);
    return key;
}

/** Its value consists of the lowest byte of its number. */
static void fill(uint64_t first, uint64_t n)
{
    uint8_t token[TOKEN_LEN], value[VALUE_LEN];
    for (uint64_t i = first; i < first + n; i++) {
        const struct cache_key key = key_of(&i);
        const struct cache_item item = {.value = slice_of(value, sizeof value)};
        memset(value, (uint8_t)i, sizeof value);
        cr_assert_eq(cache_token(c, 1, &key, token), OK);
        cr_assert_eq(cache_fill(c, 1, &key, &item, slice_of(token, sizeof token)), CACHE_STORED);
    }
}

static void compare(void *ctx, const struct cache_hit *hit)
{
    const uint64_t *i = ctx;
    cr_assert_eq(hit->value.len, VALUE_LEN);
    for (size_t at = 0; at < hit->value.len; at++)
        cr_assert_eq(hit->value.at[at], (uint8_t)*i);
}

/** How many of n items are there; each must be what it was. */
static uint64_t count_from(uint64_t first, uint64_t n)
{
    const struct cache_ask ask = {.stale_ok = false};
    uint64_t hits = 0;
    for (uint64_t i = first; i < first + n; i++) {
        const struct cache_key key = key_of(&i);
        hits += cache_get(c, 1, &key, &ask, compare, &i) == CACHE_HIT;
    }
    return hits;
}

static uint64_t count(uint64_t n)
{
    return count_from(0, n);
}

static uint64_t join_all(void)
{
    uint64_t n = 0;
    while (pages_join(&pages))
        n++;
    return n;
}

/** Bytes that all shards reach. */
static uint64_t reach(void)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < SHARDS; i++)
        bytes += cache_reach(c, i).len;
    return bytes;
}

Test(pages, where_nothing_was_stored_there_is_nothing_to_do)
{
    cr_assert_not(pages_join(&pages));
    fill(0, SHARDS);
    cr_assert_not(pages_join(&pages));
    cr_assert_eq(pages.huge, 0);
}

Test(pages, only_what_is_filled_is_put_together_and_once)
{
    const uint64_t n = BUDGET / 2 / ITEM_LEN;
    fill(0, n);
    const uint64_t joined = join_all();
    cr_assert_leq(joined, reach() / HUGE);
    cr_assert_geq(joined, reach() / HUGE - 2 * SHARDS, "but for both ends of each shard");
    cr_assert_eq(pages.huge, joined);
    cr_assert_not(pages_join(&pages));
    fill(n, BUDGET / 4 / ITEM_LEN);
    cr_assert_gt(join_all(), 0, "more was filled");
}

Test(pages, items_are_what_they_were)
{
    const uint64_t n = BUDGET / 2 / ITEM_LEN;
    fill(0, n);
    cr_assert_gt(join_all(), 0);
    cr_assert_eq(count(n), n);
}

Test(pages, a_page_on_which_two_shards_meet_is_put_together_when_both_are_full)
{
    for (uint64_t i = 0; i < ALL; i++) {
        fill(i, 1);
        (void)count_from(i, 1);
        (void)count_from(i, 1); /* used twice: it is copied, and the last free unit is for copies */
    }
    const uint64_t begin_at = ((uintptr_t)cache_reach(c, 0).at + HUGE - 1) / HUGE;
    const struct slice last = cache_reach(c, SHARDS - 1);
    const uint64_t end_at = ((uintptr_t)last.at + last.len) / HUGE;
    cr_assert_eq(join_all(), end_at - begin_at);
}

/** Are all small pages of a slice in memory? */
static bool is_there(struct slice bytes)
{
    static unsigned char there[BUDGET / SMALL + 1];
    const uintptr_t begin_at = ((uintptr_t)bytes.at + SMALL - 1) / SMALL * SMALL;
    const uintptr_t end_at = ((uintptr_t)bytes.at + bytes.len) / SMALL * SMALL;
    const size_t n = (end_at - begin_at) / SMALL;
    uint8_t *at = (uint8_t *)bytes.at + (begin_at - (uintptr_t)bytes.at);
    cr_assert_eq(mincore(at, n * SMALL, there), 0);
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        found += there[i] & 1;
    return found == n;
}

Test(pages, what_a_shard_has_begun_to_fill_is_touched_and_once)
{
    fill(0, SHARDS * 4);
    cr_assert(pages_touch(&pages));
    for (uint32_t i = 0; i < SHARDS; i++)
        cr_assert(is_there(cache_reach(c, i)));
    cr_assert_leq(pages.touched, reach());
    cr_assert_not(pages_touch(&pages));
}

Test(pages, what_nobody_fills_is_not_touched)
{
    cr_assert_not(pages_touch(&pages));
    fill(0, 1);
    (void)pages_touch(&pages);
    cr_assert_leq(pages.touched, BUDGET / SHARDS / 100, "a unit of one shard");
}

Test(pages, all_shards_have_their_turns)
{
    fill(0, BUDGET / 2 / ITEM_LEN);
    for (uint32_t i = 0; i < SHARDS; i++)
        cr_assert(pages_join(&pages));
    for (uint32_t i = 0; i < SHARDS; i++)
        cr_assert_neq(pages.done[i], 0);
}

Test(pages, the_thread_does_what_is_to_be_done_before_it_ends)
{
    const uint64_t n = BUDGET / 2 / ITEM_LEN;
    fill(0, n);
    cr_assert(pages_start(&pages, c));
    pages_stop(&pages);
    cr_assert_gt(pages.huge, 0);
    cr_assert_eq(count(n), n);
    pages_stop(&pages); /* there is none any more */
}

Test(pages, a_small_cache_has_no_thread)
{
    teardown();
    begin(BUDGET - 1);
    cr_assert_not(pages_start(&pages, c));
    pages_stop(&pages);
}
