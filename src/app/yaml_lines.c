#include "app/yaml_lines.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "app/option.h"
#include "base/suggest.h"

/** One event, copied: what it is, where, and the text of a scalar. */
struct event {
    yaml_event_type_t type;
    size_t line;
    char text[CONFIG_TEXT_MAX];
};

struct walk {
    yaml_parser_t parser;
    const char *path;
    struct yaml_lines *out;
    struct config_fault *fault;
    struct event now;
};

/* ---- events ---- */

static bool refuse_syntax(const struct walk *w)
{
    const yaml_parser_t *p = &w->parser;
    return config_refuse_line(w->fault, w->path, p->problem_mark.line + 1, "this is no YAML: %s",
                              p->problem != NULL ? p->problem : "it is cut off");
}

static bool refuse_here(const struct walk *w, const char *what)
{
    return config_refuse_line(w->fault, w->path, w->now.line, "%s", what);
}

static bool keep_text(struct walk *w, const yaml_event_t *e)
{
    const size_t len = e->data.scalar.length;
    if (len >= sizeof w->now.text || memchr(e->data.scalar.value, '\0', len) != NULL)
        return refuse_here(w, "this text is longer than 511 bytes, or has a NUL");
    memcpy(w->now.text, e->data.scalar.value, len);
    w->now.text[len] = '\0';
    return true;
}

static bool next(struct walk *w)
{
    yaml_event_t e;
    if (yaml_parser_parse(&w->parser, &e) == 0)
        return refuse_syntax(w);
    w->now.type = e.type;
    w->now.line = e.start_mark.line + 1;
    bool good = true;
    if (e.type == YAML_SCALAR_EVENT)
        good = keep_text(w, &e);
    else if (e.type == YAML_ALIAS_EVENT)
        good = refuse_here(w, "aliases are not read here; write the value again");
    yaml_event_delete(&e);
    return good;
}

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
    if (s.best == NULL)
        return NULL;
    (void)snprintf(best, CONFIG_TEXT_MAX, "%s", s.best);
    return best;
}

static bool refuse_unknown(const struct walk *w, const char *path)
{
    char best[CONFIG_TEXT_MAX];
    if (find_similar(path, best) == NULL)
        return config_refuse_line(w->fault, w->path, w->now.line, "unknown key \"%.100s\"", path);
    return config_refuse_line(w->fault, w->path, w->now.line,
                              "unknown key \"%.100s\": did you mean \"%s\"?", path, best);
}

/* ---- shapes ---- */

static bool refuse_shape(const struct walk *w, const char *path, const char *wanted)
{
    return config_refuse_line(w->fault, w->path, w->now.line, "%s must be %s", path, wanted);
}

static bool read_scalar(struct walk *w, const char *path)
{
    if (!next(w))
        return false;
    return w->now.type == YAML_SCALAR_EVENT || refuse_shape(w, path, "one value");
}

static bool read_sequence(struct walk *w, const char *path)
{
    if (!next(w))
        return false;
    if (w->now.type != YAML_SEQUENCE_START_EVENT)
        return refuse_shape(w, path, "a list, as in [a, b]");
    while (next(w)) {
        if (w->now.type == YAML_SEQUENCE_END_EVENT)
            return true;
        if (w->now.type != YAML_SCALAR_EVENT)
            return refuse_shape(w, path, "a list of plain values");
    }
    return false;
}

static bool read_option(struct walk *w, enum config_option option)
{
    const struct option_row *row = option_row(option);
    if (w->out->at[option] != 0)
        return config_refuse_line(w->fault, w->path, w->now.line,
                                  "%s was given before, on line %zu", row->path,
                                  w->out->at[option]);
    w->out->at[option] = w->now.line;
    w->out->n++;
    return row->many ? read_sequence(w, row->path) : read_scalar(w, row->path);
}

/** One key of a group. group is its path with the point behind it. */
static bool read_group_key(struct walk *w, const char *group)
{
    enum config_option option;
    char path[2 * CONFIG_TEXT_MAX];
    if (w->now.type != YAML_SCALAR_EVENT)
        return refuse_here(w, "a key must be a plain word");
    (void)snprintf(path, sizeof path, "%.500s%s", group, w->now.text);
    return find_option(path, &option) ? read_option(w, option) : refuse_unknown(w, path);
}

static bool read_group(struct walk *w)
{
    char path[CONFIG_TEXT_MAX];
    char group[CONFIG_TEXT_MAX + 1];
    (void)snprintf(path, sizeof path, "%s", w->now.text);
    (void)snprintf(group, sizeof group, "%s.", path);
    if (!next(w))
        return false;
    if (w->now.type != YAML_MAPPING_START_EVENT)
        return refuse_shape(w, path, "a group of keys, indented on the next lines");
    while (next(w)) {
        if (w->now.type == YAML_MAPPING_END_EVENT)
            return true;
        if (!read_group_key(w, group))
            return false;
    }
    return false;
}

static bool read_key(struct walk *w)
{
    enum config_option option;
    if (w->now.type != YAML_SCALAR_EVENT)
        return refuse_here(w, "a key must be a plain word");
    if (strchr(w->now.text, '.') != NULL)
        return refuse_here(w,
                           "a key has no point: write \"gossip:\", and \"listen:\" indented below");
    if (find_option(w->now.text, &option))
        return read_option(w, option);
    return is_group(w->now.text) ? read_group(w) : refuse_unknown(w, w->now.text);
}

/** The keys of the whole file. */
static bool read_mapping(struct walk *w)
{
    while (next(w)) {
        if (w->now.type == YAML_MAPPING_END_EVENT)
            return true;
        if (!read_key(w))
            return false;
    }
    return false;
}

/** Between the start of the stream and the first mapping; a file of comments has none. */
static bool find_mapping(struct walk *w, bool *found)
{
    *found = false;
    while (next(w)) {
        switch (w->now.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_START_EVENT:
            continue;
        case YAML_STREAM_END_EVENT:
            return true;
        case YAML_MAPPING_START_EVENT:
            *found = true;
            return true;
        default:
            return refuse_here(w, "the file must hold keys and values, as in \"name: a\"");
        }
    }
    return false;
}

static bool read_end(struct walk *w)
{
    if (!next(w)) /* the end of the document */
        return false;
    if (!next(w))
        return false;
    return w->now.type == YAML_STREAM_END_EVENT || refuse_here(w, "a second document is not read");
}

static bool walk(struct walk *w)
{
    bool found = false;
    if (!find_mapping(w, &found))
        return false;
    return !found || (read_mapping(w) && read_end(w));
}

bool yaml_lines_find(struct slice text, const char *path, struct yaml_lines *out,
                     struct config_fault *fault)
{
    struct walk w = {.path = path, .out = out, .fault = fault};
    *out = (struct yaml_lines){.n = 0};
    if (yaml_parser_initialize(&w.parser) == 0)
        return config_refuse(fault, EXIT_CONFIG, "%s: out of memory", path);
    yaml_parser_set_input_string(&w.parser, text.at, text.len);
    const bool good = walk(&w);
    yaml_parser_delete(&w.parser);
    return good;
}
