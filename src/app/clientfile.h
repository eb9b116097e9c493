/**
 * app/clientfile.h - the clients' file: read at start, and again when it changes.
 *
 * A bad file changes nothing: the old clients stay and the log says why.
 * Thread: the control thread.
 */
#pragma once

#include "app/secretfile.h"
#include "seal/clients.h"

#define CLIENTFILE_WHY_MAX SECRETFILE_WHY_MAX

struct clientfile_room;

struct clientfile {
    struct secretfile file;
    struct clientfile_room *room; /* in locked memory; made at the first use */
};

/**
 * Read a file of clients.
 *
 * why:     gets a text for people when false is returned.
 * Returns: the clients, lent from k until the next reading or clientfile_wipe(); NULL on any error.
 */
const struct clients *clientfile_read(struct clientfile *k, const char *path,
                                      struct secretfile_mark *mark, char why[CLIENTFILE_WHY_MAX]);

/** What was read was copied to where it belongs: wipe and release it. */
void clientfile_wipe(struct clientfile *k);

/** Look at the file from now on. mark: of the clients that are in use. */
void clientfile_watch(struct clientfile *k, struct loop *loop, const char *path,
                      const struct secretfile_mark *mark);

/** Read it again now, changed or not. */
void clientfile_reload(struct clientfile *k);

/** Stop looking. */
void clientfile_unwatch(struct clientfile *k);
