#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "cli/jay.h"

enum jay_exit jay_ping(struct jay *j, const struct jay_args *a)
{
    (void)a;
    const enum scrubjay_status status = scrubjay_ping(j->client);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    if (j->json)
        jay_print_json(json_pack("{s:s}", "reply", "pong"), false);
    else
        puts("pong");
    return JAY_OK;
}

/** Ask the node for a document. *out is owned by the caller. */
static enum jay_exit ask(struct jay *j, const char *what, json_t **out)
{
    struct scrubjay_bytes msgpack;
    const enum scrubjay_status status = scrubjay_inspect(j->client, what, &msgpack);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    *out = jay_json_of(msgpack);
    if (*out != NULL)
        return JAY_OK;
    jay_say("the node's answer to \"%s\" is malformed", what);
    return JAY_NEGATIVE;
}

static enum jay_exit print_document(struct jay *j, const char *what)
{
    json_t *document = NULL;
    const enum jay_exit err = ask(j, what, &document);
    if (err != JAY_OK)
        return err;
    if (!j->json)
        jay_print_lines(document);
    else
        jay_print_json(json_incref(document), false);
    json_decref(document);
    return JAY_OK;
}

enum jay_exit jay_node(struct jay *j, const struct jay_args *a)
{
    (void)a;
    return print_document(j, "node");
}

enum jay_exit jay_stats(struct jay *j, const struct jay_args *a)
{
    (void)a;
    return print_document(j, "stats");
}

enum jay_exit jay_vectors(struct jay *j, const struct jay_args *a)
{
    (void)a;
    return print_document(j, "vectors");
}

enum jay_exit jay_namespaces(struct jay *j, const struct jay_args *a)
{
    (void)a;
    return print_document(j, "namespaces");
}

/* ---- members ---- */

static const struct jay_column MEMBER_COLUMNS[] = {
    {"NAME", "name", "", 0},    {"ADDRESS", "address", "", 0},
    {"STATE", "state", "", 0},  {"GENERATION", "generation", "", 0},
    {"RTT", "rtt_ms", "ms", 2}, {"LAST-ACK", "last_ack_ms", "ms", 2},
    {"HEAD", "head", "", 0},
};

/** Leave only the members in this state. */
static void keep_state(json_t *members, const char *state)
{
    for (size_t i = json_array_size(members); i-- > 0;) {
        const char *is = json_string_value(json_object_get(json_array_get(members, i), "state"));
        if (is == NULL || strcmp(is, state) != 0)
            json_array_remove(members, i);
    }
}

static bool is_state(const char *word)
{
    static const char *const states[] = {"alive", "suspect", "dead", "left", "candidate"};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        if (strcmp(states[i], word) == 0)
            return true;
    }
    return false;
}

enum jay_exit jay_members(struct jay *j, const struct jay_args *a)
{
    json_t *document = NULL;
    if (a->state != NULL && !is_state(a->state))
        return jay_usage("\"%s\" is no state: alive, suspect, dead, left and candidate are",
                         a->state);
    const enum jay_exit err = ask(j, "members", &document);
    if (err != JAY_OK)
        return err;
    json_t *members = json_object_get(document, "members");
    if (a->state != NULL)
        keep_state(members, a->state);
    if (j->json)
        jay_print_json(json_incref(document), false);
    else
        jay_print_table(j, members, MEMBER_COLUMNS, ARRAY_LEN(MEMBER_COLUMNS));
    json_decref(document);
    return JAY_OK;
}
