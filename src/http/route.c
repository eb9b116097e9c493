#include "http/route.h"

#include <string.h>

#include "base/attr.h"
#include "http/pages.h"
#include "http/problem.h"

#define NAMED "NAME" /* the end of a pattern that takes anything but nothing */

struct route {
    const char *method;
    const char *pattern;
    http_handler *handler;
};

static const struct route ROUTES[] = {
    {"GET", "/", http_page_dashboard},
    {"GET", "/livez", http_page_livez},
    {"GET", "/healthz", http_page_livez},
    {"GET", "/readyz", http_page_readyz},
    {"GET", "/startupz", http_page_startupz},
    {"GET", "/metrics", http_page_metrics},
    {"GET", "/v1/members", http_page_members},
    {"GET", "/v1/members/" NAMED, http_page_member},
    {"GET", "/v1/node", http_page_node},
    {"GET", "/v1/stats", http_page_stats},
    {"GET", "/v1/vectors", http_page_vectors},
    {"GET", "/v1/matrix", http_page_matrix},
    {"GET", "/v1/namespaces", http_page_namespaces},
    {"GET", "/v1/invalidations", http_page_invalidations},
    {"GET", "/v1/invalidations/" NAMED, http_page_trace},
    {"GET", "/v1/events", http_page_events},
    {"POST", "/v1/invalidate", http_page_invalidate},
};

/** What the pattern left open of path; "" when nothing; NULL when path does not match. */
static const char *match_path(const char *pattern, const char *path)
{
    const size_t len = strlen(pattern);
    const size_t fixed = len - (sizeof NAMED - 1);
    if (strcmp(pattern, path) == 0)
        return "";
    if (len < sizeof NAMED || strcmp(pattern + fixed, NAMED) != 0)
        return NULL;
    return strncmp(pattern, path, fixed) == 0 && path[fixed] != '\0' ? path + fixed : NULL;
}

/** RFC 9110 9.3.2: HEAD is GET without the content, which libmicrohttpd leaves out. */
static bool method_fits(const struct route *r, const char *method)
{
    return strcmp(r->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

static const struct route *find(const char *method, const char *path, struct http_match *out)
{
    *out = (struct http_match){.path_known = false};
    for (size_t i = 0; i < ARRAY_LEN(ROUTES); i++) {
        const char *rest = match_path(ROUTES[i].pattern, path);
        if (rest == NULL)
            continue;
        out->path_known = true;
        out->rest = rest;
        if (method_fits(&ROUTES[i], method)) {
            out->allow = NULL;
            return &ROUTES[i];
        }
        out->allow = strcmp(ROUTES[i].method, "GET") == 0 ? "GET, HEAD" : "POST";
    }
    return NULL;
}

struct http_match http_route_match(const char *method, const char *path)
{
    struct http_match match;
    (void)find(method, path, &match);
    return match;
}

void http_route(struct http_site *site, struct http_request *request,
                const struct http_later *later)
{
    struct http_match match;
    struct http_reply *reply = later->reply;
    const struct route *route = find(request->method, request->path, &match);
    if (route == NULL && !match.path_known) {
        http_problem(reply, 404, "NOT_FOUND", "nothing is here; try / or /v1/node");
    } else if (route == NULL) {
        http_problem(reply, 405, "METHOD_NOT_ALLOWED", "this path does not take this method");
        reply->allow = match.allow;
    } else {
        request->rest = match.rest;
        const struct http_call call = {
            .site = site, .request = request, .later = later, .reply = reply};
        route->handler(&call);
    }
}
