#include <criterion/criterion.h>

#include "base/attr.h"
#include "http/route.h"

static bool found(const char *method, const char *path)
{
    const struct http_match m = http_route_match(method, path);
    return m.path_known && m.allow == NULL;
}

Test(route, every_page_is_there_for_get_and_head)
{
    static const char *const paths[] = {"/healthz",    "/livez",         "/readyz",
                                        "/startupz",   "/metrics",       "/v1/node",
                                        "/v1/members", "/v1/members/a",  "/v1/stats",
                                        "/v1/vectors", "/v1/namespaces", "/v1/invalidations/00",
                                        "/v1/matrix"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        cr_assert(found("GET", paths[i]), "%s", paths[i]);
        cr_assert(found("HEAD", paths[i]), "%s", paths[i]);
        cr_assert_not(found("POST", paths[i]), "%s", paths[i]);
        cr_assert_str_eq(http_route_match("POST", paths[i]).allow, "GET, HEAD");
    }
}

Test(route, invalidate_is_a_post)
{
    cr_assert(found("POST", "/v1/invalidate"));
    cr_assert_not(found("GET", "/v1/invalidate"));
    cr_assert_not(found("HEAD", "/v1/invalidate"));
    cr_assert_str_eq(http_route_match("GET", "/v1/invalidate").allow, "POST");
}

Test(route, other_paths_are_unknown)
{
    static const char *const paths[] = {"",
                                        "/livez/",
                                        "/v1",
                                        "/v1/nodes",
                                        "/LIVEZ",
                                        "//livez",
                                        "/v1/members/",
                                        "/v1/invalidations/",
                                        "/v1/namespaces/a",
                                        "/v1/invalidate/x",
                                        "/metricsx"};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        cr_assert_not(http_route_match("GET", paths[i]).path_known, "%s", paths[i]);
}

Test(route, a_name_may_hold_anything)
{
    cr_assert_str_eq(http_route_match("GET", "/v1/members/a/b c").rest, "a/b c");
}
