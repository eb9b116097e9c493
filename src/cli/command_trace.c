#include <stdio.h>

#include "base/attr.h"
#include "cli/field.h"
#include "cli/jay.h"

static const struct jay_column NODE_COLUMNS[] = {
    {"NODE", "name", "", 0},           {"STATE", "state", "", 0},    {"LATE", "late_ms", "ms", 3},
    {"+/-", "late_error_ms", "ms", 3}, {"WAIT", "wait_ms", "ms", 3}, {"ACKED", "acked_ms", "ms", 3},
    {"AGE", "age_ms", "ms", 0},
};

/** What the document says of the invalidation itself. */
static void print_head(const json_t *document)
{
    static const char *const fields[] = {"stamp", "origin", "seq", "count", "issuer"};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const json_t *value = json_object_get(document, fields[i]);
        if (json_is_string(value))
            printf("%-8s%s\n", fields[i], json_string_value(value));
        else if (json_is_integer(value))
            printf("%-8s%lld\n", fields[i], (long long)json_integer_value(value));
    }
}

/** Does every node have it? A node that is silent may or may not. */
static bool is_everywhere(const json_t *nodes)
{
    size_t i;
    json_t *node;
    json_array_foreach(nodes, i, node)
    {
        if (!field_is(node, "state", "applied") && !field_is(node, "state", "covered") &&
            !field_is(node, "state", "barred"))
            return false;
    }
    return true;
}

static enum jay_exit print_trace(const struct jay *j, json_t *document)
{
    const json_t *nodes = json_object_get(document, "nodes");
    const bool everywhere = is_everywhere(nodes);
    if (j->json) {
        jay_print_json(json_incref(document), false);
    } else {
        print_head(document);
        putchar('\n');
        jay_print_table(j, nodes, NODE_COLUMNS, ARRAY_LEN(NODE_COLUMNS));
    }
    if (!everywhere)
        jay_say("not every node is known to have applied it");
    return everywhere ? JAY_OK : JAY_NEGATIVE;
}

enum jay_exit jay_trace(struct jay *j, const struct jay_args *a)
{
    struct scrubjay_stamp stamp;
    struct scrubjay_bytes msgpack;
    if (!jay_read_stamp(a->words[0], &stamp))
        return jay_usage("\"%s\" is no stamp: give the 48 hex digits that \"jay invalidate\" or "
                         "\"jay put\" printed",
                         a->words[0]);
    const enum scrubjay_status status = scrubjay_trace(j->client, &stamp, &msgpack);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    json_t *document = jay_json_of(msgpack);
    if (!json_is_object(document)) {
        json_decref(document);
        jay_say("the node's answer to \"trace\" is malformed");
        return JAY_NEGATIVE;
    }
    const enum jay_exit exit = print_trace(j, document);
    json_decref(document);
    return exit;
}
