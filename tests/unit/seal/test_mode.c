#include <criterion/criterion.h>
#include <signal.h>

#include "base/attr.h"
#include "seal/mode.h"

Test(mode, each_has_what_it_sends_and_takes)
{
    static const struct {
        enum seal_mode mode;
        const char *text;
        bool seals, plain, sealed;
    } rows[] = {{SEAL_OFF, "off", false, true, false},
                {SEAL_LISTEN, "listen", false, true, true},
                {SEAL_PREFER, "prefer", true, true, true},
                {SEAL_REQUIRE, "require", true, false, true}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_assert_str_eq(mode_text(rows[i].mode), rows[i].text);
        cr_assert_eq(mode_seals(rows[i].mode), rows[i].seals);
        cr_assert_eq(mode_takes_plain(rows[i].mode), rows[i].plain);
        cr_assert_eq(mode_takes_sealed(rows[i].mode), rows[i].sealed);
        cr_assert_eq(mode_settle(rows[i].mode, true), rows[i].mode);
    }
}

Test(mode, nobody_chose_and_the_keyring_says)
{
    cr_assert_eq(mode_settle(SEAL_BY_RING, true), SEAL_REQUIRE);
    cr_assert_eq(mode_settle(SEAL_BY_RING, false), SEAL_OFF);
    cr_assert_eq(mode_settle(SEAL_OFF, false), SEAL_OFF);
    cr_assert_str_eq(mode_text(SEAL_BY_RING), "by ring");
}

Test(mode, keys_are_needed_past_off, .signal = SIGABRT)
{
    (void)mode_settle(SEAL_LISTEN, false);
}
