/**
 * base/hex.h - bytes as hex digits, and back.
 *
 * Not constant time: never for secrets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Read hex digits of either case into at most cap bytes. false for an odd number, none, other digits, or
 *  too many; *len is then unchanged. */
bool hex_read(const char *text, uint8_t *out, size_t cap, size_t *len);

/** Write len bytes as small digits into out, which has room for 2 * len + 1 characters. */
void hex_write(const void *at, size_t len, char *out);
