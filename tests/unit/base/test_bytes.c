#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "base/bytes.h"

Test(bytes, numbers_are_read_big_endian)
{
    const uint8_t in[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct reader r = reader_of(slice_of(in, sizeof in));
    cr_assert_eq(read_u8(&r), 0x01);
    cr_assert_eq(read_u16(&r), 0x0203);
    cr_assert_eq(read_u32(&r), 0x04050607);
    cr_assert_eq(read_u64(&r), 0x08090a0b0c0d0e0f);
    cr_assert_eq(read_end(&r), OK);
}

Test(bytes, the_first_failure_sticks)
{
    const uint8_t in[] = {1, 2, 3};
    struct reader r = reader_of(slice_of(in, sizeof in));
    cr_assert_eq(read_u32(&r), 0);
    cr_assert_eq(read_u8(&r), 0, "a byte is there, but the reader has failed");
    cr_assert_eq(read_bytes(&r, 1).len, 0);
    cr_assert_eq(read_end(&r), ERR_SHORT);
}

Test(bytes, what_remains_at_the_end_is_malformed)
{
    struct reader r = reader_of(slice_text("ab"));
    cr_assert_eq(read_u8(&r), 'a');
    cr_assert_eq(read_end(&r), ERR_MALFORMED);
}

Test(bytes, a_run_of_bytes_is_lent_from_the_input)
{
    const struct slice in = slice_text("hello");
    struct reader r = reader_of(in);
    const struct slice head = read_bytes(&r, 2);
    cr_assert_eq((const void *)head.at, (const void *)in.at);
    cr_assert_eq(head.len, 2);
    cr_assert(slice_eq(r.rest, slice_text("llo")));
}

Test(bytes, a_run_may_end_where_the_input_ends_and_not_after)
{
    struct reader r = reader_of(slice_text("abc"));
    cr_assert_eq(read_bytes(&r, 3).len, 3);
    cr_assert_eq(read_bytes(&r, 0).len, 0);
    cr_assert_eq(read_end(&r), OK);
    r = reader_of(slice_text("abc"));
    cr_assert_eq(read_bytes(&r, 4).len, 0);
    cr_assert_eq(read_end(&r), ERR_SHORT);
    r = reader_of(slice_text("abc"));
    cr_assert_eq(read_bytes(&r, SIZE_MAX).len, 0);
    cr_assert_eq(read_end(&r), ERR_SHORT);
}

Test(bytes, what_is_written_reads_back)
{
    uint8_t out[20];
    struct writer w = writer_of(out, sizeof out);
    write_u8(&w, 0xfe);
    write_u16(&w, 0xfedc);
    write_u32(&w, 0xfedcba98);
    write_u64(&w, 0xfedcba9876543210);
    write_bytes(&w, slice_text("xyzab"));
    cr_assert_eq(w.err, OK);
    cr_assert_eq(writer_slice(&w).len, sizeof out);
    struct reader r = reader_of(writer_slice(&w));
    cr_assert_eq(read_u8(&r), 0xfe);
    cr_assert_eq(read_u16(&r), 0xfedc);
    cr_assert_eq(read_u32(&r), 0xfedcba98);
    cr_assert_eq(read_u64(&r), 0xfedcba9876543210);
    cr_assert(slice_eq(read_bytes(&r, 5), slice_text("xyzab")));
    cr_assert_eq(read_end(&r), OK);
}

Test(bytes, what_does_not_fit_is_not_begun)
{
    uint8_t out[6];
    memset(out, 0xAA, sizeof out);
    struct writer w = writer_of(out, 5);
    write_u32(&w, 1);
    write_u16(&w, 2);
    cr_assert_eq(w.err, ERR_SPACE);
    cr_assert_eq(w.len, 4);
    cr_assert_eq(out[4], 0xAA);
    write_u8(&w, 3);
    cr_assert_eq(w.len, 4, "the error sticks, though one byte would fit");
    cr_assert_eq(out[5], 0xAA);
}

Test(bytes, nothing_can_be_written_nowhere)
{
    struct writer w = writer_of(NULL, 0);
    write_bytes(&w, slice_of(NULL, 0));
    cr_assert_eq(w.err, OK);
    write_u8(&w, 1);
    cr_assert_eq(w.err, ERR_SPACE);
}

Test(bytes, room_without_an_address_is_a_programmer_error, .signal = SIGABRT)
{
    writer_of(NULL, 1);
}
