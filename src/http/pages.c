#include "http/pages.h"

#include "http/health.h"
#include "http/json.h"
#include "http/metrics.h"
#include "http/problem.h"

static void answer_health(const struct http_call *call, enum health_question question)
{
    struct node_view view;
    struct loop_counters counters;
    node_inspect(loop_node(call->site->loop), &view);
    loop_counters(call->site->loop, &counters);
    http_health(&(struct health_call){.question = question,
                                      .verbose = call->request->verbose,
                                      .view = &view,
                                      .workers_wedged = counters.workers_wedged},
                call->reply);
}

void http_page_livez(const struct http_call *call)
{
    answer_health(call, HEALTH_LIVE);
}

void http_page_readyz(const struct http_call *call)
{
    answer_health(call, HEALTH_READY);
}

void http_page_startupz(const struct http_call *call)
{
    answer_health(call, HEALTH_STARTED);
}

static void collect(const struct http_call *call, struct facts *out)
{
    http_facts_collect(call->site->loop, &call->site->facts, out);
}

void http_page_metrics(const struct http_call *call)
{
    struct facts facts;
    struct http_namespaces all;
    const bool open = http_metrics_open(call->request->accept);
    collect(call, &facts);
    call->reply->status = 200;
    call->reply->type = open ? METRICS_OPEN : METRICS_TEXT;
    http_namespaces_collect(loop_cache(call->site->loop), &all);
    http_metrics(&call->reply->body, &facts, &all, open);
}

void http_page_members(const struct http_call *call)
{
    http_reply_json(call->reply, 200, http_json_members(loop_node(call->site->loop), loop_now()));
}

void http_page_member(const struct http_call *call)
{
    bool known = false;
    json_t *member = http_json_member_named(loop_node(call->site->loop),
                                            slice_text(call->request->rest), loop_now(), &known);
    if (known)
        http_reply_json(call->reply, 200, member);
    else
        http_problem(call->reply, 404, "NO_SUCH_MEMBER",
                     "no member of this name is known; GET /v1/members lists all");
}

void http_page_node(const struct http_call *call)
{
    struct facts facts;
    collect(call, &facts);
    http_reply_json(call->reply, 200, http_json_node(&facts));
}

void http_page_stats(const struct http_call *call)
{
    struct facts facts;
    collect(call, &facts);
    http_reply_json(call->reply, 200, http_json_stats(&facts));
}

void http_page_namespaces(const struct http_call *call)
{
    http_reply_json(
        call->reply, 200,
        http_json_namespaces(loop_cache(call->site->loop), loop_policies(call->site->loop)));
}

void http_page_vectors(const struct http_call *call)
{
    http_reply_json(call->reply, 200, http_json_vectors(loop_node(call->site->loop), loop_now()));
}
