/**
 * http/health.h - what orchestrators ask: does it live, may it serve, did it start?
 *
 * /livez never depends on peers: restarting a node because others are gone helps nobody.
 */
#pragma once

#include "http/reply.h"
#include "node/view.h"

enum health_question {
    HEALTH_LIVE,
    HEALTH_READY,
    HEALTH_STARTED
};

/** Answer 200, or 503 with the reason. verbose lists every check. */
void http_health(enum health_question question, const struct node_view *view, bool verbose,
                 struct http_reply *out);
