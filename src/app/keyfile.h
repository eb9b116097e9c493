/**
 * app/keyfile.h - the keyring's file: read at start, and again when it changes.
 *
 * Looked at each 5 s by inode, size and time of change, which also sees the swapped links of mounted
 * secrets. A bad file changes nothing: the old ring stays and the log says why.
 * Thread: the control thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <ev.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "loop/loop.h"
#include "seal/keyring.h"

#define KEYFILE_WHY_MAX 512

/** How a file looked when it was read. */
struct keyfile_mark {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec changed;
};

struct keyfile {
    const char *path; /* lent */
    struct loop *loop;
    struct keyfile_mark mark;
    struct ev_timer timer;
};

/**
 * Read a keyring.
 *
 * why:     gets a text for people when false is returned; *out is then unchanged.
 * out:     holds secrets: wipe with keyring_fini().
 */
MUST_USE bool keyfile_read(const char *path, struct keyring *out, struct keyfile_mark *mark,
                           char why[KEYFILE_WHY_MAX]);

/** Look at the file from now on. mark: of the ring that is in use. */
void keyfile_watch(struct keyfile *k, struct loop *loop, const char *path,
                   const struct keyfile_mark *mark);

/** Read it again now, changed or not. */
void keyfile_reload(struct keyfile *k);

/** Stop looking. */
void keyfile_unwatch(struct keyfile *k);
