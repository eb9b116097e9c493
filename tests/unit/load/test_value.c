/** Every key has one value, and no other passes for it. */

#include <criterion/criterion.h>

#include "load/value.h"

static struct value_book b;
static uint8_t bytes[4096];

static bool matches(uint32_t key)
{
    return value_matches(&b, key, slice_of(bytes, b.len));
}

Test(value, what_was_written_is_right)
{
    static const uint32_t lens[] = {0, 1, 3, 4, 5, 64, 4096};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        value_book_init(&b, lens[i]);
        for (uint32_t key = 0; key < 100000; key += 997) {
            value_write(&b, key, bytes);
            cr_assert(matches(key));
        }
        value_book_fini(&b);
    }
}

Test(value, any_other_byte_is_wrong)
{
    value_book_init(&b, 64);
    value_write(&b, 4711, bytes);
    for (uint32_t i = 0; i < b.len; i++) {
        bytes[i] ^= 1;
        cr_assert_not(matches(4711), "byte %u", i);
        bytes[i] ^= 1;
    }
    value_book_fini(&b);
}

Test(value, the_value_of_another_key_is_wrong)
{
    value_book_init(&b, 64);
    value_write(&b, 1, bytes);
    for (uint32_t key = 2; key < 100000; key++)
        cr_assert_not(matches(key));
    value_book_fini(&b);
}

Test(value, another_length_is_wrong)
{
    value_book_init(&b, 64);
    value_write(&b, 1, bytes);
    cr_assert_not(value_matches(&b, 1, slice_of(bytes, 63)));
    cr_assert_not(value_matches(&b, 1, slice_of(bytes, 65)));
    value_book_fini(&b);
}
