#include "wire/pack.h"

#include <msgpack/pack.h>

struct packer packer_of(struct writer *w)
{
    return (struct packer){.w = w};
}

struct packer packer_measuring(void)
{
    return (struct packer){0};
}

void pack_raw(struct packer *p, struct slice msgpack)
{
    p->len += msgpack.len;
    if (p->w != NULL)
        write_bytes(p->w, msgpack);
}

/** msgpack-c's way out. The writer keeps the error, so msgpack-c is always told that all went well. */
static int take(void *data, const char *at, size_t len)
{
    pack_raw(data, slice_of(at, len));
    return 0;
}

static msgpack_packer packer_for(struct packer *p)
{
    return (msgpack_packer){.data = p, .callback = take};
}

void pack_nil(struct packer *p)
{
    msgpack_packer out = packer_for(p);
    msgpack_pack_nil(&out);
}

void pack_bool(struct packer *p, bool value)
{
    msgpack_packer out = packer_for(p);
    if (value)
        msgpack_pack_true(&out);
    else
        msgpack_pack_false(&out);
}

void pack_u64(struct packer *p, uint64_t value)
{
    msgpack_packer out = packer_for(p);
    msgpack_pack_uint64(&out, value);
}

void pack_array(struct packer *p, size_t n)
{
    msgpack_packer out = packer_for(p);
    msgpack_pack_array(&out, n);
}

void pack_map(struct packer *p, size_t n)
{
    msgpack_packer out = packer_for(p);
    msgpack_pack_map(&out, n);
}

void pack_str(struct packer *p, struct slice bytes)
{
    msgpack_packer out = packer_for(p);
    msgpack_pack_str(&out, bytes.len);
    pack_raw(p, bytes);
}

void pack_bin(struct packer *p, struct slice bytes)
{
    msgpack_packer out = packer_for(p);
    msgpack_pack_bin(&out, bytes.len);
    pack_raw(p, bytes);
}

void pack_bin64(struct packer *p, uint64_t value)
{
    uint8_t buf[8];
    struct writer w = writer_of(buf, sizeof buf);
    write_u64(&w, value);
    pack_bin(p, writer_slice(&w));
}

void pack_str_or_nil(struct packer *p, struct slice bytes)
{
    if (bytes.len == 0)
        pack_nil(p);
    else
        pack_str(p, bytes);
}

void pack_bin_or_nil(struct packer *p, struct slice bytes)
{
    if (bytes.len == 0)
        pack_nil(p);
    else
        pack_bin(p, bytes);
}
