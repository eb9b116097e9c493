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

Test(entry, a_plain_login_is_heard_from_where_it_may_come)
{
    static const struct {
        enum plain plain;
        const char *text;
        bool loopback, elsewhere;
    } rows[] = {{PLAIN_LOOPBACK, "loopback", true, false},
                {PLAIN_EVERYWHERE, "everywhere", true, true},
                {PLAIN_NOWHERE, "nowhere", false, false}};

    cr_assert_eq(ARRAY_LEN(rows), PLAINS);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_str_eq(plain_text(rows[i].plain), rows[i].text);
        cr_expect_eq(plain_is_taken(rows[i].plain, true), rows[i].loopback);
        cr_expect_eq(plain_is_taken(rows[i].plain, false), rows[i].elsewhere);
    }
}
