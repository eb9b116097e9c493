/**
 * app/yaml_lines.h - on which line of a YAML file each option stands, and whether its shape is right.
 *
 * libcyaml checks a document by a schema but tells no line of an unknown key; this does. Never looks at
 * values of options; the namespaces are no options and are read here, because checks that come later
 * tell the lines of their keys.
 */
#pragma once

#include "app/config.h"
#include "base/slice.h"

struct yaml_lines {
    size_t at[OPTIONS]; /* 0 = not given */
    size_t n;           /* how many are given */
};

/**
 * Walk through a document: mappings whose keys are the options' paths, scalars, sequences of scalars for
 * repeatable ones, and the namespaces, a sequence of mappings. No aliases, one document.
 *
 * c:       its file names the text in *fault; its namespaces are filled.
 */
MUST_USE bool yaml_lines_find(struct slice text, struct config *c, struct yaml_lines *out,
                              struct config_fault *fault);
