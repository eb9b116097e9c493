/** http/pages.h - the handlers behind the table of routes. */
#pragma once

#include "http/route.h"

/** What a handler gets. */
struct http_call {
    struct http_site *site;
    const struct http_request *request;
    const struct http_later *later;
    struct http_reply *reply;
};

/** A handler fills call->reply in, or sees to it that it is filled in later. */
typedef void http_handler(const struct http_call *call);

void http_page_dashboard(const struct http_call *call);     /**< GET / */
void http_page_livez(const struct http_call *call);         /**< GET /livez */
void http_page_readyz(const struct http_call *call);        /**< GET /readyz */
void http_page_startupz(const struct http_call *call);      /**< GET /startupz */
void http_page_metrics(const struct http_call *call);       /**< GET /metrics */
void http_page_members(const struct http_call *call);       /**< GET /v1/members */
void http_page_member(const struct http_call *call);        /**< GET /v1/members/NAME */
void http_page_node(const struct http_call *call);          /**< GET /v1/node */
void http_page_stats(const struct http_call *call);         /**< GET /v1/stats */
void http_page_vectors(const struct http_call *call);       /**< GET /v1/vectors */
void http_page_matrix(const struct http_call *call);        /**< GET /v1/matrix */
void http_page_namespaces(const struct http_call *call);    /**< GET /v1/namespaces */
void http_page_invalidations(const struct http_call *call); /**< GET /v1/invalidations */
void http_page_trace(const struct http_call *call);         /**< GET /v1/invalidations/STAMP */
void http_page_events(const struct http_call *call);        /**< GET /v1/events */
void http_page_invalidate(const struct http_call *call);    /**< POST /v1/invalidate */
