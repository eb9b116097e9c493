#include "app/yaml_events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool yaml_events_begin(struct yaml_events *e, struct slice text)
{
    if (yaml_parser_initialize(&e->parser) == 0)
        return config_refuse(e->fault, EXIT_CONFIG, "%s: out of memory", e->path);
    yaml_parser_set_input_string(&e->parser, text.at, text.len);
    return true;
}

void yaml_events_end(struct yaml_events *e)
{
    yaml_parser_delete(&e->parser);
}

bool yaml_events_refuse(const struct yaml_events *e, const char *format, ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return config_refuse_line(e->fault, e->path, e->now.line, "%s", what);
}

static bool refuse_syntax(const struct yaml_events *e)
{
    const yaml_parser_t *p = &e->parser;
    return config_refuse_line(e->fault, e->path, p->problem_mark.line + 1, "this is no YAML: %s",
                              p->problem != NULL ? p->problem : "it is cut off");
}

static bool keep_text(struct yaml_events *e, const yaml_event_t *event)
{
    const size_t len = event->data.scalar.length;
    if (len >= sizeof e->now.text || memchr(event->data.scalar.value, '\0', len) != NULL)
        return yaml_events_refuse(e, "this text is longer than 511 bytes, or has a NUL");
    memcpy(e->now.text, event->data.scalar.value, len);
    e->now.text[len] = '\0';
    e->now.bare = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    return true;
}

bool yaml_events_next(struct yaml_events *e)
{
    yaml_event_t event;
    if (yaml_parser_parse(&e->parser, &event) == 0)
        return refuse_syntax(e);
    e->now.type = event.type;
    e->now.line = event.start_mark.line + 1;
    bool good = true;
    if (event.type == YAML_SCALAR_EVENT)
        good = keep_text(e, &event);
    else if (event.type == YAML_ALIAS_EVENT)
        good = yaml_events_refuse(e, "aliases are not read here; write the value again");
    yaml_event_delete(&event);
    return good;
}

bool yaml_events_enter(struct yaml_events *e, yaml_event_type_t type, const char *key,
                       const char *wanted)
{
    if (!yaml_events_next(e))
        return false;
    return e->now.type == type || yaml_events_refuse(e, "%s must be %s", key, wanted);
}

bool yaml_events_scalar(struct yaml_events *e, const char *key)
{
    return yaml_events_enter(e, YAML_SCALAR_EVENT, key, "one value");
}

bool yaml_events_unknown(const struct yaml_events *e, const char *key, const char *best)
{
    if (best == NULL)
        return yaml_events_refuse(e, "unknown key \"%.100s\"", key);
    return yaml_events_refuse(e, "unknown key \"%.100s\": did you mean \"%s\"?", key, best);
}
