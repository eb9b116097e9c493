/**
 * cli/field.h - what a node's documents say, with something to go on with where they say nothing.
 *
 * Pure. A node may be older or newer than jay, so no member of a document is taken for granted.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** A member that is text, lent; "" when there is none. object may be NULL, as for all that follow. */
const char *field_text(const json_t *object, const char *name);

/** As field_text(), with `otherwise` when there is none. */
const char *field_text_or(const json_t *object, const char *name, const char *otherwise);

/** Is a member this text? */
bool field_is(const json_t *object, const char *name, const char *text);

/** A member that is a number; 0 when there is none, or it is negative. */
uint64_t field_number(const json_t *object, const char *name);

/** Is this text in the array? */
bool field_lists(const json_t *array, const char *text);
