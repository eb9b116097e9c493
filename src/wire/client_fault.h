/**
 * wire/client_fault.h - builds the sentence that tells a client why its request was refused.
 *
 * Every text names the value and the limit, numbers with thousands separators. Bytes that came from
 * the client are quoted as printable ASCII only, so the reply is always valid UTF-8. Text that does
 * not fit is cut, never an error. Never touches id, has_id or close.
 */
#pragma once

#include "wire/client.h"

/** Begin a fault: its protocol name (static) and no text yet. */
void client_fault_begin(struct client_fault *f, const char *name);

/** Append text. */
void client_fault_say(struct client_fault *f, const char *text);

/** Append a number, "1,234,567". */
void client_fault_say_number(struct client_fault *f, uint64_t value);

/** Append at most 40 of the client's bytes in double quotes, others than printable ASCII as "?". */
void client_fault_say_quoted(struct client_fault *f, struct slice bytes);

/** A whole fault without a value: name and text. Returns: ERR_MALFORMED. */
MUST_USE enum err client_fault_plain(struct client_fault *f, const char *name, const char *text);

/** A value beyond its limit: "WHAT has N UNIT; the limit is MAX". */
struct client_limit {
    const char *name; /* "KEY_TOO_LONG" */
    const char *what; /* "key" */
    const char *unit; /* "bytes" */
    uint64_t max;
};

/** OK when n is within the limit, else ERR_LIMIT and the fault that says so. */
MUST_USE enum err client_limit_check(const struct client_limit *limit, uint64_t n,
                                     struct client_fault *f);
