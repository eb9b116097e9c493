#include <criterion/criterion.h>

#include "base/quantity.h"

#define UNTOUCHED 77

static uint64_t us(const char *text)
{
    uint64_t out = UNTOUCHED;
    return quantity_us(slice_text(text), &out) == OK ? out : UINT64_MAX;
}

static uint64_t bytes(const char *text)
{
    uint64_t out = UNTOUCHED;
    return quantity_bytes(slice_text(text), &out) == OK ? out : UINT64_MAX;
}

Test(quantity, durations_have_units)
{
    cr_assert_eq(us("7us"), 7);
    cr_assert_eq(us("500ms"), 500000);
    cr_assert_eq(us("2s"), 2000000);
    cr_assert_eq(us("3m"), 180000000);
    cr_assert_eq(us("1h"), 3600000000);
    cr_assert_eq(us("0"), 0);
    cr_assert_eq(us("0s"), 0);
}

Test(quantity, fractions_are_exact_and_rounded_down)
{
    cr_assert_eq(us("1.5s"), 1500000);
    cr_assert_eq(us("0.25ms"), 250);
    cr_assert_eq(us("0.0009ms"), 0);
    cr_assert_eq(bytes("1.5GiB"), 1610612736);
    cr_assert_eq(bytes("0.999999TiB"), 999999ULL * (1ULL << 40) / 1000000);
}

Test(quantity, sizes_are_binary_or_decimal_by_their_unit)
{
    cr_assert_eq(bytes("64MiB"), 64ULL << 20);
    cr_assert_eq(bytes("64M"), 64ULL << 20);
    cr_assert_eq(bytes("64MB"), 64000000);
    cr_assert_eq(bytes("10B"), 10);
    cr_assert_eq(bytes("1TiB"), 1ULL << 40);
}

Test(quantity, what_is_not_a_quantity_changes_nothing)
{
    static const char *const texts[] = {"",    "s",   "5",     "-5s",  "5 s",        "5sec",
                                        ".5s", "5.s", "5..1s", "5.5",  "1.1234567s", "0x5s",
                                        "+5s", "5s ", "5S",    "1e3s", "5MiBs",      "5m5s"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        uint64_t out = UNTOUCHED;
        cr_assert_eq(quantity_us(slice_text(texts[i]), &out), ERR_MALFORMED, "%s", texts[i]);
        cr_assert_eq(out, UNTOUCHED);
    }
    cr_assert_eq(bytes("64"), UINT64_MAX, "bytes or megabytes?");
    cr_assert_eq(bytes("64mib"), UINT64_MAX);
}

Test(quantity, what_does_not_fit_is_a_limit)
{
    uint64_t out = UNTOUCHED;
    cr_assert_eq(quantity_us(slice_text("18446744073709551615us"), &out), OK);
    cr_assert_eq(out, UINT64_MAX);
    out = UNTOUCHED;
    cr_assert_eq(quantity_us(slice_text("18446744073709551616us"), &out), ERR_LIMIT);
    cr_assert_eq(quantity_us(slice_text("18446744073709552s"), &out), ERR_LIMIT);
    cr_assert_eq(quantity_bytes(slice_text("16777216TiB"), &out), ERR_LIMIT);
    cr_assert_eq(quantity_bytes(slice_text("16777215.999999TiB"), &out), OK);
    cr_assert_eq(quantity_us(slice_text("99999999999999999999h"), &out), ERR_LIMIT);
}

Test(quantity, a_percentage_is_1_to_100)
{
    uint32_t out = UNTOUCHED;
    cr_assert_eq(quantity_percent(slice_text("0%"), &out), ERR_LIMIT);
    cr_assert_eq(quantity_percent(slice_text("101%"), &out), ERR_LIMIT);
    cr_assert_eq(quantity_percent(slice_text("75"), &out), ERR_MALFORMED);
    cr_assert_eq(quantity_percent(slice_text("%"), &out), ERR_MALFORMED);
    cr_assert_eq(quantity_percent(slice_text("7.5%"), &out), ERR_MALFORMED);
    cr_assert_eq(out, UNTOUCHED);
    cr_assert_eq(quantity_percent(slice_text("75%"), &out), OK);
    cr_assert_eq(out, 75);
}
