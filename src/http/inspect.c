#include "http/inspect.h"

#include "http/json.h"
#include "http/to_msgpack.h"

static json_t *render(const struct http_site *site, enum client_op what)
{
    struct facts facts;
    switch (what) {
    case OP_MEMBERS:
        return http_json_members(loop_node(site->loop), loop_now());
    case OP_VECTORS:
        return http_json_vectors(loop_node(site->loop), loop_now());
    case OP_NAMESPACES:
        return http_json_namespaces(loop_cache(site->loop), loop_policies(site->loop));
    case OP_NODE:
        http_facts_collect(site->loop, &site->facts, &facts);
        return http_json_node(&facts);
    case OP_STATS:
        http_facts_collect(site->loop, &site->facts, &facts);
        return http_json_stats(&facts);
    default:
        return NULL;
    }
}

/** Take value as msgpack. */
static size_t pack(json_t *value, uint8_t **msgpack)
{
    struct http_text text = {0};
    if (value == NULL)
        return 0;
    http_to_msgpack(&text, value);
    json_decref(value);
    if (text.failed) {
        http_text_fini(&text);
        return 0;
    }
    *msgpack = (uint8_t *)text.at;
    return text.len;
}

size_t http_inspect(void *site, enum client_op what, uint8_t **msgpack)
{
    return pack(render(site, what), msgpack);
}

size_t http_inspect_told(void *site, const struct node_reply *reply, uint8_t **msgpack)
{
    const struct http_site *s = site;
    const struct node *n = loop_node(s->loop);
    return pack(reply->ask == NODE_SURVEY ? http_json_matrix(n, reply) : http_json_trace(n, reply),
                msgpack);
}
