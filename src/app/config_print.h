/** app/config_print.h - the effective settings as a YAML file with their origins as comments. */
#pragma once

#include <stdio.h>

#include "app/config.h"

/** Write the settings to out. Of secrets only the path of their file is told. */
void config_print(const struct config *c, FILE *out);
