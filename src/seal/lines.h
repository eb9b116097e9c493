/**
 * seal/lines.h - files of one entry a line: lines, fields, and the keys in them.
 *
 * Private to `seal`. Everything is lent from the text.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/slice.h"

#define LINES_KEY_LEN    32
#define LINES_BASE64_LEN 44 /* of 32 bytes in standard base64 with padding */

/** Cut the next line off rest: without its LF or CRLF, and without blanks at its ends. */
struct slice lines_take(struct slice *rest);

/** Has the line nothing to say: is it empty, or a comment? */
bool lines_mute(struct slice line);

/** Cut the bytes before the first blank off rest; rest is left without blanks at its ends. */
struct slice lines_field(struct slice *rest);

/** Decode the base64 of a key. Returns: NULL, or why not; then out is wiped. */
const char *lines_key(struct slice text, uint8_t out[LINES_KEY_LEN]);

/** Append the base64 of a key: LINES_BASE64_LEN bytes, a secret. */
void lines_key_write(struct writer *w, const uint8_t key[LINES_KEY_LEN]);
