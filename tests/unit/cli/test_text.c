/** Words of the command line: durations, counts and numbers. */

#include <criterion/criterion.h>

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

Test(text, numbers_reach_to_the_end_of_64_bits)
{
    uint64_t n = 77;
    cr_expect(text_number("0", &n) && n == 0);
    cr_expect(text_number("18446744073709551615", &n) && n == UINT64_MAX);
    n = 77;
    cr_expect_not(text_number("18446744073709551616", &n));
    cr_expect_not(text_number("28446744073709551615", &n));
    cr_expect_not(text_number("", &n));
    cr_expect_not(text_number("-1", &n));
    cr_expect_not(text_number("1 ", &n));
    cr_expect_eq(n, 77);
}
