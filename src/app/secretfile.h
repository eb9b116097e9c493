/**
 * app/secretfile.h - a file of keys: read at start, and again when it changes.
 *
 * Looked at each SECRETFILE_POLL_S by inode, size and time of change, which also sees the swapped links of
 * mounted secrets. Whoever writes a file in place writes it in steps, and half of one may be a good file
 * that lacks keys. So a change is told of once two looks, SECRETFILE_REST_S apart, saw the same; and a file
 * that changes while it is read was not read. Never parses: whoever watches is told to read again.
 * Thread: the control thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "loop/loop.h"

#define SECRETFILE_WHY_MAX 512
#define SECRETFILE_POLL_S  2.0
#define SECRETFILE_REST_S  0.5
#define SECRETFILE_TRIES   3 /* to read a file that changes */

/** How a file looked when it was read. */
struct secretfile_mark {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec changed;
};

/** What to read, and for whom it must not be open. */
struct secretfile_cfg {
    const char *what; /* for people: "keyring" */
    mode_t refused;   /* bits of which the file must have none */
    size_t len_max;   /* longer files are refused */
};

/** What was read. */
struct secretfile_text {
    uint8_t *
        at; /* the caller's: room for len_max + 1 bytes; holds secrets afterwards, also on errors */
    size_t len;
    struct secretfile_mark mark;
};

/**
 * Read a whole file into out->at, as it was at one moment: a file that changes is read again, and refused
 * after SECRETFILE_TRIES. Pipes are taken as they come.
 *
 * why:     gets a text for people when false is returned.
 */
MUST_USE bool secretfile_read(const struct secretfile_cfg *cfg, const char *path,
                              struct secretfile_text *out, char why[SECRETFILE_WHY_MAX]);

/** A file that is looked at. */
struct secretfile {
    const char *path; /* lent; "" = none */
    struct loop *loop;
    struct secretfile_mark mark; /* of what is in use, or was refused last */
    struct secretfile_mark seen; /* at the last look */
    void (*changed)(void *ctx);
    void *ctx;
    struct ev_timer timer;
};

/** Look at f->path from now on. Everything but the timer must be set. */
void secretfile_watch(struct secretfile *f);

/** Stop looking. */
void secretfile_unwatch(struct secretfile *f);

/** Log what came of reading again; reason NULL = it went well. */
void secretfile_say(const struct secretfile *f, const char *msg, const char *reason);
