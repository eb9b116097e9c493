#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "ledger/window.h"

#include "fixture.h"

static uint64_t count_naive(const bool *bits, uint64_t seq, uint64_t len)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < len; i++)
        n += bits[(seq + i) % LEDGER_WINDOW];
    return n;
}

static uint64_t run_naive(const bool *bits, uint64_t seq, uint64_t len, bool value)
{
    uint64_t n = 0;
    while (n < len && bits[(seq + n) % LEDGER_WINDOW] == value)
        n++;
    return n;
}

static void compare_at(const struct window *w, const bool *bits, uint64_t seq, uint64_t len)
{
    cr_assert_eq(ledger_window_has(w, seq), bits[seq % LEDGER_WINDOW]);
    cr_assert_eq(ledger_window_count(w, seq, len), count_naive(bits, seq, len));
    cr_assert_eq(ledger_window_run(w, seq, len, true), run_naive(bits, seq, len, true));
    cr_assert_eq(ledger_window_run(w, seq, len, false), run_naive(bits, seq, len, false));
    const uint64_t word = ledger_window_word(w, seq);
    for (uint64_t i = 0; i < 64; i++)
        cr_assert_eq((word >> i & 1) != 0, bits[(seq + i) % LEDGER_WINDOW]);
}

Test(bits, agree_with_an_array_of_booleans)
{
    static bool bits[LEDGER_WINDOW];
    static struct window w;
    const uint64_t seed = test_seed();
    struct rng rng;
    rng_init(&rng, seed);
    for (int round = 0; round < 3000; round++) {
        const uint64_t seq = rng_next(&rng);
        const uint64_t most = rng_chance(&rng, 500) ? 70 : LEDGER_WINDOW;
        const uint64_t len = rng_below(&rng, most + 1);
        const bool value = rng_chance(&rng, 500);
        ledger_window_fill(&w, seq, len, value);
        for (uint64_t i = 0; i < len; i++)
            bits[(seq + i) % LEDGER_WINDOW] = value;
        cr_assert_eq(w.n, count_naive(bits, 0, LEDGER_WINDOW));
        compare_at(&w, bits, rng_next(&rng), rng_below(&rng, LEDGER_WINDOW + 1));
        compare_at(&w, bits, seq, len);
    }
}

Test(pool, lends_each_window_once)
{
    struct arena arena;
    struct windows pool;
    void *mem = calloc(1, 8192);
    arena_init(&arena, mem, 8192);
    cr_assert(ledger_windows_init(&arena, &pool, 3));
    struct window *a = ledger_window_take(&pool);
    struct window *b = ledger_window_take(&pool);
    struct window *c = ledger_window_take(&pool);
    cr_assert(a != b && b != c && a != c);
    cr_assert_null(ledger_window_take(&pool));
    ledger_window_give(&pool, b);
    cr_assert_eq(ledger_window_take(&pool), b);
    free(mem);
}

Test(pool, a_start_touches_none_of_its_windows)
{
    static const uint8_t zero[8192];
    static _Alignas(64) uint8_t mem[sizeof zero];
    struct arena arena;
    struct windows pool;
    arena_init(&arena, mem, sizeof mem);
    cr_assert(ledger_windows_init(&arena, &pool, 3));
    cr_assert_eq(memcmp(mem, zero, sizeof mem), 0);
}

Test(pool, windows_that_came_back_are_lent_before_new_ones)
{
    static _Alignas(64) uint8_t mem[8192];
    struct arena arena;
    struct windows pool;
    arena_init(&arena, mem, sizeof mem);
    cr_assert(ledger_windows_init(&arena, &pool, 3));
    struct window *a = ledger_window_take(&pool);
    ledger_window_give(&pool, a);
    cr_assert_eq(ledger_window_take(&pool), a);
    cr_assert_neq(ledger_window_take(&pool), a);
    cr_assert_not_null(ledger_window_take(&pool));
    cr_assert_null(ledger_window_take(&pool), "three are all there are");
}
