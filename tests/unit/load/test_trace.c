/** The formats of recorded traces. */

#include <criterion/criterion.h>
#include <string.h>

#include "base/bytes.h"
#include "load/number.h"
#include "load/trace.h"

static struct trace t;

static const char *parse(const char *format, const void *at, size_t len)
{
    return trace_parse(format, at, len, &t);
}

static void expect(const uint32_t *keys, size_t n)
{
    cr_assert_eq(t.n, n);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(t.keys[i], keys[i], "request %zu", i);
    trace_free(&t);
}

Test(trace, a_line_of_lis_is_one_request_for_each_block)
{
    static const char text[] = "10 3 0 0\n11 1 0 1\n99 1 0 2\n";
    const uint32_t keys[] = {0, 1, 2, 1, 3};
    cr_assert_null(parse("lis", text, sizeof text - 1));
    cr_assert_eq(t.keys_n, 4);
    expect(keys, 5);
}

Test(trace, a_line_of_lis_without_an_end_counts)
{
    const uint32_t keys[] = {0, 0};
    cr_assert_null(parse("lis", "5 1 0 0\n5 1", 11));
    expect(keys, 2);
}

Test(trace, bare_ids_have_four_or_eight_bytes)
{
    static const uint8_t ids[] = {0, 0, 0, 7, 0, 0, 0, 9, 0, 0, 0, 7, 0, 0, 0, 9};
    const uint32_t wide[] = {0, 0}, narrow[] = {0, 1, 0, 1};
    cr_assert_null(parse("be64", ids, sizeof ids));
    expect(wide, 2);
    cr_assert_null(parse("be32", ids, sizeof ids));
    expect(narrow, 4);
}

Test(trace, of_a_record_of_oracle_only_the_id_counts)
{
    uint8_t records[48];
    const uint32_t keys[] = {0, 1};
    for (size_t i = 0; i < sizeof records; i++)
        records[i] = (uint8_t)i;
    cr_assert_null(parse("oracle", records, sizeof records));
    expect(keys, 2);
    memcpy(records + 28, records + 4, 8);
    const uint32_t same[] = {0, 0};
    cr_assert_null(parse("oracle", records, sizeof records));
    expect(same, 2);
}

Test(trace, what_is_cut_or_no_number_is_told)
{
    static const struct {
        const char *format, *bytes;
        size_t len;
    } bad[] = {{"be32", "abcde", 5}, {"be64", "abcdefghi", 9}, {"oracle", "x", 1},
               {"lis", "a b", 3},    {"lis", "12", 2},         {"lis", "1 9999999", 9},
               {"lis", "\n", 1},     {"mystery", "", 0}};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_not_null(parse(bad[i].format, bad[i].bytes, bad[i].len), "%s", bad[i].bytes);
        trace_free(&t);
    }
}

Test(trace, ids_get_their_numbers_in_order_of_appearance)
{
    struct number n = {0};
    for (uint64_t id = 0; id < 100000; id++)
        cr_assert_eq(number_of(&n, id * 0x123456789ABCDEFULL), id);
    for (uint64_t id = 0; id < 100000; id++)
        cr_assert_eq(number_of(&n, id * 0x123456789ABCDEFULL), id);
    cr_assert_eq(n.n, 100000);
    number_free(&n);
}
