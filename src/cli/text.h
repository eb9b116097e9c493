/**
 * cli/text.h - words of a command line as values: durations, counts, numbers and hex.
 *
 * Pure: no file, no output.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Read "500ms", "30s", "5m", "1h" or "2d" into milliseconds, or "0". false for anything else and for
 *  more than ten years. */
bool text_duration(const char *text, uint64_t *ms);

/** Read a decimal number of 1 or more. false for anything else and above 2^32 - 1. */
bool text_count(const char *text, uint64_t *n);

/** Read a decimal number of at most 2^64 - 1. false for anything else, and *n is unchanged. */
bool text_number(const char *text, uint64_t *n);

/** Read hex digits into at most cap bytes. false for an odd number, none, other digits, or too many. */
bool text_hex_read(const char *text, uint8_t *out, size_t cap, size_t *len);

/** Write len bytes as hex into out, which has room for 2 * len + 1 characters. */
void text_hex_write(const void *at, size_t len, char *out);
