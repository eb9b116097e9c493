#include <lzma.h>

#include "policy/unpack.h"

/** Run until `in` is taken in, or, with LZMA_FINISH, until the end of the stream. */
static enum err feed(lzma_stream *z, lzma_action action, struct blob *out)
{
    lzma_ret ret = LZMA_OK;
    do {
        const enum err err = blob_grow(out);
        if (err != OK)
            return err;
        z->next_out = out->at + out->len;
        z->avail_out = UNPACK_CHUNK;
        ret = lzma_code(z, action);
        out->len += UNPACK_CHUNK - z->avail_out;
    } while (ret == LZMA_OK && (z->avail_in > 0 || z->avail_out == 0 || action == LZMA_FINISH));
    return ret == LZMA_OK || ret == LZMA_STREAM_END ? OK : ERR_MALFORMED;
}

enum err unpack_xz(FILE *in, struct blob *out)
{
    static uint8_t chunk[UNPACK_CHUNK];
    lzma_stream z = LZMA_STREAM_INIT;
    enum err err = OK;
    if (lzma_stream_decoder(&z, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK)
        return ERR_LIMIT;
    while (err == OK && (z.avail_in = fread(chunk, 1, sizeof chunk, in)) > 0) {
        z.next_in = chunk;
        err = feed(&z, LZMA_RUN, out);
    }
    if (err == OK)
        err = ferror(in) ? ERR_IO : feed(&z, LZMA_FINISH, out);
    lzma_end(&z);
    return err;
}
