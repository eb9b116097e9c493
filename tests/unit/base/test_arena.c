#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "base/arena.h"

static _Alignas(64) uint8_t block[1024];

Test(arena, what_is_taken_is_aligned_to_a_cache_line)
{
    struct arena a;
    arena_init(&a, block + 1, sizeof block - 1);
    for (int i = 0; i < 5; i++) {
        const void *taken = arena_take(&a, 1, 3);
        cr_assert_not_null(taken);
        cr_assert_eq((uintptr_t)taken % 64, 0);
    }
}

Test(arena, two_takings_never_overlap)
{
    struct arena a;
    arena_init(&a, block, sizeof block);
    uint8_t *first = arena_take(&a, 10, 10);
    uint8_t *second = arena_take(&a, 1, 100);
    memset(first, 1, 100);
    memset(second, 2, 100);
    cr_assert_eq(first[99], 1);
    cr_assert_geq(second, first + 100);
    cr_assert_leq(second + 100, block + sizeof block);
}

Test(arena, the_last_byte_can_be_taken_and_not_one_more)
{
    struct arena a;
    arena_init(&a, block, 128);
    cr_assert_not_null(arena_take(&a, 1, 64));
    cr_assert_null(arena_take(&a, 1, 65));
    cr_assert_not_null(arena_take(&a, 1, 64));
    cr_assert_eq(a.used, 128);
    cr_assert_null(arena_take(&a, 1, 1));
}

Test(arena, a_refused_taking_leaves_it_unchanged)
{
    struct arena a;
    arena_init(&a, block, 100);
    cr_assert_not_null(arena_take(&a, 1, 10));
    const size_t used = a.used;
    cr_assert_null(arena_take(&a, 1, 101));
    cr_assert_null(arena_take(&a, SIZE_MAX / 2 + 1, 2), "n * size overflows to 0");
    cr_assert_null(arena_take(&a, 1, SIZE_MAX));
    cr_assert_eq(a.used, used);
}

Test(arena, padding_that_does_not_fit_is_a_refusal)
{
    struct arena a;
    arena_init(&a, block, 40);
    cr_assert_not_null(arena_take(&a, 1, 40));
    cr_assert_null(arena_take(&a, 1, 1));
    cr_assert_null(arena_take(&a, 0, 8), "24 bytes of padding are needed even for nothing");
}

Test(arena, an_arena_without_memory_gives_none)
{
    struct arena a;
    arena_init(&a, NULL, 0);
    cr_assert_null(arena_take(&a, 1, 1));
}

Test(arena, memory_without_an_address_is_a_programmer_error, .signal = SIGABRT)
{
    struct arena a;
    arena_init(&a, NULL, 1);
}

/* The way every X_new() is tested: refused at every size until one suffices, then at no size more. */
Test(arena, three_takings_fit_from_one_size_upwards)
{
    for (size_t len = 0; len <= sizeof block; len++) {
        struct arena a;
        arena_init(&a, block, len);
        const bool fits = arena_take(&a, 3, 20) != NULL && arena_take(&a, 1, 64) != NULL &&
                          arena_take(&a, 7, 1) != NULL;
        cr_assert_eq(fits, len >= 64 + 64 + 7, "at %zu bytes", len);
        cr_assert_leq(a.used, len);
    }
}
