#include <criterion/criterion.h>

#include "base/dot.h"

Test(dot, only_key_and_put_are_strict)
{
    cr_assert(dot_is_strict(DOT_KEY));
    cr_assert(dot_is_strict(DOT_PUT));
    cr_assert_not(dot_is_strict(DOT_TAG));
    cr_assert_not(dot_is_strict(DOT_PREFIX));
    cr_assert_not(dot_is_strict(DOT_NAMESPACE));
    cr_assert_not(dot_is_strict(DOT_ALL));
    cr_assert_not(dot_is_strict(200), "an unknown kind acts as DOT_ALL");
}

Test(cover, everything_up_to_applied_is_covered)
{
    const struct cover c = {.epoch = 1, .applied = 5};
    for (uint64_t seq = 1; seq <= 5; seq++)
        cr_assert(cover_has(&c, seq), "%llu", (unsigned long long)seq);
    cr_assert_not(cover_has(&c, 6));
}

Test(cover, the_first_missing_number_is_missing_whatever_the_mask_says)
{
    const struct cover c = {.epoch = 1, .applied = 5, .mask = UINT64_MAX};
    cr_assert_not(cover_has(&c, 6));
    cr_assert(cover_has(&c, 7));
}

Test(cover, bit_i_of_the_mask_is_applied_plus_2_plus_i)
{
    for (unsigned i = 0; i < 64; i++) {
        const struct cover c = {.epoch = 1, .applied = 100, .mask = 1ULL << i};
        for (uint64_t seq = 101; seq <= 100 + 2 + 64; seq++)
            cr_assert_eq(cover_has(&c, seq), seq == 102 + i, "bit %u, seq %llu", i,
                         (unsigned long long)seq);
    }
}

Test(cover, what_lies_past_the_mask_is_not_covered)
{
    const struct cover c = {.epoch = 1, .applied = 0, .mask = UINT64_MAX};
    cr_assert(cover_has(&c, 65));
    cr_assert_not(cover_has(&c, 66));
    cr_assert_not(cover_has(&c, UINT64_MAX));
}
