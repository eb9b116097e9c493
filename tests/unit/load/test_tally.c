/** Errors are counted by name. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "load/tally.h"

static struct tally t, other;

Test(tally, equal_names_are_one_error)
{
    tally_error(&t, slice_text("late"), 2);
    tally_error(&t, slice_text("lost"), 1);
    tally_error(&t, slice_text("late"), 3);
    cr_assert_eq(t.errors, 6);
    cr_assert_eq(t.named_n, 2);
    cr_assert_eq(t.named[0].n, 5);
    cr_assert_str_eq(t.named[1].name, "lost");
}

Test(tally, a_name_is_told_in_plain_text_and_cut)
{
    char longer[200];
    memset(longer, 'x', sizeof longer);
    tally_error(&t, slice_of("a\"\\\n\0\xFF", 6), 1);
    tally_error(&t, slice_of(longer, sizeof longer), 1);
    cr_assert_str_eq(t.named[0].name, "a?????");
    cr_assert_eq(strlen(t.named[1].name), TALLY_NAME_MAX - 1);
}

Test(tally, names_beyond_the_limit_share_the_last_place)
{
    for (int i = 0; i < 40; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "e%d", i);
        tally_error(&t, slice_text(name), 1);
    }
    cr_assert_eq(t.errors, 40);
    cr_assert_eq(t.named_n, TALLY_NAMES);
    cr_assert_str_eq(t.named[TALLY_NAMES - 1].name, "other errors");
    cr_assert_eq(t.named[TALLY_NAMES - 1].n, 40 - TALLY_NAMES + 1);
}

Test(tally, merging_adds_errors_once)
{
    t.requests = 5;
    other.requests = 7;
    tally_error(&t, slice_text("late"), 1);
    tally_error(&other, slice_text("late"), 2);
    tally_error(&other, slice_text("lost"), 4);
    tally_merge(&t, &other);
    cr_assert_eq(t.requests, 12);
    cr_assert_eq(t.errors, 7);
    cr_assert_eq(t.named[0].n, 3);
    cr_assert_eq(t.named[1].n, 4);
}
