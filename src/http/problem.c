#include "http/problem.h"

#include "http/json.h"

static const char *title_of(unsigned status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 421:
        return "Misdirected Request";
    case 503:
        return "Service Unavailable";
    default:
        return "Internal Server Error";
    }
}

void http_problem(struct http_reply *r, unsigned status, const char *code, const char *detail)
{
    http_reply_json(r, status,
                    json_pack("{s:s, s:s, s:i, s:s, s:o}", "type", "about:blank", "title",
                              title_of(status), "status", (int)status, "code", code, "detail",
                              http_json_text(slice_text(detail))));
    r->type = HTTP_PROBLEM;
}
