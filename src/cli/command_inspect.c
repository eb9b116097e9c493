#include <stdio.h>

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

enum scrubjay_status jay_fetch(struct jay *j, const char *what, json_t **out)
{
    struct scrubjay_bytes msgpack;
    const enum scrubjay_status status = scrubjay_inspect(j->client, what, &msgpack);
    if (status != SCRUBJAY_OK)
        return status;
    *out = jay_json_of(msgpack);
    if (json_is_object(*out))
        return SCRUBJAY_OK;
    jay_say("the node's answer to \"%s\" is malformed", what);
    json_decref(*out);
    *out = NULL;
    return SCRUBJAY_PROTOCOL;
}

static enum jay_exit print_document(struct jay *j, const char *what)
{
    json_t *document = NULL;
    const enum scrubjay_status status = jay_fetch(j, what, &document);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
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
    static const struct jay_column columns[] = {
        {"NAME", "name", "", 0},
        {"ITEMS", "items", "", 0},
        {"BYTES", "bytes", "", 0},
        {"HITS", "hits", "", 0},
        {"STALE", "stale_hits", "", 0},
        {"MISSES", "misses", "", 0},
        {"FILLS", "fills", "", 0},
        {"PUTS", "puts", "", 0},
        {"INVALIDATED", "invalidated", "", 0},
        {"EVICTED", "evicted", "", 0},
        {"EXPIRED", "expired", "", 0},
    };
    json_t *document = NULL;
    (void)a;
    const enum scrubjay_status status = jay_fetch(j, "namespaces", &document);
    if (status != SCRUBJAY_OK)
        return jay_judge(j, status);
    if (j->json)
        jay_print_json(json_incref(document), false);
    else
        jay_print_table(j, json_object_get(document, "namespaces"), columns, ARRAY_LEN(columns));
    json_decref(document);
    return JAY_OK;
}
