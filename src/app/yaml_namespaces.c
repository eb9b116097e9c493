#include "app/yaml_namespaces.h"

#include <stdio.h>
#include <string.h>

#include "app/namespace.h"
#include "base/suggest.h"

#define PATH_MAX_BYTES (sizeof YAML_NAMESPACES + CONFIG_TEXT_MAX)

/** What a key is called in messages: "namespaces.strict". */
static const char *path_of(const char *key, char out[PATH_MAX_BYTES])
{
    (void)snprintf(out, PATH_MAX_BYTES, YAML_NAMESPACES ".%s", key);
    return out;
}

static bool refuse_unknown(const struct yaml_events *e)
{
    char given[PATH_MAX_BYTES];
    char best[PATH_MAX_BYTES];
    struct suggest s = suggest_begin(e->now.text);
    for (size_t i = 0; i < NAMESPACE_KEYS; i++)
        suggest_offer(&s, namespace_key_text((enum namespace_key)i));
    return yaml_events_unknown(e, path_of(e->now.text, given),
                               s.best == NULL ? NULL : path_of(s.best, best));
}

static bool read_value(struct yaml_events *e, enum namespace_key key, struct config_namespace *out)
{
    char path[PATH_MAX_BYTES];
    (void)path_of(namespace_key_text(key), path);
    if (out->lines[key] != 0)
        return yaml_events_refuse(e, "%s was given before, on line %zu", path, out->lines[key]);
    out->lines[key] = e->now.line;
    if (!yaml_events_scalar(e, path))
        return false;
    if (e->now.bare && e->now.text[0] == '\0')
        return yaml_events_refuse(e, "%s has no value%s", path,
                                  key == NAMESPACE_NAME ? ": write \"\" for the default namespace"
                                                        : "");
    const char *wanted = namespace_parse(out, key, e->now.text);
    return wanted == NULL ||
           yaml_events_refuse(e, "%s: \"%.100s\" is not %s", path, e->now.text, wanted);
}

static bool read_key(struct yaml_events *e, struct config_namespace *out)
{
    enum namespace_key key;
    if (e->now.type != YAML_SCALAR_EVENT)
        return yaml_events_refuse(e, "a key must be a plain word");
    return namespace_key_find(e->now.text, &key) ? read_value(e, key, out) : refuse_unknown(e);
}

static bool check_name(const struct yaml_events *e, const struct config_namespace *out)
{
    if (out->lines[NAMESPACE_NAME] != 0)
        return true;
    return config_refuse_line(e->fault, e->path, out->line,
                              "this entry of " YAML_NAMESPACES
                              " has no name: write name: \"\" for the default namespace");
}

static bool read_entry(struct yaml_events *e, struct config_namespace *out)
{
    *out = (struct config_namespace){.line = e->now.line};
    while (yaml_events_next(e)) {
        if (e->now.type == YAML_MAPPING_END_EVENT)
            return check_name(e, out);
        if (!read_key(e, out))
            return false;
    }
    return false;
}

static bool add_entry(struct yaml_events *e, struct config_namespaces *out)
{
    if (e->now.type != YAML_MAPPING_START_EVENT)
        return yaml_events_refuse(e, YAML_NAMESPACES " must be a list of groups, each with a name");
    if (out->n == POLICIES_MAX)
        return yaml_events_refuse(e, "more than %d " YAML_NAMESPACES ", which is the limit",
                                  POLICIES_MAX);
    return read_entry(e, &out->at[out->n++]);
}

bool yaml_namespaces_read(struct yaml_events *e, struct config_namespaces *out)
{
    if (out->line != 0)
        return yaml_events_refuse(e, YAML_NAMESPACES " was given before, on line %zu", out->line);
    out->line = e->now.line;
    if (!yaml_events_enter(e, YAML_SEQUENCE_START_EVENT, YAML_NAMESPACES,
                           "a list, each entry beginning with \"- name:\""))
        return false;
    while (yaml_events_next(e)) {
        if (e->now.type == YAML_SEQUENCE_END_EVENT)
            return true;
        if (!add_entry(e, out))
            return false;
    }
    return false;
}
