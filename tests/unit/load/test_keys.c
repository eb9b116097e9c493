/** Which key comes next, and what it is called. */

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "load/keys.h"

#include "seed.h"

#define KEYS 1000

static uint32_t seen[KEYS];

static void count(struct keys *k, int draws)
{
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < draws; i++) {
        const uint32_t key = keys_next(k);
        cr_assert_lt(key, KEYS);
        seen[key]++;
    }
}

Test(keys, uniform_means_equally_often)
{
    struct keys k;
    keys_uniform(&k, KEYS, seed());
    count(&k, KEYS * 1000);
    for (int i = 0; i < KEYS; i++)
        cr_assert(seen[i] > 800 && seen[i] < 1200, "key %d came %u times, SEED=%llu", i, seen[i],
                  (unsigned long long)seed());
}

Test(keys, equal_seeds_choose_equal_keys)
{
    struct keys a, b, c;
    int same = 0;
    keys_uniform(&a, KEYS, 7);
    keys_uniform(&b, KEYS, 7);
    keys_uniform(&c, KEYS, 8);
    for (int i = 0; i < 100; i++) {
        const uint32_t key = keys_next(&a);
        cr_assert_eq(key, keys_next(&b));
        same += key == keys_next(&c);
    }
    cr_assert_lt(same, 10);
}

Test(keys, the_hottest_keys_are_not_neighbours)
{
    struct keys k;
    keys_zipf(&k, KEYS, 1.5, seed());
    count(&k, 100000);
    cr_assert_gt(seen[0], 20000, "the first rank is key 0");
    cr_assert_lt(seen[1], 2000);
    cr_assert_lt(seen[KEYS - 1], 2000);
}

Test(keys, every_key_has_a_rank)
{
    struct keys k;
    keys_zipf(&k, KEYS, 0.1, seed());
    count(&k, KEYS * 100);
    for (int i = 0; i < KEYS; i++)
        cr_assert_gt(seen[i], 0, "key %d never came", i);
}

Test(keys, a_trace_is_replayed_in_order_and_over_again)
{
    uint32_t list[] = {0, 1, 0, 2, 1};
    const struct trace t = {.keys = list, .n = 5, .keys_n = 3};
    struct keys k;
    keys_trace(&k, &t, 0, 1);
    for (int i = 0; i < 12; i++)
        cr_assert_eq(keys_next(&k), list[i % 5]);
}

Test(keys, two_threads_share_a_trace)
{
    uint32_t list[] = {0, 1, 2, 3, 4, 5};
    const struct trace t = {.keys = list, .n = 6, .keys_n = 6};
    struct keys a, b;
    keys_trace(&a, &t, 0, 2);
    keys_trace(&b, &t, 1, 2);
    for (uint32_t i = 0; i < 6; i += 2) {
        cr_assert_eq(keys_next(&a), i);
        cr_assert_eq(keys_next(&b), i + 1);
    }
}

Test(keys, a_key_ends_in_its_number)
{
    uint8_t at[33] = {0};
    key_write(at, 32, 0xDEADBEEF);
    cr_assert_str_eq((const char *)at, "kkkkkkkkkkkkkkkkkkkkkkkkdeadbeef");
}

Test(keys, a_key_without_room_for_its_number_is_a_programmer_error, .signal = SIGABRT)
{
    uint8_t at[8];
    key_write(at, 7, 1);
}
