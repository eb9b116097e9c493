#include "http/json.h"
#include "http/namespaces.h"

static json_t *policy_json(struct slice name, const struct policy *p)
{
    return json_pack("{s:o, s:b, s:o, s:o, s:o, s:o}", "name", http_json_text(name), "strict",
                     (int)p->strict, "within_ms", http_json_number(p->within_ms), "ttl_ms",
                     http_json_number(p->ttl_ms), "ttl_max_ms", http_json_number(p->ttl_max_ms),
                     "stale_ms", http_json_number(p->stale_ms));
}

static void add_counts(json_t *out, const struct cache_ns_stats *stats)
{
    const struct http_ns_row *row;
    for (size_t i = 0; (row = http_ns_row(i)) != NULL; i++)
        (void)json_object_set_new(out, row->key, http_json_number(http_ns_value(stats, row)));
}

json_t *http_json_namespaces(struct cache *c, const struct policies *policies)
{
    struct http_namespaces all;
    json_t *out = json_array();
    http_namespaces_collect(c, &all);
    for (uint32_t i = 0; i < all.n; i++) {
        json_t *one = policy_json(all.names[i], policy_of(policies, all.names[i]));
        add_counts(one, &all.stats[i]);
        (void)json_array_append_new(out, one);
    }
    return json_pack("{s:o}", "namespaces", out);
}
