/** An item as it lies in memory: all that goes in comes out, and nothing touches its neighbours. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <string.h>

#include "base/rng.h"
#include "cache/packed.h"

#include "seed.h"

#define ROOM 8192

static _Alignas(8) uint8_t room[ROOM];
static struct item *const it = (struct item *)(void *)room;

static const struct item_head LEAST = {.key_len = 1, .expires_us = NEVER};

static uint64_t size(uint8_t flags, uint64_t tags_n, uint64_t key_len, uint64_t value_len)
{
    return item_size(&(struct item_shape){
        .flags = flags, .tags_n = tags_n, .key_len = key_len, .value_len = value_len});
}

/* ---- size ---- */

Test(packed, an_item_has_24_bytes_and_what_it_carries)
{
    cr_assert_eq(size(0, 0, 32, 100), 24 + 32 + 100);
    cr_assert_eq(size(0, 1, 32, 100), 24 + 4 + 32 + 100);
    cr_assert_eq(size(ITEM_VERSION, 0, 32, 100), 24 + 8 + 32 + 100);
    cr_assert_eq(size(ITEM_FRESH, 0, 32, 100), 24 + 8 + 32 + 100);
    cr_assert_eq(size(ITEM_VERSION | ITEM_FRESH, 16, 32, 100), 24 + 16 + 64 + 32 + 100);
    cr_assert_eq(size(ITEM_DEAD | ITEM_STALE | ITEM_UNPROVEN, 0, 32, 100), 24 + 32 + 100);
}

Test(packed, a_size_is_a_multiple_of_four_and_wastes_three_bytes_at_most)
{
    for (uint64_t len = 1; len < 100; len++) {
        const uint64_t bytes = size(0, 0, len, 0);
        cr_assert_eq(bytes % ITEM_ALIGN, 0);
        cr_assert(bytes >= 24 + len && bytes < 24 + len + ITEM_ALIGN);
    }
}

/* ---- limits ---- */

Test(packed, the_longest_of_all_is_kept)
{
    const struct item_head head = {.value_len = (1U << 24) - 1,
                                   .key_len = 1024,
                                   .tags_n = 16,
                                   .flags = ITEM_UNPROVEN | ITEM_STALE | ITEM_VERSION | ITEM_FRESH,
                                   .ns_i = 255,
                                   .life = 127,
                                   .stamp = ITEM_STAMP_MAX,
                                   .expires_us = NEVER};
    item_begin(it, &head);
    cr_assert_eq(item_value_len(it), head.value_len);
    cr_assert_eq(item_key_len(it), head.key_len);
    cr_assert_eq(item_tags_n(it), head.tags_n);
    cr_assert_eq(item_flags(it), head.flags);
    cr_assert_eq(item_ns(it), head.ns_i);
    cr_assert_eq(item_life(it), head.life);
    cr_assert_eq(item_stamp(it), head.stamp);
    cr_assert_eq(item_expires(it), NEVER);
    cr_assert_eq(item_len(it), size(head.flags, 16, 1024, head.value_len));
}

/* ---- times ---- */

Test(packed, an_end_is_exact_to_the_microsecond)
{
    const mono_us times[] = {0,         1, US_PER_MS - 1, 12345678, 1ULL << 31, (1ULL << 31) - 1,
                             1ULL << 48};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct item_head head = LEAST;
        head.expires_us = times[i];
        item_begin(it, &head);
        cr_assert_eq(item_expires(it), times[i]);
    }
}

Test(packed, an_end_beyond_17_years_is_never)
{
    struct item_head head = LEAST;
    head.expires_us = (1ULL << 49) - 1;
    item_begin(it, &head);
    cr_assert_eq(item_expires(it), NEVER);
    head.expires_us--;
    item_begin(it, &head);
    cr_assert_eq(item_expires(it), head.expires_us);
}

Test(packed, a_new_end_changes_nothing_else)
{
    struct item_head head = {.value_len = 77,
                             .key_len = 9,
                             .tags_n = 3,
                             .flags = ITEM_UNPROVEN,
                             .ns_i = 200,
                             .life = 100,
                             .stamp = 0x2bcdef012345,
                             .created_ms = 5000,
                             .expires_us = 99 * US_PER_SEC};
    struct item before;
    item_begin(it, &head);
    item_expire_at(it, (1ULL << 48) + 12345, 3);
    cr_assert_eq(item_expires(it), (1ULL << 48) + 12345);
    cr_assert_eq(item_life(it), 3);
    memcpy(&before, it, sizeof before);
    head.life = 3;
    head.expires_us = (1ULL << 48) + 12345;
    item_begin(it, &head);
    cr_assert_arr_eq(&before, it, sizeof before);
}

Test(packed, an_age_counts_from_before_the_clock_began)
{
    struct item_head head = LEAST;
    head.created_ms = 1000 - 5000ULL;
    item_begin(it, &head);
    cr_assert_eq(item_age_ms(it, 1000 * US_PER_MS), 5000);
    cr_assert_eq(item_age_ms(it, 1001 * US_PER_MS), 5001);
}

Test(packed, a_clock_that_was_read_before_the_store_sees_an_age_of_none)
{
    struct item_head head = LEAST;
    head.created_ms = 1000;
    item_begin(it, &head);
    cr_assert_eq(item_age_ms(it, 999 * US_PER_MS), 0);
}

Test(packed, the_oldest_age_is_four_years)
{
    struct item_head head = LEAST;
    item_begin(it, &head);
    const uint64_t most = ITEM_AGE_MAX_MS;
    cr_assert_eq(item_age_ms(it, (most - 1) * US_PER_MS), most - 1);
    cr_assert_eq(item_age_ms(it, most * US_PER_MS), most);
    cr_assert_eq(item_age_ms(it, 3 * most / 2 * US_PER_MS), most);
}

