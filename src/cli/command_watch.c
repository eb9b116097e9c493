#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "cli/jay.h"
#include "cli/terminal.h"
#include "wire/client.h"

#define BEAT_MS  5000 /* after this long without an event the node is asked whether it is there */
#define RETRY_MS 500  /* between two attempts to connect; the client itself waits longer */

/** What is followed. */
struct watch {
    const char *ns;
    const char *prefix;
    uint64_t count; /* 0 = no end */
    uint64_t seen;
    bool stays; /* connect again when the connection breaks */
};

static const char *scope_text(enum scrubjay_scope scope)
{
    return client_scope_text((enum client_scope)scope);
}

/** An invalidation of everything that nobody issued stands for events that cannot be told. */
static bool is_loss(const struct scrubjay_event *e)
{
    return e->scope == SCRUBJAY_ALL && e->stamp.len == 0;
}

static void print_event_json(const struct scrubjay_event *e)
{
    char time[JAY_TIME_MAX];
    json_t *targets = json_array();
    if (e->scope != SCRUBJAY_NAMESPACE && e->scope != SCRUBJAY_ALL)
        json_array_append_new(targets, jay_json_bytes(e->target));
    jay_time_now(time);
    jay_print_json(json_pack("{s:s, s:s, s:o, s:s, s:o, s:o}", "time", time, "event",
                             is_loss(e) ? "lost" : "invalidated", "ns", jay_json_bytes(e->ns),
                             "scope", scope_text(e->scope), "targets", targets, "stamp",
                             is_loss(e) ? json_null() : jay_json_hex(e->stamp)),
                   true);
}

/** One line: scope, target, stamp. */
static void print_event_line(const struct scrubjay_event *e)
{
    char stamp[2 * SCRUBJAY_STAMP_MAX + 1];
    const size_t len = e->stamp.len < SCRUBJAY_STAMP_MAX ? e->stamp.len : SCRUBJAY_STAMP_MAX;
    hex_write(e->stamp.at, len, stamp);
    printf("%-9s  ", scope_text(e->scope));
    if (e->target.len > 0)
        jay_print_escaped(e->target);
    else
        putchar('*');
    printf("  %s\n", len > 0 ? stamp : "-");
}

/** false when nobody reads what is printed. */
static bool print_event(const struct jay *j, const struct scrubjay_event *e)
{
    if (j->json)
        print_event_json(e);
    else
        print_event_line(e);
    return fflush(stdout) == 0;
}

/** Wait for one event, asking now and then whether the node is still there. */
static enum scrubjay_status await_event(struct jay *j, struct scrubjay_event *out)
{
    for (;;) {
        enum scrubjay_status status = scrubjay_next(j->client, BEAT_MS, out);
        if (status != SCRUBJAY_TIMEOUT)
            return status;
        status = scrubjay_ping(j->client);
        if (status == SCRUBJAY_TIMEOUT)
            return status;
    }
}

static enum scrubjay_status subscribe(struct jay *j, const struct watch *w)
{
    return scrubjay_subscribe(j->client, w->ns, scrubjay_text(w->prefix));
}

static bool may_pass(enum scrubjay_status status)
{
    return status == SCRUBJAY_CONNECT || status == SCRUBJAY_TIMEOUT || status == SCRUBJAY_UNKNOWN;
}

/** Subscribe again, however long it takes; what came in between was not seen, and is told as lost. */
static enum scrubjay_status resume(struct jay *j, const struct watch *w)
{
    const struct scrubjay_event lost = {.ns = scrubjay_text(w->ns), .scope = SCRUBJAY_ALL};
    enum scrubjay_status status;
    jay_say("%s Connecting again.", scrubjay_error(j->client));
    do {
        (void)terminal_wait(RETRY_MS);
        status = subscribe(j, w);
    } while (may_pass(status));
    if (status != SCRUBJAY_OK)
        return status;
    jay_say("connected to %s again; everything may have changed meanwhile", j->server);
    return print_event(j, &lost) ? SCRUBJAY_OK : SCRUBJAY_ERROR;
}

static enum jay_exit follow(struct jay *j, struct watch *w)
{
    while (w->count == 0 || w->seen < w->count) {
        struct scrubjay_event event;
        enum scrubjay_status status = await_event(j, &event);
        if (w->stays && may_pass(status)) {
            status = resume(j, w);
            if (status == SCRUBJAY_OK)
                continue;
        }
        if (status != SCRUBJAY_OK)
            return jay_judge(j, status);
        if (is_loss(&event))
            jay_say("events were lost, here or between nodes: everything may have changed");
        w->seen += !is_loss(&event);
        if (!print_event(j, &event))
            return JAY_NEGATIVE;
    }
    return JAY_OK;
}

enum jay_exit jay_watch(struct jay *j, const struct jay_args *a)
{
    struct watch w = {.ns = j->ns,
                      .prefix = a->prefix != NULL ? a->prefix : "",
                      .count = a->count,
                      .stays = !a->no_reconnect};
    const enum scrubjay_status status = subscribe(j, &w);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    jay_say("watching namespace \"%s\", keys \"%s*\", at %s", w.ns, w.prefix, j->server);
    return follow(j, &w);
}
