#include <criterion/criterion.h>

#include "node/stamp.h"

static const struct hkey HKEY = {{1, 2, 3}};

Test(stamp, what_was_written_is_read)
{
    const struct stamp in = {.epoch = 0x1122334455667788, .seq = 300, .count = 7};
    struct stamp out = {0};
    uint8_t bytes[STAMP_LEN];
    stamp_write(&HKEY, &in, bytes);
    cr_assert_eq(stamp_read(&HKEY, slice_of(bytes, STAMP_LEN), &out), OK);
    cr_assert_eq(out.epoch, in.epoch);
    cr_assert_eq(out.seq, in.seq);
    cr_assert_eq(out.count, in.count);
}

Test(stamp, every_changed_bit_is_refused)
{
    const struct stamp in = {.epoch = 1, .seq = 1, .count = 1};
    uint8_t bytes[STAMP_LEN];
    stamp_write(&HKEY, &in, bytes);
    for (size_t bit = 0; bit < STAMP_LEN * 8; bit++) {
        struct stamp out = {.epoch = 99};
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_assert_eq(stamp_read(&HKEY, slice_of(bytes, STAMP_LEN), &out), ERR_MALFORMED);
        cr_assert_eq(out.epoch, 99, "a refused stamp changes nothing");
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

Test(stamp, every_other_length_is_refused)
{
    uint8_t bytes[STAMP_LEN + 1] = {0};
    struct stamp out;
    stamp_write(&HKEY, &(struct stamp){.epoch = 1, .seq = 1, .count = 1}, bytes);
    for (size_t len = 0; len <= sizeof bytes; len++)
        if (len != STAMP_LEN)
            cr_assert_eq(stamp_read(&HKEY, slice_of(bytes, len), &out), ERR_MALFORMED);
}

Test(stamp, another_cluster_does_not_take_it)
{
    static const struct hkey other = {{9}};
    uint8_t bytes[STAMP_LEN];
    struct stamp out;
    stamp_write(&HKEY, &(struct stamp){.epoch = 1, .seq = 1, .count = 1}, bytes);
    cr_assert_eq(stamp_read(&other, slice_of(bytes, STAMP_LEN), &out), ERR_MALFORMED);
}
