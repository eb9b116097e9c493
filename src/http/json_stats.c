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

json_t *http_json_stats(const struct facts *f)
{
    size_t n = 0;
    const struct facts_row *rows = http_facts_rows(&n);
    json_t *out = json_object();
    bool whole = out != NULL;
    for (size_t i = 0; whole && i < n; i++) {
        if (rows[i].group == NULL)
            continue;
        assert(!rows[i].micros); /* keys say no unit */
        json_t *number = http_json_number(http_facts_value(f, &rows[i]));
        whole = json_object_set_new(group_of(out, rows[i].group), rows[i].key, number) == 0;
    }
    if (whole)
        return out;
    json_decref(out);
    return NULL;
}
