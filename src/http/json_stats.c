#include <assert.h>
#include <stdio.h>

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

static bool say(json_t *group, const char *key, const char *suffix, uint64_t value)
{
    char name[64];
    const int n = snprintf(name, sizeof name, "%s%s", key, suffix);
    assert(n > 0 && (size_t)n < sizeof name);
    return json_object_set_new(group, name, http_json_number(value)) == 0;
}

/** How many, how long all of them took, and the bounds below which half and 99 of 100 of them stayed. */
static bool say_spans(json_t *group, const char *key, const struct spans *s)
{
    return say(group, key, "_n", spans_count(s)) && say(group, key, "_sum_us", s->sum_us) &&
           say(group, key, "_p50_us", spans_quantile(s, 50)) &&
           say(group, key, "_p99_us", spans_quantile(s, 99));
}

static bool say_row(json_t *group, const struct facts *f, const struct facts_row *row)
{
    if (row->kind != FACTS_SPANS)
        return say(group, row->key, "", http_facts_value(f, row));
    const struct spans spans = http_facts_spans(f, row);
    return say_spans(group, row->key, &spans);
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
        whole = say_row(group_of(out, row->group), f, row);
    }
    if (whole)
        return out;
    json_decref(out);
    return NULL;
}
