/**
 * http/exchange.h - connections and requests of libmicrohttpd, from the first header to the answer.
 *
 * Bodies are collected by hand: libmicrohttpd's post processor has had holes, and JSON needs none.
 */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include <sys/queue.h>

#include "http/route.h"

struct exchange;

/** One connection: what is needed to cut it off. */
struct session {
    int fd;
    mono_us due;    /* cut off then */
    bool excused;   /* it waits for us, not we for it */
    struct addr at; /* of ours, that it came to */
    LIST_ENTRY(session) others;
};

/** All that requests of one daemon share. */
struct exchanges {
    struct http_site site;
    LIST_HEAD(, session) sessions;
    LIST_HEAD(, exchange) waiting; /* for an answer that comes later */
    size_t sessions_n;
    void (*woken)(void *ctx); /* a connection was resumed: run the daemon soon */
    void *ctx;
};

/** An MHD_AccessHandlerCallback over a struct exchanges. */
enum MHD_Result http_exchange_access(void *exchanges, struct MHD_Connection *connection,
                                     const char *url, const char *method, const char *version,
                                     const char *data, size_t *data_n, void **request);

/** An MHD_RequestCompletedCallback over a struct exchanges. */
void http_exchange_completed(void *exchanges, struct MHD_Connection *connection, void **request,
                             enum MHD_RequestTerminationCode code);

/** An MHD_NotifyConnectionCallback over a struct exchanges. */
void http_exchange_connection(void *exchanges, struct MHD_Connection *connection, void **session,
                              enum MHD_ConnectionNotificationCode code);

/** The connection waits for us: do not cut it off. Or does not any more, and has its time anew. */
void http_exchange_excuse(struct MHD_Connection *connection, bool excused);

/** Cut off connections whose time has come. */
void http_exchanges_sweep(struct exchanges *x, mono_us now);

/** Give up on answers that have not come, so that the daemon can be stopped. */
void http_exchanges_abandon(struct exchanges *x);
