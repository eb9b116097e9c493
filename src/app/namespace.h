/**
 * app/namespace.h - the keys of one namespace in the file: how each is read, printed, and checked.
 *
 * Never reads a file: app/yaml_namespaces.h does. What a policy does is decided in node/policy.h.
 */
#pragma once

#include "app/config.h"

#define NAMESPACE_TEXT_MAX (CLIENT_NS_MAX + 1) /* bytes of any value, its NUL included */

/** The key in the file: "within_ms". Lends static text. */
const char *namespace_key_text(enum namespace_key key);

/** One line about it, its default included. Lends static text. */
const char *namespace_key_help(enum namespace_key key);

/** Find a key by its text. false: there is none; *out is unchanged. */
MUST_USE bool namespace_key_find(const char *text, enum namespace_key *out);

/** Read one value into its place. Returns: NULL, else a static text of what would have been right. */
MUST_USE const char *namespace_parse(struct config_namespace *out, enum namespace_key key,
                                     const char *text);

/** Write a value as the file would give it. */
void namespace_format(const struct config_namespace *ns, enum namespace_key key,
                      char out[NAMESPACE_TEXT_MAX]);

/** When all settings are known, from wherever they came: do the namespaces fit them and each other? */
MUST_USE bool namespaces_check(const struct config *c, struct config_fault *fault);
