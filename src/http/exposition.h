/**
 * http/exposition.h - the lines of which metrics are made: what stands above samples, names, labels.
 *
 * Source: "Exposition formats" of prometheus.io; OpenMetrics 1.0 sections 3 and 4. Never knows what is told.
 */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "http/text.h"

/** What is known of a family while its samples are written. */
struct family {
    const char *name; /* without prefix and _total */
    const char *type;
    const char *help;
    const char *suffix; /* of its samples */
    bool open;          /* OpenMetrics, not Prometheus text */
};

/** Append HELP, TYPE and, where the format has it, UNIT. */
void exposition_head(struct http_text *out, const struct family *f);

/** Append the name, with the prefix of all, with or without the suffix of samples. */
void exposition_name(struct http_text *out, const struct family *f, bool with_suffix);

/** Append a label. What is not printable ASCII is shown as "?". */
void exposition_label(struct http_text *out, const char *name, struct slice value);

/** Append a label whose values must differ where their bytes do: what is not printable ASCII, and each
 *  backslash, is written as \xNN. */
void exposition_exact(struct http_text *out, const char *name, struct slice value);
