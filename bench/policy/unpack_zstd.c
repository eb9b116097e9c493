#include <zstd.h>

#include "policy/unpack.h"

/** Take in all of `in`; *pending says how much a frame that has begun still needs. */
static enum err feed(ZSTD_DStream *z, ZSTD_inBuffer in, struct blob *out, size_t *pending)
{
    bool flushed = false;
    while (in.pos < in.size || !flushed) {
        const enum err err = blob_grow(out);
        if (err != OK)
            return err;
        ZSTD_outBuffer room = {.dst = out->at + out->len, .size = UNPACK_CHUNK};
        *pending = ZSTD_decompressStream(z, &room, &in);
        if (ZSTD_isError(*pending))
            return ERR_MALFORMED;
        out->len += room.pos;
        flushed = room.pos < room.size;
    }
    return OK;
}

enum err unpack_zstd(FILE *in, struct blob *out)
{
    static uint8_t chunk[UNPACK_CHUNK];
    ZSTD_DStream *z = ZSTD_createDStream();
    enum err err = z == NULL ? ERR_LIMIT : OK;
    size_t pending = 1, got;
    while (err == OK && (got = fread(chunk, 1, sizeof chunk, in)) > 0)
        err = feed(z, (ZSTD_inBuffer){.src = chunk, .size = got}, out, &pending);
    ZSTD_freeDStream(z);
    if (err == OK && ferror(in))
        return ERR_IO;
    return err == OK && pending != 0 ? ERR_MALFORMED : err;
}
