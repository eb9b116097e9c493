/** policy/options.h - what jay-hitratio was asked for. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/decode.h"
#include "policy/fault.h"
#include "policy/trace.h"

#define OPTIONS_SIZES_MAX    32
#define OPTIONS_POLICIES_MAX 16

/** One size of a cache: a number, or a share of all objects (or bytes) of the trace. */
struct options_size {
    const char *text; /* as given */
    uint64_t number;  /* when share_ppm is 0 */
    uint32_t share_ppm;
    bool has_unit; /* number is of bytes, whatever the sizes are in */
};

struct options {
    char *const *traces; /* lent from argv */
    size_t traces_n;
    struct options_size sizes[OPTIONS_SIZES_MAX];
    size_t sizes_n;
    const struct policy *policies[OPTIONS_POLICIES_MAX];
    size_t policies_n;
    bool has_format;
    enum trace_format format;
    uint32_t value_len;
    bool by_size, json, help;
};

/** Read the command line. Texts are lent from argv, which is put in order and cut at commas. false:
 *  *fault says which option is wrong, and what would be right. */
bool options_read(int argc, char **argv, struct options *out, struct fault *fault);

/** How large a cache of that size is for t: in objects or in bytes; at least 1. */
uint64_t options_capacity(const struct options_size *size, const struct trace *t, bool by_size);
