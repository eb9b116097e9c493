#include "app/yaml_lines.h"

#include <stdio.h>
#include <string.h>

#include "app/option.h"
#include "app/yaml_events.h"
#include "app/yaml_namespaces.h"
#include "base/suggest.h"

struct walk {
    struct yaml_events events;
    struct yaml_lines *out;
    struct config_namespaces *namespaces;
};

/* ---- keys ---- */

static bool find_option(const char *path, enum config_option *out)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(option_row((enum config_option)i)->path, path) == 0) {
            *out = (enum config_option)i;
            return true;
        }
    }
    return false;
}

/** Is path the beginning of keys, as "gossip" is of "gossip.listen"? */
static bool is_group(const char *path)
{
    const size_t len = strlen(path);
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *full = option_row((enum config_option)i)->path;
        if (strncmp(full, path, len) == 0 && full[len] == '.')
            return true;
    }
    return false;
}

/** Offer the keys that may stand where `path` stands: those of its group, and groups. */
static const char *find_similar(const char *path, char best[CONFIG_TEXT_MAX])
{
    struct suggest s = suggest_begin(path);
    const bool nested = strchr(path, '.') != NULL;
    char group[OPTIONS][CONFIG_TEXT_MAX];
    for (size_t i = 0; i < OPTIONS; i++) {
        const char *full = option_row((enum config_option)i)->path;
        (void)snprintf(group[i], sizeof group[i], "%.*s",
                       nested ? CONFIG_TEXT_MAX - 1 : (int)strcspn(full, "."), full);
        suggest_offer(&s, group[i]);
    }
    if (!nested)
        suggest_offer(&s, YAML_NAMESPACES);
    if (s.best == NULL)
        return NULL;
    (void)snprintf(best, CONFIG_TEXT_MAX, "%s", s.best);
    return best;
}

static bool refuse_unknown(const struct walk *w, const char *path)
{
    char best[CONFIG_TEXT_MAX];
    return yaml_events_unknown(&w->events, path, find_similar(path, best));
}

/* ---- shapes ---- */

static bool read_sequence(struct walk *w, const char *path)
{
    struct yaml_events *e = &w->events;
    if (!yaml_events_enter(e, YAML_SEQUENCE_START_EVENT, path, "a list, as in [a, b]"))
        return false;
    while (yaml_events_next(e)) {
        if (e->now.type == YAML_SEQUENCE_END_EVENT)
            return true;
        if (e->now.type != YAML_SCALAR_EVENT)
            return yaml_events_refuse(e, "%s must be a list of plain values", path);
    }
    return false;
}

static bool read_option(struct walk *w, enum config_option option)
{
    const struct option_row *row = option_row(option);
    if (w->out->at[option] != 0)
        return yaml_events_refuse(&w->events, "%s was given before, on line %zu", row->path,
                                  w->out->at[option]);
    w->out->at[option] = w->events.now.line;
    w->out->n++;
    return row->many ? read_sequence(w, row->path) : yaml_events_scalar(&w->events, row->path);
}

/** One key of a group. group is its path with the point behind it. */
static bool read_group_key(struct walk *w, const char *group)
{
    enum config_option option;
    char path[2 * CONFIG_TEXT_MAX];
    if (w->events.now.type != YAML_SCALAR_EVENT)
        return yaml_events_refuse(&w->events, "a key must be a plain word");
    (void)snprintf(path, sizeof path, "%.500s%s", group, w->events.now.text);
    return find_option(path, &option) ? read_option(w, option) : refuse_unknown(w, path);
}

static bool read_group(struct walk *w)
{
    struct yaml_events *e = &w->events;
    char path[CONFIG_TEXT_MAX];
    char group[CONFIG_TEXT_MAX + 1];
    (void)snprintf(path, sizeof path, "%s", e->now.text);
    (void)snprintf(group, sizeof group, "%s.", path);
    if (!yaml_events_enter(e, YAML_MAPPING_START_EVENT, path,
                           "a group of keys, indented on the next lines"))
        return false;
    while (yaml_events_next(e)) {
        if (e->now.type == YAML_MAPPING_END_EVENT)
            return true;
        if (!read_group_key(w, group))
            return false;
    }
    return false;
}

static bool read_key(struct walk *w)
{
    struct yaml_events *e = &w->events;
    enum config_option option;
    if (e->now.type != YAML_SCALAR_EVENT)
        return yaml_events_refuse(e, "a key must be a plain word");
    if (strchr(e->now.text, '.') != NULL)
        return yaml_events_refuse(
            e, "a key has no point: write \"gossip:\", and \"listen:\" indented below");
    if (strcmp(e->now.text, YAML_NAMESPACES) == 0)
        return yaml_namespaces_read(e, w->namespaces);
    if (find_option(e->now.text, &option))
        return read_option(w, option);
    return is_group(e->now.text) ? read_group(w) : refuse_unknown(w, e->now.text);
}

/** The keys of the whole file. */
static bool read_mapping(struct walk *w)
{
    while (yaml_events_next(&w->events)) {
        if (w->events.now.type == YAML_MAPPING_END_EVENT)
            return true;
        if (!read_key(w))
            return false;
    }
    return false;
}

/** Between the start of the stream and the first mapping; a file of comments has none. */
static bool find_mapping(struct yaml_events *e, bool *found)
{
    *found = false;
    while (yaml_events_next(e)) {
        switch (e->now.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_START_EVENT:
            continue;
        case YAML_STREAM_END_EVENT:
            return true;
        case YAML_MAPPING_START_EVENT:
            *found = true;
            return true;
        default:
            return yaml_events_refuse(e, "the file must hold keys and values, as in \"name: a\"");
        }
    }
    return false;
}

static bool read_end(struct yaml_events *e)
{
    if (!yaml_events_next(e)) /* the end of the document */
        return false;
    if (!yaml_events_next(e))
        return false;
    return e->now.type == YAML_STREAM_END_EVENT ||
           yaml_events_refuse(e, "a second document is not read");
}

static bool walk(struct walk *w)
{
    bool found = false;
    if (!find_mapping(&w->events, &found))
        return false;
    return !found || (read_mapping(w) && read_end(&w->events));
}

bool yaml_lines_find(struct slice text, struct config *c, struct yaml_lines *out,
                     struct config_fault *fault)
{
    struct walk w = {
        .events = {.path = c->file, .fault = fault}, .out = out, .namespaces = &c->namespaces};
    *out = (struct yaml_lines){.n = 0};
    if (!yaml_events_begin(&w.events, text))
        return false;
    const bool good = walk(&w);
    yaml_events_end(&w.events);
    return good;
}
