/** options.h - the command line of jay-sim. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "script.h"

struct options {
    uint64_t seed, seeds; /* seed 0: not given */
    uint32_t nodes;
    uint64_t length_us;
    char hours[32]; /* as it was given */
    uint32_t faults;
    bool sealed, twice, verbose, profile, marks;
    bool help, stories, list, list_checks, print_script, no_minimise;
    bool calm, json;
    uint32_t load;      /* operations of clients, per second and node */
    uint32_t marks_min; /* permille of the seeds that must hit each mark */
    const char *story;
    const char *replay; /* a file, or a script itself */
    int64_t watch;
};

/** Print what can be asked for. */
void options_usage(FILE *out);

/** Read the command line; what is not given gets its default. Returns: false, and says why on
 *  stderr, when it is not understood. */
bool options_parse(int argc, char **argv, struct options *o);

/** Read the script that --replay names, or is. Returns: false, and says why on stderr. */
bool options_replay(const char *text, struct script *sc);

/** Write the command that runs this seed again. */
void options_command(const struct options *o, uint64_t seed, char *out, size_t cap);
