#include <stdio.h>
#include <string.h>

#include "cli/jay.h"
#include "cli/text.h"
#include "wire/client.h"

#define BEAT_MS 5000 /* after this long without an event the node is asked whether it is there */

static const char *scope_text(enum scrubjay_scope scope)
{
    return client_scope_text((enum client_scope)scope);
}

static void print_event_json(const struct scrubjay_event *e)
{
    json_t *targets = json_array();
    if (e->scope != SCRUBJAY_NAMESPACE && e->scope != SCRUBJAY_ALL)
        json_array_append_new(targets, jay_json_bytes(e->target));
    jay_print_json(json_pack("{s:o, s:s, s:o, s:o}", "ns", jay_json_bytes(e->ns), "scope",
                             scope_text(e->scope), "targets", targets, "stamp",
                             jay_json_hex(e->stamp)),
                   true);
}

/** One line: scope, target, stamp. */
static void print_event_line(const struct scrubjay_event *e)
{
    char stamp[2 * SCRUBJAY_STAMP_MAX + 1];
    const size_t len = e->stamp.len < SCRUBJAY_STAMP_MAX ? e->stamp.len : SCRUBJAY_STAMP_MAX;
    text_hex_write(e->stamp.at, len, stamp);
    printf("%-9s  ", scope_text(e->scope));
    if (e->target.len > 0)
        jay_print_escaped(e->target);
    else
        putchar('*');
    printf("  %s\n", len > 0 ? stamp : "-");
}

/** Wait for one event, asking now and then whether the node is still there. */
static enum scrubjay_status await_event(struct jay *j, struct scrubjay_event *out)
{
    for (;;) {
        const enum scrubjay_status status = scrubjay_next(j->client, BEAT_MS, out);
        if (status != SCRUBJAY_TIMEOUT)
            return status;
        if (scrubjay_ping(j->client) == SCRUBJAY_TIMEOUT)
            return SCRUBJAY_TIMEOUT;
    }
}

static enum jay_exit follow(struct jay *j, uint64_t count)
{
    for (uint64_t n = 0; count == 0 || n < count; n++) {
        struct scrubjay_event event;
        const enum scrubjay_status status = await_event(j, &event);
        if (status != SCRUBJAY_OK)
            return jay_judge(j, status);
        if (j->json)
            print_event_json(&event);
        else
            print_event_line(&event);
        if (fflush(stdout) != 0)
            return JAY_NEGATIVE;
    }
    return JAY_OK;
}

enum jay_exit jay_watch(struct jay *j, const struct jay_args *a)
{
    const char *prefix = a->prefix != NULL ? a->prefix : "";
    const enum scrubjay_status status = scrubjay_subscribe(j->client, j->ns, scrubjay_text(prefix));
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    jay_say("watching namespace \"%s\", keys \"%s*\", at %s", j->ns, prefix, j->server);
    return follow(j, a->count);
}
