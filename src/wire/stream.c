#include "wire/stream.h"

#include <assert.h>
#include <string.h>

#include "wire/dots.h"
#include "wire/peer_fields.h"

#define DIGEST_LEN ((size_t)STREAM_BUCKETS * 8)

#define BUCKET_BITS_MIN 12
#define BUCKET_BITS_MAX 16

static_assert(1U << (BUCKET_BITS_MAX - 3) == STREAM_TOUCHED_BITS_MAX, "the largest bitmap");

#define TOUCHED_EVERYTHING 1U
#define TOUCHED_TAGGED     2U

struct stream_codec {
    struct object_room room; /* first: object_codec_new() */
    struct peer_record records[STREAM_RECORDS_MAX];
    struct dot_range ranges[STREAM_RANGES_MAX];
    struct stream_entry entries[ENTRIES_MAX];
};

static const struct scan_limits limits = {.depth_max = STREAM_DEPTH_MAX,
                                          .nodes_max = STREAM_NODES_MAX};

struct stream_codec *stream_codec_new(struct arena *arena)
{
    return object_codec_new(arena, sizeof(struct stream_codec), &limits);
}

void stream_codec_free(struct stream_codec *c)
{
    object_codec_free(c);
}

/** Can a message of this type carry len bytes? A digest has one length, covers and retired origins are of
 *  one size each. */
static bool bytes_fit(uint8_t type, size_t len)
{
    switch (type) {
    case STREAM_DIGEST:
        return len == DIGEST_LEN;
    case STREAM_HEADS:
        return len % COVER_LEN == 0;
    case STREAM_RETIRED:
        return len % PEER_RETIRED_LEN == 0;
    default:
        return true;
    }
}

/* ---- encoding ---- */

static void pack_hello(struct packer *p, const struct stream_hello *hello)
{
    assert(hello->wire_min >= 1 && hello->wire_min <= hello->wire_max);
    assert(hello->purpose >= STREAM_FOR_PING && hello->purpose <= STREAM_FOR_WARM);
    const bool has_share = hello->share.len > 0;
    const bool has_window = hello->window_ms != 0 || has_share;
    assert(!has_share || hello->share.len == STREAM_SHARE_LEN);
    pack_array(p, 8U + has_window + has_share);
    pack_u64(p, STREAM_HELLO);
    pack_u64(p, hello->wire_min);
    pack_u64(p, hello->wire_max);
    peer_pack_record(p, &hello->record);
    pack_u64(p, hello->view_hash);
    pack_u64(p, hello->vector_hash);
    pack_bin64(p, hello->challenge);
    pack_u64(p, hello->purpose);
    if (has_window)
        pack_u64(p, hello->window_ms);
    if (has_share)
        pack_bin(p, hello->share);
}

/** Pack the head of a message of n fields in all, and its type. */
static void pack_head(struct packer *p, const struct stream_msg *m, size_t n)
{
    pack_array(p, n);
    pack_u64(p, m->type);
}

static void pack_records(struct packer *p, const struct stream_msg *m)
{
    assert(m->records_n <= STREAM_RECORDS_MAX);
    pack_head(p, m, 2);
    peer_pack_records(p, m->records, m->records_n);
}

static void pack_ranges(struct packer *p, const struct stream_msg *m)
{
    assert(m->ranges_n <= STREAM_RANGES_MAX);
    pack_head(p, m, 2);
    peer_pack_ranges(p, m->ranges, m->ranges_n);
}

static void pack_bytes(struct packer *p, const struct stream_msg *m)
{
    assert(bytes_fit(m->type, m->bytes.len));
    pack_head(p, m, 2);
    pack_bin(p, m->bytes);
}

/** Bytes of a bitmap of 2^bits buckets. */
static size_t bitmap_len(uint8_t bits)
{
    return (size_t)1 << (bits - 3);
}

static void pack_touched(struct packer *p, const struct stream_msg *m)
{
    assert(m->ranges_n <= STREAM_RANGES_MAX);
    assert(m->bucket_bits >= BUCKET_BITS_MIN && m->bucket_bits <= BUCKET_BITS_MAX);
    assert(m->bytes.len == (m->everything ? 0 : bitmap_len(m->bucket_bits)));
    pack_head(p, m, 5);
    peer_pack_ranges(p, m->ranges, m->ranges_n);
    pack_u64(p, (m->everything ? TOUCHED_EVERYTHING : 0) | (m->tagged ? TOUCHED_TAGGED : 0));
    pack_u64(p, m->bucket_bits);
    pack_bin(p, m->bytes);
}

static void pack_want(struct packer *p, const struct stream_msg *m)
{
    pack_head(p, m, 2);
    pack_u64(p, m->cursor);
}

static void pack_entries(struct packer *p, const struct stream_msg *m)
{
    pack_head(p, m, 3);
    pack_u64(p, m->cursor);
    entries_pack(p, m->entries, m->entries_n);
}

static void pack_msg(struct packer *p, const struct stream_msg *m)
{
    assert(m->type >= STREAM_HELLO && m->type <= STREAM_ENTRIES);
    switch ((enum stream_type)m->type) {
    case STREAM_HELLO:
        pack_hello(p, &m->hello);
        return;
    case STREAM_AUTH:
        pack_head(p, m, 2);
        pack_bin64(p, m->echo);
        return;
    case STREAM_DIGEST:
    case STREAM_HEADS:
    case STREAM_DOTS:
    case STREAM_RETIRED:
        pack_bytes(p, m);
        return;
    case STREAM_RECORDS:
        pack_records(p, m);
        return;
    case STREAM_PULL:
    case STREAM_GONE:
        pack_ranges(p, m);
        return;
    case STREAM_DONE:
        pack_head(p, m, 1);
        return;
    case STREAM_TOUCHED:
        pack_touched(p, m);
        return;
    case STREAM_WANT:
        pack_want(p, m);
        return;
    case STREAM_ENTRIES:
        pack_entries(p, m);
        return;
    }
}

