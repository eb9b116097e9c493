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

/** Is p only measuring? Then count len bytes, the length of what is being packed. */
static bool measure(struct packer *p, size_t len)
{
    if (p->w != NULL)
        return false;
    p->len += len;
    return true;
}

/** Bytes of the shortest integer. */
static size_t integer_len(uint64_t value)
{
    if (value <= UINT8_MAX)
        return value < 128 ? 1 : 2;
    if (value <= UINT32_MAX)
        return value <= UINT16_MAX ? 3 : 5;
    return 9;
}

/** Bytes of the head of something that has n parts and room for fewer than `fixed` in its first byte. */
static size_t head_len(size_t n, size_t fixed)
{
    if (n < fixed)
        return 1;
    return n <= UINT16_MAX ? 3 : 5;
}

/** The same of a str or bin, which may also have a length of one byte. */
static size_t text_head_len(size_t n, size_t fixed)
{
    return n >= fixed && n <= UINT8_MAX ? 2 : head_len(n, fixed);
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
    if (measure(p, 1))
        return;
    msgpack_packer out = packer_for(p);
    msgpack_pack_nil(&out);
}

void pack_bool(struct packer *p, bool value)
{
    if (measure(p, 1))
        return;
    msgpack_packer out = packer_for(p);
    if (value)
        msgpack_pack_true(&out);
    else
        msgpack_pack_false(&out);
}

void pack_u64(struct packer *p, uint64_t value)
{
    if (measure(p, integer_len(value)))
        return;
    msgpack_packer out = packer_for(p);
    msgpack_pack_uint64(&out, value);
}

void pack_array(struct packer *p, size_t n)
{
    if (measure(p, head_len(n, 16)))
        return;
    msgpack_packer out = packer_for(p);
    msgpack_pack_array(&out, n);
}

void pack_map(struct packer *p, size_t n)
{
    if (measure(p, head_len(n, 16)))
        return;
    msgpack_packer out = packer_for(p);
    msgpack_pack_map(&out, n);
}

void pack_str(struct packer *p, struct slice bytes)
{
    if (measure(p, text_head_len(bytes.len, 32) + bytes.len))
        return;
    msgpack_packer out = packer_for(p);
    msgpack_pack_str(&out, bytes.len);
    pack_raw(p, bytes);
}

void pack_bin(struct packer *p, struct slice bytes)
{
    if (measure(p, text_head_len(bytes.len, 0) + bytes.len))
        return;
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
