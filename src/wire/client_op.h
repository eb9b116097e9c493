/**
 * wire/client_op.h - the one table of operations: name, number, arguments, options.
 *
 * Decoding, encoding and error texts all read it, so they cannot disagree. Never decodes anything.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/rights.h"
#include "base/slice.h"
#include "wire/client.h"

/** Options, as a set of bits. An op that lacks the bit refuses the option by name. */
enum client_option {
    OPTION_TTL_MS = 1 << 0,
    OPTION_TAGS = 1 << 1,
    OPTION_TOKEN = 1 << 2,
    OPTION_ACK = 1 << 3,
    OPTION_REASON = 1 << 4,
    OPTION_PROTO = 1 << 5,
    OPTION_FRESH_MS = 1 << 6,
    OPTION_VERSION = 1 << 7,
    OPTION_TIMEOUT_MS = 1 << 8,
    OPTION_SOFT = 1 << 9,
    OPTION_DRY_RUN = 1 << 10,
    OPTION_AFTER = 1 << 11,
    OPTION_STALE = 1 << 12,
    OPTION_WAIT_MS = 1 << 13,
    OPTION_WITHIN_MS = 1 << 14,
    OPTION_TXN = 1 << 15,
    OPTION_AUTH = 1 << 16,
    OPTION_SHARE = 1 << 17
};

/** What one op looks like. */
struct client_op_spec {
    const char *name;
    const char *args; /* for people: "[ns, key]" */
    uint32_t op;
    uint8_t args_n;   /* positional arguments; ARGS_ANY for lists of filters */
    uint8_t needs;    /* enum right; 0 = nothing */
    uint32_t options; /* set of enum client_option */
};

#define ARGS_ANY UINT8_MAX

/** The spec of a number; NULL when it is unknown. Lends static memory. */
const struct client_op_spec *client_op_find(uint64_t op);

/** The spec of a name; NULL when it is unknown. Lends static memory. */
const struct client_op_spec *client_op_named(struct slice name);

/** The option of a name; 0 when no op has it. */
uint32_t client_option_named(struct slice name);

/** The name of one option; NULL when there is none. Lends static text. */
const char *client_option_text(uint32_t option);

/** The scope of a word; false when there is none, and *out is unchanged. */
bool client_scope_named(struct slice word, enum client_scope *out);

/** The acknowledgement level of a word; false when there is none, and *out is unchanged. */
bool client_ack_named(struct slice word, enum client_ack_level *out);
