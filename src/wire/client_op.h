/**
 * wire/client_op.h - the one table of operations: name, number, arguments, options.
 *
 * Decoding, encoding and error texts all read it, so they cannot disagree. Never decodes anything.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "wire/client.h"

/** Options, as a set of bits. An op that lacks the bit refuses the option by name. */
enum client_option {
    OPTION_TTL_MS = 1 << 0,
    OPTION_TAGS = 1 << 1,
    OPTION_TOKEN = 1 << 2,
    OPTION_ACK = 1 << 3,
    OPTION_REASON = 1 << 4,
    OPTION_PROTO = 1 << 5
};

/** What one op looks like. */
struct client_op_spec {
    const char *name;
    const char *args; /* for people: "[ns, key]" */
    uint32_t op;
    uint8_t args_n;  /* positional arguments; ARGS_ANY for lists of filters */
    uint8_t options; /* set of enum client_option */
};

#define ARGS_ANY UINT8_MAX

/** The spec of a number; NULL when it is unknown. Lends static memory. */
const struct client_op_spec *client_op_find(uint64_t op);

/** The spec of a name; NULL when it is unknown. Lends static memory. */
const struct client_op_spec *client_op_named(struct slice name);

/** The option of a name; 0 when no op has it. */
uint8_t client_option_named(struct slice name);

/** The scope of a word; false when there is none, and *out is unchanged. */
bool client_scope_named(struct slice word, enum client_scope *out);
