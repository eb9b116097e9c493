/**
 * http/text.h - a growing buffer for what is rendered: sticky, look at the error once.
 *
 * After memory ran out every further call does nothing. Never asks what the bytes mean.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_text {
    char *at; /* by malloc; not NUL-terminated */
    size_t len;
    size_t cap;
    bool failed; /* out of memory */
};

/** Append n bytes. */
void http_text_add(struct http_text *t, const void *bytes, size_t n);

/** Append a NUL-terminated string. */
void http_text_say(struct http_text *t, const char *text);

/** Append a decimal number. */
void http_text_number(struct http_text *t, uint64_t value);

/** Append a JSON value, compact; takes it. NULL, because memory ran out: t->failed. */
void http_text_json(struct http_text *t, json_t *value);

/** Release the buffer; t is empty afterwards. */
void http_text_fini(struct http_text *t);
