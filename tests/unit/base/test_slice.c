#include <criterion/criterion.h>
#include <signal.h>

#include "base/slice.h"

Test(slice, text_leaves_the_nul_out)
{
    const char *text = "abc";
    const struct slice s = slice_text(text);
    cr_assert_eq(s.len, 3);
    cr_assert_eq((const void *)s.at, (const void *)text, "a slice lends, it does not copy");
}

Test(slice, the_empty_slice_may_have_no_address)
{
    const struct slice none = slice_of(NULL, 0);
    cr_assert_eq(none.len, 0);
    cr_assert(slice_eq(none, slice_text("")));
    cr_assert(slice_starts(none, none));
    cr_assert(slice_starts(slice_text("a"), none));
}

Test(slice, bytes_without_an_address_are_a_programmer_error, .signal = SIGABRT)
{
    slice_of(NULL, 1);
}

Test(slice, equality_needs_the_same_length_and_bytes)
{
    cr_assert(slice_eq(slice_text("key"), slice_text("key")));
    cr_assert_not(slice_eq(slice_text("key"), slice_text("kez")));
    cr_assert_not(slice_eq(slice_text("key"), slice_text("key2")));
    cr_assert_not(slice_eq(slice_of("a\0b", 3), slice_of("a\0c", 3)), "bytes after a NUL count");
}

Test(slice, a_prefix_is_never_longer_than_what_it_begins)
{
    cr_assert(slice_starts(slice_text("user:1"), slice_text("user:")));
    cr_assert(slice_starts(slice_text("user:"), slice_text("user:")));
    cr_assert_not(slice_starts(slice_text("user"), slice_text("user:")));
    cr_assert_not(slice_starts(slice_of("user:1", 4), slice_text("user:")), "past its end");
    cr_assert_not(slice_starts(slice_text("uses:1"), slice_text("user:")));
}
