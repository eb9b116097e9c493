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

/** Who asks what, of whom. */
struct health_call {
    enum health_question question;
    bool verbose;                 /* list every check */
    const struct node_view *view; /* lent */
    uint64_t workers_wedged;      /* told, and decides nothing: a restart is for people to choose */
};

/** Answer 200, or 503 with the reason. */
void http_health(const struct health_call *call, struct http_reply *out);
