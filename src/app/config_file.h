/**
 * app/config_file.h - settings from a YAML file.
 *
 * Read twice: once as events, which know their lines, so that unknown keys, keys given twice and
 * values of the wrong shape are told with the line they stand on; then with libcyaml by its schema.
 * The namespaces, whose lines are of use later, are taken in the first reading.
 */
#pragma once

#include "app/config.h"

#define FILE_MAX 65536 /* bytes of a file */

/** Apply a file. */
MUST_USE bool file_apply(const char *path, struct config *c, struct config_fault *fault);
