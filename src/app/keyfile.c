#include "app/keyfile.h"

#include <sodium.h>
#include <stdio.h>

#define BYTES_MAX 4096

static bool parse(const char *path, struct slice text, struct keyring *out,
                  char why[KEYFILE_WHY_MAX])
{
    struct keyring_fault fault;
    if (keyring_parse(text, out, &fault) == OK)
        return true;
    if (fault.line == 0)
        (void)snprintf(why, KEYFILE_WHY_MAX,
                       "cannot use keyring %s: %s (jay keyring generate makes a line)", path,
                       fault.reason);
    else
        (void)snprintf(why, KEYFILE_WHY_MAX,
                       "cannot use keyring %s:%zu: %s (a line is what jay keyring generate prints)",
                       path, fault.line, fault.reason);
    return false;
}

bool keyfile_read(const char *path, struct keyring *out, struct secretfile_mark *mark,
                  char why[KEYFILE_WHY_MAX])
{
    static const struct secretfile_cfg cfg = {
        .what = "keyring", .refused = S_IWGRP | S_IWOTH, .len_max = BYTES_MAX};
    uint8_t bytes[BYTES_MAX + 1];
    struct secretfile_text text = {.at = bytes};
    const bool good =
        secretfile_read(&cfg, path, &text, why) && parse(path, slice_of(bytes, text.len), out, why);
    sodium_memzero(bytes, sizeof bytes);
    if (good)
        *mark = text.mark;
    return good;
}

/* ---- while the node runs ---- */

static void use(struct keyfile *k, const struct keyring *ring)
{
    if (loop_keyring_set(k->file.loop, ring) == OK)
        secretfile_say(&k->file, "keyring read", NULL);
    else
        secretfile_say(&k->file, "keyring kept",
                       "a node without keys cannot get any while it runs: restart it");
}

void keyfile_reload(struct keyfile *k)
{
    struct keyring ring = {.n = 0};
    char why[KEYFILE_WHY_MAX];
    if (k->file.path[0] == '\0')
        return;
    if (keyfile_read(k->file.path, &ring, &k->file.mark, why))
        use(k, &ring);
    else
        secretfile_say(&k->file, "keyring kept", why);
    keyring_fini(&ring);
}

static void on_changed(void *ctx)
{
    keyfile_reload(ctx);
}

void keyfile_watch(struct keyfile *k, struct loop *loop, const char *path,
                   const struct secretfile_mark *mark)
{
    k->file = (struct secretfile){
        .path = path, .loop = loop, .mark = *mark, .changed = on_changed, .ctx = k};
    secretfile_watch(&k->file);
}

void keyfile_unwatch(struct keyfile *k)
{
    secretfile_unwatch(&k->file);
}
