#include <criterion/criterion.h>
#include <signal.h>

#include "base/attr.h"
#include "seal/entry.h"

Test(entry, each_serves_whom_it_says)
{
    static const struct {
        enum entry entry;
        const char *text;
        bool open, hears;
    } rows[] = {{ENTRY_OFF, "off", true, false},
                {ENTRY_ACCEPT, "accept", true, true},
                {ENTRY_REQUIRE, "require", false, true}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_assert_str_eq(entry_text(rows[i].entry), rows[i].text);
        cr_assert_eq(entry_is_open(rows[i].entry), rows[i].open);
        cr_assert_eq(entry_hears_logins(rows[i].entry), rows[i].hears);
        cr_assert_eq(entry_settle(rows[i].entry, true), rows[i].entry);
    }
}

Test(entry, nobody_chose_and_the_file_says)
{
    cr_assert_eq(entry_settle(ENTRY_BY_FILE, true), ENTRY_REQUIRE);
    cr_assert_eq(entry_settle(ENTRY_BY_FILE, false), ENTRY_OFF);
    cr_assert_eq(entry_settle(ENTRY_OFF, false), ENTRY_OFF);
    cr_assert_str_eq(entry_text(ENTRY_BY_FILE), "by file");
}

Test(entry, a_file_is_needed_past_off, .signal = SIGABRT)
{
    (void)entry_settle(ENTRY_ACCEPT, false);
}
