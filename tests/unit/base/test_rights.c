#include <criterion/criterion.h>

#include "base/rights.h"

Test(rights, each_has_a_word_and_each_word_is_one)
{
    for (unsigned i = 0; i < RIGHTS_N; i++) {
        const char *word = rights_word(1U << i);
        cr_assert_not_null(word);
        cr_expect_eq(rights_named(slice_text(word)), 1U << i);
    }
    cr_expect_null(rights_word(0));
    cr_expect_null(rights_word(RIGHT_READ | RIGHT_WRITE));
    cr_expect_null(rights_word(1U << RIGHTS_N));
}

Test(rights, what_is_no_word_is_none)
{
    static const char *const bad[] = {"", "Read", "reads", "rea", "all", "read,write"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(rights_named(slice_text(bad[i])), 0, "%s", bad[i]);
}

Test(rights, a_set_is_told_in_order_and_all_of_them_fit)
{
    char text[RIGHTS_TEXT_MAX];
    cr_expect_str_eq(rights_text(0, ",", text), "");
    cr_expect_str_eq(rights_text(RIGHT_ADMIN | RIGHT_READ, ",", text), "read,admin");
    cr_expect_str_eq(rights_text(RIGHTS_ALL, ", ", text), "read, write, invalidate, admin");
}
