/**
 * app/option.h - the one table of options: flag, environment, key of the file, help, default.
 */
#pragma once

#include "app/config.h"

/** Reads text into the field at `into`; returns what would have been right, NULL when it was. */
typedef const char *app_parse(const char *text, void *into);

struct option_row {
    const char *flag;     /* without the dashes */
    const char *path;     /* of the file: "gossip.listen" */
    const char *arg;      /* for help; NULL = a switch */
    const char *help;     /* one line */
    const char *standard; /* the default; NULL = see found */
    const char *found;    /* without a standard: where the default comes from, or "none" */
    const char *more;     /* lines for whom the one of help is not enough; NULL = it is */
    app_parse *parse;
    size_t at; /* offset in struct config */
    bool many; /* repeatable: a struct config_list */
};

/** The row of an option. Lends. */
const struct option_row *option_row(enum config_option option);

/** The name in the environment: "SCRUBJAY_GOSSIP_LISTEN" of "gossip-listen". */
void option_env(const struct option_row *row, char out[CONFIG_TEXT_MAX]);
