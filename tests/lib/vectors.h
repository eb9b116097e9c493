/**
 * vectors.h - the golden bytes of proto/vectors, for tests.
 *
 * A file is lines: `# comment`, blank, `name: hex`, or more hex that continues the field above it.
 * Hex before the first name is the field without a name. Never returns an error: a test without its
 * vector is a broken checkout, so the process says what is missing and aborts.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * Load the bytes of a field of the file NAME.hex into buf.
 *
 * The folder is $SCRUBJAY_VECTORS, else SCRUBJAY_VECTORS_DIR of the build, else "proto/vectors".
 * name:    without folder and ".hex".
 * field:   as written before the colon; NULL for the field without a name.
 * Returns: the number of bytes. Aborts when the file or field is missing, empty, not hex, or has
 *          more than cap bytes.
 */
size_t vectors_load(const char *name, const char *field, uint8_t *buf, size_t cap);
