/**
 * app/yaml_namespaces.h - the list of namespaces in a YAML file: a sequence of mappings.
 *
 * Reads and checks each value by itself; what must fit together, also with settings from elsewhere, is
 * left to namespaces_check().
 */
#pragma once

#include "app/config.h"
#include "app/yaml_events.h"

#define YAML_NAMESPACES "namespaces" /* the key of the list */

/** Read the list. e: at its key, afterwards at its end. out: empty, else the key was given before. */
MUST_USE bool yaml_namespaces_read(struct yaml_events *e, struct config_namespaces *out);
