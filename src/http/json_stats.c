#include <assert.h>

#include "http/json.h"

/** The group, made when it is new. Lends. */
static json_t *group_of(json_t *stats, const char *name)
{
    json_t *group = json_object_get(stats, name);
    if (group != NULL)
        return group;
    group = json_object();
    (void)json_object_set_new(stats, name, group);
    return group;
}

/** How many, how long all of them took, and the bounds below which half and 99 of 100 of them stayed. */
static json_t *spans_of(const struct spans *s)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "n", http_json_number(spans_count(s)), "sum_us",
                     http_json_number(s->sum_us), "p50_us", http_json_number(spans_quantile(s, 50)),
                     "p99_us", http_json_number(spans_quantile(s, 99)));
}

static json_t *value_of(const struct facts *f, const struct facts_row *row)
{
    if (row->kind != FACTS_SPANS)
        return http_json_number(http_facts_value(f, row));
    const struct spans spans = http_facts_spans(f, row);
    return spans_of(&spans);
}

json_t *http_json_stats(const struct facts *f)
{
    const struct facts_row *row = NULL;
    json_t *out = json_object();
    bool whole = out != NULL;
    for (size_t i = 0; whole && (row = http_facts_row(i)) != NULL; i++) {
        if (row->group == NULL)
            continue;
        assert(!row->micros); /* keys say no unit */
        whole = json_object_set_new(group_of(out, row->group), row->key, value_of(f, row)) == 0;
    }
    if (whole)
        return out;
    json_decref(out);
    return NULL;
}
