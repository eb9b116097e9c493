#include <stdio.h>

#include "base/attr.h"
#include "cli/field.h"
#include "cli/jay.h"
#include "cli/live.h"
#include "cli/sample.h"
#include "cli/terminal.h"

static const struct jay_column COLUMNS[] = {
    {"NAME", "name", "", 0},    {"ADDRESS", "address", "", 0},
    {"STATE", "state", "", 0},  {"GENERATION", "generation", "", 0},
    {"RTT", "rtt_ms", "ms", 2}, {"LAST-ACK", "last_ack_ms", "ms", 2},
    {"HEAD", "head", "", 0},
};

/** Leave only the members in this state. */
static void keep_state(json_t *members, const char *state)
{
    for (size_t i = json_array_size(members); i-- > 0;) {
        if (!field_is(json_array_get(members, i), "state", state))
            json_array_remove(members, i);
    }
}

static enum scrubjay_status fetch_members(struct jay *j, const char *state, json_t **out)
{
    const enum scrubjay_status status = jay_fetch(j, "members", out);
    if (status == SCRUBJAY_OK && state != NULL)
        keep_state(json_object_get(*out, "members"), state);
    return status;
}

static void print_members(const struct jay *j, json_t *document, bool one_line)
{
    if (j->json)
        jay_print_json(json_incref(document), one_line);
    else
        jay_print_table(j, json_object_get(document, "members"), COLUMNS, ARRAY_LEN(COLUMNS));
}

/* ---- --watch ---- */

struct watch {
    const char *state; /* NULL = all */
    bool screen;
    json_t *seen; /* what was printed last, without what always moves; NULL = nothing */
};

/** What of a membership is news: not round trips, nor how far anybody has read. */
static json_t *essence_of(const json_t *members)
{
    static const char *const fields[] = {"name", "address", "state", "generation"};
    json_t *out = json_array();
    json_t *member;
    size_t i;
    json_array_foreach(members, i, member)
    {
        json_t *one = json_object();
        for (size_t k = 0; k < ARRAY_LEN(fields); k++)
            json_object_set(one, fields[k], json_object_get(member, fields[k]));
        json_array_append_new(out, one);
    }
    return out;
}

static bool is_news(struct watch *w, const json_t *document)
{
    json_t *essence = essence_of(json_object_get(document, "members"));
    const bool equal = w->seen != NULL && json_equal(w->seen, essence) != 0;
    json_decref(w->seen);
    w->seen = essence;
    return !equal;
}

/** A block begins with when it was: on a screen it is drawn over the one before. */
static void print_block(const struct jay *j, json_t *document)
{
    char time[JAY_TIME_MAX];
    jay_time_now(time);
    if (j->json)
        json_object_set_new(document, "time", json_string(time));
    else
        printf("%s  node %s\n", time, field_text_or(document, "node", "?"));
    print_members(j, document, true);
}

static enum scrubjay_status look(struct jay *j, void *ctx, bool *shown)
{
    struct watch *w = ctx;
    json_t *document = NULL;
    const enum scrubjay_status status = fetch_members(j, w->state, &document);
    if (status != SCRUBJAY_OK)
        return status;
    *shown = is_news(w, document);
    if (*shown || w->screen) {
        terminal_begin();
        print_block(j, document);
        terminal_end();
    }
    json_decref(document);
    return SCRUBJAY_OK;
}

static enum jay_exit watch_members(struct jay *j, const struct jay_args *a)
{
    struct watch w = {.state = a->state, .screen = !j->json && terminal_is_screen()};
    const struct live live = {.look = look,
                              .ctx = &w,
                              .interval_ms = a->interval_ms,
                              .count = a->count,
                              .screen = w.screen};
    const enum jay_exit status = live_run(j, &live);
    json_decref(w.seen);
    return status;
}

enum jay_exit jay_members(struct jay *j, const struct jay_args *a)
{
    json_t *document = NULL;
    enum sample_state known;
    if (a->state != NULL && !sample_state_named(a->state, &known))
        return jay_usage("\"%s\" is no state: alive, suspect, dead, left and candidate are",
                         a->state);
    if (a->watch)
        return watch_members(j, a);
    const enum scrubjay_status status = fetch_members(j, a->state, &document);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    print_members(j, document, false);
    json_decref(document);
    return JAY_OK;
}
