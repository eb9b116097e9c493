#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "base/hex.h"

Test(hex, it_goes_both_ways)
{
    uint8_t bytes[4];
    char text[9];
    size_t len = 0;
    cr_assert(hex_read("00ffA5", bytes, sizeof bytes, &len));
    cr_expect(len == 3 && memcmp(bytes, "\x00\xFF\xA5", 3) == 0);
    hex_write(bytes, len, text);
    cr_expect_str_eq(text, "00ffa5");
}

Test(hex, what_is_no_hex_is_refused)
{
    static const char *const bad[] = {"", "0", "0g", "0x", "001122334455", " 00"};
    uint8_t bytes[4];
    size_t len;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        cr_expect_not(hex_read(bad[i], bytes, sizeof bytes, &len), "%s", bad[i]);
}