enum err stream_encode(const struct stream_msg *m, uint8_t *out, size_t cap, size_t *len)
{
    assert(m != NULL && len != NULL);
    struct writer w = writer_of(out, cap);
    struct packer p = packer_of(&w);
    pack_msg(&p, m);
    if (w.err != OK)
        return w.err;
    *len = w.len;
    return OK;
}

/* ---- decoding ---- */

static void read_hello(struct object_reader *r, struct stream_hello *out)
{
    out->wire_min = object_u8(r);
    out->wire_max = object_u8(r);
    peer_read_record(r, &out->record);
    out->view_hash = object_u64(r, UINT64_MAX);
    out->vector_hash = object_u64(r, UINT64_MAX);
    out->challenge = object_bin64(r);
    out->purpose = (uint8_t)object_u64(r, STREAM_FOR_WARM);
    if (out->wire_min < 1 || out->wire_min > out->wire_max || out->purpose < STREAM_FOR_PING)
        object_fail(r, ERR_MALFORMED);
    out->window_ms = r->left > 0 ? object_u32(r) : 0;
    if (r->left == 0)
        return;
    out->share = object_bin(r, SIZE_MAX);
    if (out->share.len != STREAM_SHARE_LEN)
        object_fail(r, ERR_MALFORMED);
}

static void read_bytes_of(struct object_reader *r, struct stream_msg *out)
{
    out->bytes = object_bin(r, SIZE_MAX);
    if (!bytes_fit(out->type, out->bytes.len))
        object_fail(r, ERR_MALFORMED);
}

static void read_records(struct object_reader *r, struct stream_codec *c, struct stream_msg *out)
{
    out->records_n = peer_read_records(r, c->records, STREAM_RECORDS_MAX);
    out->records = c->records;
}

static void read_ranges(struct object_reader *r, struct stream_codec *c, struct stream_msg *out)
{
    out->ranges_n = peer_read_ranges(r, c->ranges, STREAM_RANGES_MAX);
    out->ranges = c->ranges;
}

static void read_touched(struct object_reader *r, struct stream_codec *c, struct stream_msg *out)
{
    read_ranges(r, c, out);
    const uint8_t flags = object_u8(r);
    out->bucket_bits = (uint8_t)object_u64(r, BUCKET_BITS_MAX);
    out->bytes = object_bin(r, SIZE_MAX);
    if (r->err == OK && out->bucket_bits < BUCKET_BITS_MIN)
        object_fail(r, ERR_MALFORMED);
    if (r->err != OK)
        return;
    const bool everything = (flags & TOUCHED_EVERYTHING) != 0;
    if (out->bytes.len != (everything ? 0 : bitmap_len(out->bucket_bits)))
        object_fail(r, ERR_MALFORMED);
    out->tagged = (flags & TOUCHED_TAGGED) != 0;
    /* What only a later version can say may touch anything: too much rather than too little. */
    out->everything = (flags & ~TOUCHED_TAGGED) != 0;
    if (out->everything)
        out->bytes = (struct slice){0};
}

static void read_entries(struct object_reader *r, struct stream_codec *c, struct stream_msg *out)
{
    out->cursor = object_u64(r, UINT64_MAX);
    out->entries_n = entries_read(r, c->entries);
    out->entries = c->entries;
}

/** Read what follows the type. Elements behind that are of a later version and skipped. */
static void read_msg(struct object_reader *r, struct stream_codec *c, struct stream_msg *out)
{
    switch ((enum stream_type)out->type) {
    case STREAM_HELLO:
        read_hello(r, &out->hello);
        return;
    case STREAM_AUTH:
        out->echo = object_bin64(r);
        return;
    case STREAM_DIGEST:
    case STREAM_HEADS:
    case STREAM_DOTS:
    case STREAM_RETIRED:
        read_bytes_of(r, out);
        return;
    case STREAM_RECORDS:
        read_records(r, c, out);
        return;
    case STREAM_PULL:
    case STREAM_GONE:
        read_ranges(r, c, out);
        return;
    case STREAM_DONE:
        return;
    case STREAM_TOUCHED:
        read_touched(r, c, out);
        return;
    case STREAM_WANT:
        out->cursor = object_u64(r, UINT64_MAX);
        return;
    case STREAM_ENTRIES:
        read_entries(r, c, out);
        return;
    }
}

enum err stream_decode(struct stream_codec *c, struct slice bytes, struct stream_msg *out)
{
    assert(c != NULL && out != NULL);
    msgpack_object body;
    memset(out, 0, sizeof *out);
    const enum err err = object_decode_whole(&c->room, bytes, &body);
    if (err != OK)
        return err;
    struct object_reader r = object_reader_of(&body);
    const uint64_t type = object_u64(&r, UINT64_MAX);
    if (type < STREAM_HELLO || type > STREAM_ENTRIES)
        object_fail(&r, ERR_VERSION);
    if (r.err != OK)
        return r.err;
    out->type = (uint8_t)type;
    read_msg(&r, c, out);
    return r.err;
}
