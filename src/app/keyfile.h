/**
 * app/keyfile.h - the keyring's file: read at start, and again when it changes.
 *
 * A bad file changes nothing: the old ring stays and the log says why.
 * Thread: the control thread.
 */
#pragma once

#include "app/secretfile.h"
#include "seal/keyring.h"

#define KEYFILE_WHY_MAX SECRETFILE_WHY_MAX

struct keyfile {
    struct secretfile file;
};

/**
 * Read a keyring.
 *
 * why:     gets a text for people when false is returned; *out and *mark are then unchanged.
 * out:     holds secrets: wipe with keyring_fini().
 */
MUST_USE bool keyfile_read(const char *path, struct keyring *out, struct secretfile_mark *mark,
                           char why[KEYFILE_WHY_MAX]);

/** Look at the file from now on. mark: of the ring that is in use. */
void keyfile_watch(struct keyfile *k, struct loop *loop, const char *path,
                   const struct secretfile_mark *mark);

/** Read it again now, changed or not. */
void keyfile_reload(struct keyfile *k);

/** Stop looking. */
void keyfile_unwatch(struct keyfile *k);
