#include <criterion/criterion.h>

#include "http/problem.h"

Test(problem, has_the_members_of_the_rfc)
{
    static const unsigned statuses[] = {400, 403, 404, 405, 411, 413, 421, 500, 503};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        struct http_reply r = {0};
        http_problem(&r, statuses[i], "KEY_TOO_LONG", "key has 2,000 bytes; the limit is 1,024");
        json_t *out = json_loadb(r.body.at, r.body.len, 0, NULL);
        cr_assert_eq(r.status, statuses[i]);
        cr_assert_str_eq(r.type, "application/problem+json");
        cr_assert_str_eq(json_string_value(json_object_get(out, "type")), "about:blank");
        cr_assert_not_null(json_string_value(json_object_get(out, "title")));
        cr_assert_eq(json_integer_value(json_object_get(out, "status")), statuses[i]);
        cr_assert_str_eq(json_string_value(json_object_get(out, "code")), "KEY_TOO_LONG");
        cr_assert_str_eq(json_string_value(json_object_get(out, "detail")),
                         "key has 2,000 bytes; the limit is 1,024");
        json_decref(out);
        http_reply_fini(&r);
    }
}

Test(problem, quotes_in_the_detail_are_escaped)
{
    struct http_reply r = {0};
    http_problem(&r, 400, "BAD_OPTION", "unknown member \"a\\b\"");
    json_t *out = json_loadb(r.body.at, r.body.len, 0, NULL);
    cr_assert_str_eq(json_string_value(json_object_get(out, "detail")), "unknown member \"a\\b\"");
    json_decref(out);
    http_reply_fini(&r);
}

Test(problem, a_detail_cut_within_a_letter_is_still_json)
{
    struct http_reply r = {0};
    http_problem(&r, 400, "BAD_JSON", "near 'gr\xc3");
    json_t *out = json_loadb(r.body.at, r.body.len, 0, NULL);
    cr_assert_eq(r.status, 400);
    cr_assert_str_eq(json_string_value(json_object_get(out, "detail")), "near 'gr\\xc3");
    json_decref(out);
    http_reply_fini(&r);
}

Test(problem, no_memory_for_the_answer_is_a_500)
{
    struct http_reply r = {0};
    http_reply_json(&r, 200, NULL);
    cr_assert_eq(r.status, 500);
    cr_assert_eq(r.body.len, 0);
    http_reply_fini(&r);
}
