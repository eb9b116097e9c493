/** app/config_env.h - settings from the environment. */
#pragma once

#include "app/config.h"

/** Apply every SCRUBJAY_ variable that names an option; repeatable ones are separated by commas.
 *  Empty ones count as not set. */
MUST_USE bool env_apply(char *const *env, struct config *c, struct config_fault *fault);

/** Refuse a variable SCRUBJAY_* that is no setting and resembles one. */
MUST_USE bool env_check(char *const *env, struct config_fault *fault);
