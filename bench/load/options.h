/** load/options.h - what the command line asks for, checked. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <sys/types.h>

#include "load/keys.h"
#include "load/protocol.h"

/** What is timed. */
enum workload {
    WORKLOAD_GET,
    WORKLOAD_SET,
    WORKLOAD_FILL,
    WORKLOAD_PUT,
    WORKLOAD_INVALIDATE,
    WORKLOAD_MIXED
};

struct options {
    const struct protocol *protocol;
    const char *connect;
    const char *client_key; /* a file; NULL = without a login */
    enum workload op;
    uint32_t connections, depth, threads;
    uint32_t keys, key_len, value_len, ttl_s;
    enum keys_dist dist;
    double theta;
    const char *trace;
    uint32_t rate;   /* requests a second; 0 = as fast as answers come */
    uint32_t reads;  /* per cent of gets in a mixed load */
    uint32_t verify; /* every verify-th value is compared byte by byte */
    double seconds, warmup, hold;
    bool clear, load_keys, read_through, json;
    uint32_t seed;
    uint32_t server_pid; /* 0 = not asked */
};

/** How reading the command line ended. */
enum options_result {
    OPTIONS_RUN,
    OPTIONS_HELP,
    OPTIONS_BAD
};

#define OPTIONS_WHY_MAX 256

/** Read the command line into out, and check it. OPTIONS_BAD: why holds one line. Lends argv. */
enum options_result options_read(int argc, char **argv, struct options *out,
                                 char why[OPTIONS_WHY_MAX]);

/** Print all options with their defaults. */
void options_help(FILE *to);

/** The name of a workload; lends static text. */
const char *options_workload(enum workload op);
