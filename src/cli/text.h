/**
 * cli/text.h - words of a command line as values: durations, counts and numbers.
 *
 * Pure: no file, no output.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Read "500ms", "30s", "5m", "1h" or "2d" into milliseconds, or "0". false for anything else and for
 *  more than ten years. */
bool text_duration(const char *text, uint64_t *ms);

/** Read a decimal number of 1 or more. false for anything else and above 2^32 - 1. */
bool text_count(const char *text, uint64_t *n);

/** Read a decimal number of at most 2^64 - 1. false for anything else, and *n is unchanged. */
bool text_number(const char *text, uint64_t *n);
