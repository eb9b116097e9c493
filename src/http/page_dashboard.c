#include "http/dashboard.h"
#include "http/pages.h"

void http_page_dashboard(const struct http_call *call)
{
    struct http_reply *reply = call->reply;
    reply->status = 200;
    reply->type = HTTP_HTML;
    reply->policy = http_dashboard_policy;
    http_text_add(&reply->body, http_dashboard, http_dashboard_len);
}
