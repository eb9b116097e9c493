#include "app/clientfile.h"

#include <sodium.h>
#include <stdio.h>

#include "loop/auth.h"

#define BYTES_MAX 32768 /* 256 of the longest lines, and room for comments */

/** Everything that holds a secret while a file is read. */
struct clientfile_room {
    struct clients clients;
    struct clients parsing;
    uint8_t bytes[BYTES_MAX + 1];
};

static const struct clients *refuse(struct clientfile *k)
{
    clientfile_wipe(k);
    return NULL;
}

static void explain(const char *path, const struct clients_fault *fault,
                    char why[CLIENTFILE_WHY_MAX])
{
    if (fault->word[0] == '\0')
        (void)snprintf(why, CLIENTFILE_WHY_MAX, "%s:%zu: %s", path, fault->line, fault->reason);
    else if (fault->meant == NULL)
        (void)snprintf(why, CLIENTFILE_WHY_MAX, "%s:%zu: unknown capability \"%s\": %s", path,
                       fault->line, fault->word, fault->reason);
    else
        (void)snprintf(why, CLIENTFILE_WHY_MAX,
                       "%s:%zu: unknown capability \"%s\": did you mean \"%s\"?", path, fault->line,
                       fault->word, fault->meant);
}

static const struct clients *read_file(struct clientfile *k, const char *path,
                                       struct secretfile_mark *mark, char why[CLIENTFILE_WHY_MAX])
{
    /* A group may read it: that is how volumes are given to processes that are not root. */
    static const struct secretfile_cfg cfg = {
        .what = "clients file", .refused = S_IWGRP | S_IRWXO, .len_max = BYTES_MAX};
    struct clients_fault fault;
    clientfile_wipe(k);
    k->room = sodium_malloc(sizeof *k->room);
    if (k->room == NULL) {
        (void)snprintf(why, CLIENTFILE_WHY_MAX, "out of memory for clients");
        return NULL;
    }
    struct secretfile_text text = {.at = k->room->bytes};
    if (!secretfile_read(&cfg, path, &text, why))
        return refuse(k);
    if (clients_parse(slice_of(text.at, text.len), &k->room->clients, &k->room->parsing, &fault) !=
        OK) {
        explain(path, &fault, why);
        return refuse(k);
    }
    *mark = text.mark;
    return &k->room->clients;
}

const struct clients *clientfile_read(struct clientfile *k, const char *path,
                                      struct secretfile_mark *mark, char why[CLIENTFILE_WHY_MAX])
{
    const struct clients *clients = read_file(k, path, mark, why);
    auth_scrub();
    return clients;
}

void clientfile_wipe(struct clientfile *k)
{
    sodium_free(k->room); /* which wipes */
    k->room = NULL;
}

/* ---- while the node runs ---- */

void clientfile_reload(struct clientfile *k)
{
    char why[CLIENTFILE_WHY_MAX];
    if (k->file.path[0] == '\0')
        return;
    const struct clients *clients = clientfile_read(k, k->file.path, &k->file.mark, why);
    if (clients == NULL)
        secretfile_say(&k->file, "clients kept", why);
    else if (loop_clients_set(k->file.loop, clients) == OK)
        secretfile_say(&k->file, "clients read", NULL);
    clientfile_wipe(k);
}

static void on_changed(void *ctx)
{
    clientfile_reload(ctx);
}

void clientfile_watch(struct clientfile *k, struct loop *loop, const char *path,
                      const struct secretfile_mark *mark)
{
    k->file = (struct secretfile){
        .path = path, .loop = loop, .mark = *mark, .changed = on_changed, .ctx = k};
    secretfile_watch(&k->file);
}

void clientfile_unwatch(struct clientfile *k)
{
    secretfile_unwatch(&k->file);
}
