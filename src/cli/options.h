/**
 * cli/options.h - the options of jay, for those who list them: completions, help and manuals.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "cli/jay.h"

/** One option as it is written. Static. */
struct jay_option_view {
    const char *name; /* without its dashes */
    char letter;      /* 0 = none */
    bool has_value;
};

/** The i-th option that may stand before or behind every command; false when there are not so many. */
bool jay_option_global(size_t i, struct jay_option_view *out);

/** The i-th option of a command's own; false when there are not so many. */
bool jay_option_own(const struct jay_command *command, size_t i, struct jay_option_view *out);
