/**
 * app/yaml_lines.h - on which line of a YAML file each option stands, and whether its shape is right.
 *
 * libcyaml checks a document by a schema but tells no line of an unknown key; this does. Never looks at
 * values.
 */
#pragma once

#include "app/config.h"
#include "base/slice.h"

struct yaml_lines {
    size_t at[OPTIONS]; /* 0 = not given */
    size_t n;           /* how many are given */
};

/**
 * Walk through a document: mappings whose keys are the options' paths, scalars, and sequences of
 * scalars for repeatable ones. No aliases, one document.
 *
 * path:    of the file, for *fault.
 */
MUST_USE bool yaml_lines_find(struct slice text, const char *path, struct yaml_lines *out,
                              struct config_fault *fault);
