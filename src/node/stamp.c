#include "node/stamp.h"

#include <assert.h>

#include "base/bytes.h"

#define FORMAT 1
#define SIGNED 20 /* bytes under the check */

static uint32_t check_of(const struct hkey *hkey, const uint8_t *bytes)
{
    return (uint32_t)hash_bytes(hkey, slice_of(bytes, SIGNED));
}

void stamp_write(const struct hkey *hkey, const struct stamp *s, uint8_t out[STAMP_LEN])
{
    assert(s->count >= 1 && s->seq >= s->count);
    struct writer w = writer_of(out, STAMP_LEN);
    write_u8(&w, FORMAT);
    write_u8(&w, 0);
    write_u16(&w, s->count);
    write_u64(&w, s->epoch);
    write_u64(&w, s->seq);
    write_u32(&w, check_of(hkey, out));
    assert(w.err == OK);
}

enum err stamp_read(const struct hkey *hkey, struct slice bytes, struct stamp *out)
{
    struct reader r = reader_of(bytes);
    const uint8_t format = read_u8(&r);
    read_u8(&r); /* flags: none defined */
    const uint16_t count = read_u16(&r);
    const uint64_t epoch = read_u64(&r);
    const uint64_t seq = read_u64(&r);
    const uint32_t check = read_u32(&r);
    if (read_end(&r) != OK || format != FORMAT || check != check_of(hkey, bytes.at))
        return ERR_MALFORMED;
    if (count < 1 || epoch == 0 || seq < count)
        return ERR_MALFORMED;
    *out = (struct stamp){.epoch = epoch, .seq = seq, .count = count};
    return OK;
}
