#include "http/json.h"

json_t *http_json_namespaces(const struct cache *c, const struct policies *policies)
{
    json_t *out = json_array();
    for (uint32_t i = 0; i < cache_namespaces(c); i++) {
        const struct slice name = cache_namespace_name(c, (uint8_t)i);
        const struct policy *p = policy_of(policies, name);
        (void)json_array_append_new(out, json_pack("{s:o, s:b, s:o, s:o, s:o, s:o}", "name",
                                                   http_json_text(name), "strict", (int)p->strict,
                                                   "within_ms", http_json_number(p->within_ms),
                                                   "ttl_ms", http_json_number(p->ttl_ms),
                                                   "ttl_max_ms", http_json_number(p->ttl_max_ms),
                                                   "stale_ms", http_json_number(p->stale_ms)));
    }
    return json_pack("{s:o}", "namespaces", out);
}
