#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "base/err.h"

Test(err, ok_is_zero)
{
    cr_assert_eq(OK, 0);
    cr_assert_str_eq(err_text(OK), "ok");
}

Test(err, every_error_has_its_own_text)
{
    for (int i = 0; i < ERR_COUNT; i++) {
        cr_assert_not_null(err_text((enum err)i), "error %d has no text", i);
        cr_assert_gt(strlen(err_text((enum err)i)), 0, "error %d has an empty text", i);
        for (int j = 0; j < i; j++)
            cr_assert_str_neq(err_text((enum err)i), err_text((enum err)j), "%d and %d", i, j);
    }
}

Test(err, a_number_past_the_list_is_a_programmer_error, .signal = SIGABRT)
{
    err_text(ERR_COUNT);
}
