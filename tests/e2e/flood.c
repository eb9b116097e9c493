/**
 * tests/e2e/flood.c - many keys at once, on one node, as fast as its client library goes.
 *
 *   flood fill HOST:PORT PREFIX N [TAG]   caches PREFIX1 to PREFIXN, each with the value "v"
 *   flood invalidate HOST:PORT PREFIX N   invalidates them, by key
 *   flood count HOST:PORT PREFIX N        prints how many are cached
 *
 * Exit status 0 when all went well, else 1 with a message.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyed.h"

#define BATCH   256 /* of one call, or in one pipeline */
#define LIST    60
#define KEY_MAX 64

struct flood {
    struct scrubjay *c;
    const char *prefix;
    char text[BATCH][KEY_MAX];
    uint8_t tokens[BATCH][SCRUBJAY_TOKEN_MAX];
    struct scrubjay_bytes keys[BATCH];
    struct scrubjay_bytes tag;
    size_t hits;
};

/** Name the keys from + 1 to from + n. */
static void name_keys(struct flood *f, size_t from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        snprintf(f->text[i], KEY_MAX, "%s%zu", f->prefix, from + i + 1);
        f->keys[i] = scrubjay_text(f->text[i]);
    }
}

/** In short lists: a node that is given long ones in quick succession tells them as buckets. */
static bool invalidate(struct flood *f, size_t n)
{
    bool good = true;
    for (size_t i = 0; good && i < n; i += LIST) {
        const size_t some = n - i < LIST ? n - i : LIST;
        good = scrubjay_invalidate(f->c, "", SCRUBJAY_KEY, f->keys + i, some, NULL) == SCRUBJAY_OK;
    }
    return good;
}

/** Ask for all; each miss leaves its token in tokens, whose length is then in *lens. */
static bool look(struct flood *f, size_t n, size_t lens[BATCH])
{
    for (size_t i = 0; i < n; i++) {
        if (scrubjay_pipeline_get(f->c, "", f->keys[i]) != SCRUBJAY_OK)
            return false;
    }
    for (size_t i = 0; i < n; i++) {
        struct scrubjay_value got = {0};
        const enum scrubjay_status status = scrubjay_pipeline_next(f->c, &got);
        if (status != SCRUBJAY_OK && status != SCRUBJAY_MISS && status != SCRUBJAY_WAIT)
            return false;
        f->hits += status == SCRUBJAY_OK;
        lens[i] = status == SCRUBJAY_MISS ? got.token.len : 0;
        if (lens[i] > 0)
            memcpy(f->tokens[i], got.token.at, lens[i]);
    }
    return true;
}

static bool count(struct flood *f, size_t n)
{
    size_t lens[BATCH];
    return look(f, n, lens);
}

static bool fill(struct flood *f, size_t n)
{
    size_t lens[BATCH];
    const struct scrubjay_store store = {.tags = &f->tag, .tags_n = f->tag.len > 0};
    if (!look(f, n, lens))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct scrubjay_bytes token = {f->tokens[i], lens[i]};
        if (scrubjay_pipeline_fill(f->c, "", f->keys[i], scrubjay_text("v"), token, &store) !=
            SCRUBJAY_OK)
            return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (scrubjay_pipeline_next(f->c, NULL) != SCRUBJAY_OK)
            return false;
    }
    return true;
}

static bool run(struct flood *f, const char *what, size_t total)
{
    bool good = true;
    bool (*step)(struct flood *, size_t) = strcmp(what, "fill") == 0         ? fill
                                           : strcmp(what, "invalidate") == 0 ? invalidate
                                                                             : count;
    for (size_t done = 0; good && done < total;) {
        const size_t n = total - done < BATCH ? total - done : BATCH;
        name_keys(f, done, n);
        good = step(f, n);
        done += n;
    }
    if (!good)
        fprintf(stderr, "flood: %s: %s\n", what, scrubjay_error(f->c));
    return good;
}

int main(int argc, char **argv)
{
    static struct flood f;
    if (argc != 5 && (argc != 6 || strcmp(argv[1], "fill") != 0)) {
        fprintf(stderr, "usage: flood fill|invalidate|count HOST:PORT PREFIX N [TAG]\n");
        return 2;
    }
    f.prefix = argv[3];
    f.tag = scrubjay_text(argc > 5 ? argv[5] : "");
    f.c = keyed_new(
        &(struct scrubjay_options){.address = argv[2], .name = "flood", .timeout_ms = 10000});
    if (f.c == NULL)
        return 1;
    const bool good = run(&f, argv[1], strtoul(argv[4], NULL, 10));
    if (good && strcmp(argv[1], "count") == 0)
        printf("%zu\n", f.hits);
    scrubjay_free(f.c);
    return good ? 0 : 1;
}
