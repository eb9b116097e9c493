/** app/config_flags.h - the command line, read once and applied last. */
#pragma once

#include "app/config.h"

#define FLAGS_MAX 256 /* options on one command line */

/** One option as it was given. */
struct flag {
    enum config_option option;
    const char *text; /* lent from argv */
};

struct flags {
    struct flag given[FLAGS_MAX];
    size_t n;
    const char *config; /* --config; NULL = not given; lent */
    enum config_action action;
};

/** Read argv; values are not looked at. false with *fault set: unknown options, and what is no option. */
MUST_USE bool flags_read(const struct config_source *source, struct flags *out,
                         struct config_fault *fault);

/** Apply what was given. */
MUST_USE bool flags_apply(const struct flags *flags, struct config *c, struct config_fault *fault);

/** Write --help to standard output. */
void flags_help(void);
