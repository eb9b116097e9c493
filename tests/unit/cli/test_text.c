/** Words of the command line: durations, counts, hex, and what was meant by a mistyped one. */

#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "cli/text.h"

Test(text, durations_have_a_unit)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {{"500ms", 500},    {"30s", 30000}, {"5m", 300000},          {"1h", 3600000},
                {"2d", 172800000}, {"0", 0},       {"3650d", 315360000000}, {"0s", 0}};

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        uint64_t ms = 1;
        cr_assert(text_duration(good[i].text, &ms), "%s", good[i].text);
        cr_expect_eq(ms, good[i].ms);
    }
}

Test(text, what_is_no_duration_is_refused)
{
    static const char *const bad[] = {
        "", "5", "s", "-1s", "1.5s", "1 s", "1sec", "1S", "3651d", "9999999999999999s", "1s "};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint64_t ms = 77;
        cr_expect_not(text_duration(bad[i], &ms), "%s", bad[i]);
        cr_expect_eq(ms, 77);
    }
}

Test(text, counts_are_whole_and_positive)
{
    uint64_t n = 0;
    cr_expect(text_count("1", &n) && n == 1);
    cr_expect(text_count("4294967295", &n) && n == UINT32_MAX);
    cr_expect_not(text_count("0", &n));
    cr_expect_not(text_count("4294967296", &n));
    cr_expect_not(text_count("1x", &n));
    cr_expect_not(text_count("", &n));
}

Test(text, hex_goes_both_ways)
{
    uint8_t bytes[4];
    char text[9];
    size_t len = 0;
    cr_assert(text_hex_read("00ffA5", bytes, sizeof bytes, &len));
    cr_expect(len == 3 && memcmp(bytes, "\x00\xFF\xA5", 3) == 0);
    text_hex_write(bytes, len, text);
    cr_expect_str_eq(text, "00ffa5");
}

Test(text, what_is_no_hex_is_refused)
{
    static const char *const bad[] = {"", "0", "0g", "0x", "001122334455", " 00"};
    uint8_t bytes[4];
    size_t len;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        cr_expect_not(text_hex_read(bad[i], bytes, sizeof bytes, &len), "%s", bad[i]);
}

Test(text, distance_counts_slips)
{
    cr_expect_eq(text_distance("", ""), 0);
    cr_expect_eq(text_distance("get", "get"), 0);
    cr_expect_eq(text_distance("get", ""), 3);
    cr_expect_eq(text_distance("get", "gte"), 1, "neighbours swapped");
    cr_expect_eq(text_distance("gett", "get"), 1);
    cr_expect_eq(text_distance("put", "get"), 2);
    cr_expect_eq(text_distance("memebrs", "members"), 1);
    cr_expect_eq(text_distance("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "get"), SIZE_MAX);
}

Test(text, the_nearest_name_is_meant_when_it_is_near)
{
    static const char *const names[] = {"get", "put", "members", "invalidate"};
    cr_expect_str_eq(text_closest("memebrs", names, 4), "members");
    cr_expect_str_eq(text_closest("invaldate", names, 4), "invalidate");
    cr_expect_str_eq(text_closest("gte", names, 4), "get");
    cr_expect_null(text_closest("frobnicate", names, 4));
    cr_expect_null(text_closest("", names, 4));
    cr_expect_null(text_closest("x", names, 4));
}
