/** policy/report.h - rows of hit ratios, for people or for programs. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "policy/options.h"
#include "policy/policy.h"

/** One trace at one size, through all policies asked for. */
struct report_row {
    const char *path;
    const struct trace *trace;
    const struct options_size *size;
    uint64_t capacity;
    struct policy_result results[OPTIONS_POLICIES_MAX];
};

/** Print the heads of the columns, if people read; then each row as it is measured. */
void report_begin(const struct options *o);
void report_row(const struct options *o, const struct report_row *row);
