/** tests/unit/app/kit.h - a folder of made-up files, and configurations loaded against it. */
#pragma once

#include "app/config.h"
#include "loop/loop.h"

#define KIT_ARGS_MAX 32

/** What one test gives to config_load(); everything but argv[0] starts empty. */
struct kit {
    char root[64]; /* a folder of its own */
    char *argv[KIT_ARGS_MAX + 1];
    int argc;
    char *env[KIT_ARGS_MAX + 1];
    size_t env_n;
    struct config config;
    enum config_action action;
    struct config_fault fault;
};

/** Make the folder. */
void kit_init(struct kit *k);

/** Write a file below the folder, with the folders above it. Returns its path, in a static buffer. */
const char *kit_file(const struct kit *k, const char *name, const char *text);

/** Add an argument, or NAME=VALUE to the environment. Copies. */
void kit_arg(struct kit *k, const char *arg);
void kit_env(struct kit *k, const char *pair); /**< NAME=VALUE */

/** Load; false with k->fault set. */
bool kit_load(struct kit *k);

/** Load; it must succeed. */
void kit_loads(struct kit *k);

/** Load; it must fail with this status and a text that holds part. */
void kit_fails(struct kit *k, int status, const char *part);

/** What --print-config prints; the caller frees it. */
char *kit_print(const struct kit *k);

/** The line of text that begins with start must hold comment behind it. */
void kit_prints(const char *text, const char *start, const char *comment);

/** A node on ports of its own, which does not run. Either may be NULL; both are copied. */
struct loop *kit_node(const struct keyring *ring, const struct clients *clients);

/** Remove the folder. */
void kit_fini(struct kit *k);