/* ---- optional parts ---- */

Test(packed, what_an_item_does_not_have_is_absent)
{
    uint64_t version = 7;
    item_begin(it, &LEAST);
    cr_assert_not(item_version(it, &version));
    cr_assert_eq(version, 7);
    cr_assert_eq(item_fresh_until(it), NEVER);
    cr_assert_eq(item_fresh(it), 0);
}

Test(packed, a_fresh_time_that_does_not_end_is_never)
{
    struct item_head head = LEAST;
    head.flags = ITEM_FRESH;
    item_begin(it, &head);
    item_set_fresh(it, NEVER, 127);
    cr_assert_eq(item_fresh_until(it), NEVER);
    cr_assert_eq(item_fresh(it), 127);
    item_set_fresh(it, 123456789, 0);
    cr_assert_eq(item_fresh_until(it), 123456789);
    cr_assert_eq(item_fresh(it), 0);
}

Test(packed, marks_come_on_top_of_each_other)
{
    struct item_head head = LEAST;
    head.flags = ITEM_VERSION;
    item_begin(it, &head);
    item_mark(it, ITEM_STALE);
    item_mark(it, ITEM_DEAD);
    cr_assert_eq(item_flags(it), ITEM_VERSION | ITEM_STALE | ITEM_DEAD);
    cr_assert_eq(item_len(it), size(ITEM_VERSION, 0, 1, 0));
}

/* ---- all together ---- */

struct sample {
    struct item_head head;
    uint64_t version;
    mono_us fresh_until;
    uint8_t fresh;
    uint32_t tags[16];
    uint8_t key[64], value[256];
};

static void fill_bytes(struct rng *rng, uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)rng_next(rng);
}

static void draw(struct sample *s, struct rng *rng)
{
    s->head = (struct item_head){.value_len = (uint32_t)rng_below(rng, sizeof s->value + 1),
                                 .key_len = (uint16_t)(1 + rng_below(rng, sizeof s->key)),
                                 .tags_n = (uint8_t)rng_below(rng, 17),
                                 .flags = (uint8_t)(rng_next(rng) & (ITEM_UNPROVEN | ITEM_STALE |
                                                                     ITEM_VERSION | ITEM_FRESH)),
                                 .ns_i = (uint8_t)rng_next(rng),
                                 .life = (uint8_t)rng_below(rng, 128),
                                 .stamp = rng_next(rng) & ITEM_STAMP_MAX,
                                 .created_ms = rng_below(rng, 1ULL << 39),
                                 .expires_us = rng_below(rng, 1ULL << 39) * US_PER_MS};
    s->version = rng_next(rng);
    s->fresh_until = rng_below(rng, 1ULL << 56);
    s->fresh = (uint8_t)rng_below(rng, 128);
    for (size_t i = 0; i < 16; i++)
        s->tags[i] = (uint32_t)rng_next(rng);
    fill_bytes(rng, s->key, sizeof s->key);
    fill_bytes(rng, s->value, sizeof s->value);
}

static void write(struct item *to, const struct sample *s)
{
    item_begin(to, &s->head);
    if ((s->head.flags & ITEM_VERSION) != 0)
        item_set_version(to, s->version);
    if ((s->head.flags & ITEM_FRESH) != 0)
        item_set_fresh(to, s->fresh_until, s->fresh);
    memcpy(item_tags(to), s->tags, s->head.tags_n * sizeof *s->tags);
    memcpy(item_text(to), s->key, s->head.key_len);
    memcpy(item_text(to) + s->head.key_len, s->value, s->head.value_len);
}

static void assert_holds(const struct item *at, const struct sample *s)
{
    const bool fresh = (s->head.flags & ITEM_FRESH) != 0;
    uint64_t version = 0;
    cr_assert_eq(item_flags(at), s->head.flags);
    cr_assert_eq(item_ns(at), s->head.ns_i);
    cr_assert_eq(item_life(at), s->head.life);
    cr_assert_eq(item_stamp(at), s->head.stamp);
    cr_assert_eq(item_expires(at), s->head.expires_us);
    cr_assert_eq(item_age_ms(at, (s->head.created_ms + 3) * US_PER_MS), 3);
    cr_assert_eq(item_version(at, &version), (s->head.flags & ITEM_VERSION) != 0);
    cr_assert(version == 0 || version == s->version);
    cr_assert_eq(item_fresh_until(at), fresh ? s->fresh_until : NEVER);
    cr_assert_eq(item_fresh(at), fresh ? s->fresh : 0);
    for (size_t i = 0; i < s->head.tags_n; i++)
        cr_assert_eq(item_tag_ids(at)[i], s->tags[i]);
    cr_assert(slice_eq(item_key(at), slice_of(s->key, s->head.key_len)));
    cr_assert(slice_eq(item_value(at), slice_of(s->value, s->head.value_len)));
}

/** Three in a row: what is written to one leaves the others alone. */
Test(packed, items_side_by_side_give_back_what_they_were_given)
{
    const uint64_t seed = seed_of(3);
    struct rng rng;
    rng_init(&rng, seed);
    for (int round = 0; round < 2000; round++) {
        struct sample samples[3];
        struct item *items[3] = {it, it, it};
        for (size_t i = 0; i < 3; i++) {
            draw(&samples[i], &rng);
            items[i] =
                i == 0 ? it
                       : (struct item *)(void *)((uint8_t *)items[i - 1] + item_len(items[i - 1]));
            write(items[i], &samples[i]);
        }
        write(items[1], &samples[1]);
        for (size_t i = 0; i < 3; i++)
            assert_holds(items[i], &samples[i]);
    }
}
