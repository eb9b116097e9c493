/**
 * app/yaml_events.h - a YAML document as events, one by one, each with its line.
 *
 * Refuses what no file of settings holds: aliases, texts that are too long, a NUL. Never knows a key.
 */
#pragma once

#include <yaml.h>

#include "app/config.h"
#include "base/slice.h"

/** One event, copied: what it is, where, and the text of a scalar. */
struct yaml_event_now {
    yaml_event_type_t type;
    size_t line;
    bool bare; /* a scalar without quotes: when its text is empty, nothing was written */
    char text[CONFIG_TEXT_MAX];
};

/** A document and where we are in it. */
struct yaml_events {
    yaml_parser_t parser;
    const char *path;           /* of the file, for *fault; lent */
    struct config_fault *fault; /* lent */
    struct yaml_event_now now;
};

/** Begin with text, which is lent until yaml_events_end(). path and fault must be set. */
MUST_USE bool yaml_events_begin(struct yaml_events *e, struct slice text);

/** Release what the parser holds. */
void yaml_events_end(struct yaml_events *e);

/** Move on to the next event. false with *fault set: what stands there cannot be read. */
MUST_USE bool yaml_events_next(struct yaml_events *e);

/** Set *fault to "path:line: what" with the line of the event we are at; returns false. */
MUST_USE bool yaml_events_refuse(const struct yaml_events *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Read the value of key: one scalar. Else *fault is set. */
MUST_USE bool yaml_events_scalar(struct yaml_events *e, const char *key);

/** Enter the value of key, which begins with an event of this type; else wanted says what it must be. */
MUST_USE bool yaml_events_enter(struct yaml_events *e, yaml_event_type_t type, const char *key,
                                const char *wanted);

/** Refuse an unknown key; best is what was probably meant, NULL = nothing known resembles it. */
MUST_USE bool yaml_events_unknown(const struct yaml_events *e, const char *key, const char *best);
