/** What documents say, and what they lack. */

#include <criterion/criterion.h>

#include "cli/field.h"

static json_t *document(void)
{
    return json_pack("{s:s, s:i, s:i, s:[s, i, s]}", "name", "a", "up", 7, "below", -7, "keys", "k",
                     1, "l");
}

Test(field, a_member_of_the_right_kind_is_what_it_is)
{
    json_t *d = document();
    cr_expect_str_eq(field_text(d, "name"), "a");
    cr_expect_str_eq(field_text_or(d, "name", "?"), "a");
    cr_expect(field_is(d, "name", "a"));
    cr_expect_not(field_is(d, "name", "b"));
    cr_expect_eq(field_number(d, "up"), 7);
    json_decref(d);
}

Test(field, what_is_missing_or_of_another_kind_has_a_stand_in)
{
    json_t *d = document();
    cr_expect_str_eq(field_text(d, "up"), "");
    cr_expect_str_eq(field_text(d, "none"), "");
    cr_expect_str_eq(field_text(NULL, "name"), "");
    cr_expect_str_eq(field_text_or(d, "up", "?"), "?");
    cr_expect_not(field_is(NULL, "name", "a"));
    cr_expect_eq(field_number(d, "name"), 0);
    cr_expect_eq(field_number(d, "below"), 0);
    cr_expect_eq(field_number(NULL, "up"), 0);
    json_decref(d);
}

Test(field, a_list_is_searched_for_texts_alone)
{
    json_t *d = document();
    const json_t *keys = json_object_get(d, "keys");
    cr_expect(field_lists(keys, "k") && field_lists(keys, "l"));
    cr_expect_not(field_lists(keys, "1"));
    cr_expect_not(field_lists(d, "a"));
    cr_expect_not(field_lists(NULL, "k"));
    json_decref(d);
}
