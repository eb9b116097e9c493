#include "policy/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

enum err blob_grow(struct blob *b)
{
    if (b->cap - b->len >= UNPACK_CHUNK)
        return OK;
    const size_t cap = 2 * b->cap + UNPACK_CHUNK;
    uint8_t *at = b->len + UNPACK_CHUNK > UNPACK_MAX ? NULL : realloc(b->at, cap);
    if (at == NULL)
        return ERR_LIMIT;
    b->at = at;
    b->cap = cap;
    return OK;
}

enum err unpack_plain(FILE *in, struct blob *out)
{
    size_t got;
    do {
        const enum err err = blob_grow(out);
        if (err != OK)
            return err;
        got = fread(out->at + out->len, 1, UNPACK_CHUNK, in);
        out->len += got;
    } while (got > 0);
    return ferror(in) ? ERR_IO : OK;
}

static bool ends_in(const char *path, const char *suffix)
{
    const size_t len = strlen(path), suffix_len = strlen(suffix);
    return len >= suffix_len && strcmp(path + len - suffix_len, suffix) == 0;
}

static enum err unpack_by_name(const char *path, FILE *in, struct blob *out)
{
    if (ends_in(path, ".zst"))
        return unpack_zstd(in, out);
    return ends_in(path, ".xz") ? unpack_xz(in, out) : unpack_plain(in, out);
}

bool unpack_file(const char *path, struct blob *out, struct fault *fault)
{
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        return fault_tell(fault, "%s: %s", path, strerror(errno));
    const enum err err = unpack_by_name(path, in, out);
    fclose(in);
    if (err == ERR_LIMIT)
        return fault_tell(fault, "%s: unpacks to more than the limit of %zu bytes, or than memory",
                          path, UNPACK_MAX);
    if (err != OK)
        return fault_tell(fault, "%s: cannot be unpacked, after %zu bytes: %s", path, out->len,
                          err_text(err));
    return true;
}
