#include "wire/dots.h"

#include <assert.h>
#include <string.h>

#define FLAG_NAME    1
#define FLAG_VERSION 2
#define FLAG_SKIP    8

#define LEN_ESCAPE   255 /* as a record's length: an u16 length follows */
#define BLOCK_HEAD   18U
#define COUNT_OFFSET 16 /* of the count in a block's head */

#define NAME_NS_MAX     64 /* a longer name is nobody's: as if there were none */
#define NAME_TARGET_MAX 1024

static bool kind_is_known(uint8_t kind)
{
    switch (kind) {
    case DOT_KEY:
    case DOT_PUT:
    case DOT_TAG:
    case DOT_PREFIX:
    case DOT_NAMESPACE:
    case DOT_ALL:
        return true;
    default:
        return false;
    }
}

/* ---- writing ---- */

struct dots_writer dots_writer_of(void *at, size_t cap)
{
    return (struct dots_writer){.w = writer_of(at, cap)};
}

struct slice dots_slice(const struct dots_writer *w)
{
    return writer_slice(&w->w);
}

/** Can d follow the last record in the open block? */
static bool continues_block(const struct dots_writer *w, const struct dot *d)
{
    return w->count_at != 0 && w->epoch == d->epoch && w->count < UINT16_MAX && d->seq > w->seq &&
           d->seq - w->seq <= UINT16_MAX;
}

static void write_fields(struct writer *w, uint8_t kind, const struct dot *d)
{
    if (kind == DOT_ALL)
        return;
    if (kind == DOT_PREFIX)
        write_u16(w, d->prefix_len);
    write_u64(w, d->hash);
    if (kind == DOT_PUT)
        write_bytes(w, slice_of(d->digest.bytes, sizeof d->digest.bytes));
}

static void write_name(struct writer *w, const struct dot_name *name)
{
    write_u8(w, (uint8_t)name->ns.len);
    write_bytes(w, name->ns);
    write_u16(w, (uint16_t)name->target.len);
    write_bytes(w, name->target);
}

/** Write what the length byte counts: at most 254 bytes, or ERR_SPACE. step 0: first of its block. */
static void write_record(struct writer *w, const struct dot *d, uint16_t step, bool with_name)
{
    const uint8_t kind = kind_is_known(d->kind) ? d->kind : DOT_ALL;
    const bool skips = step > 1;
    const int flags =
        (with_name ? FLAG_NAME : 0) | (d->has_version ? FLAG_VERSION : 0) | (skips ? FLAG_SKIP : 0);
    write_u8(w, kind);
    write_u8(w, (uint8_t)flags);
    if (skips)
        write_u16(w, step);
    write_fields(w, kind, d);
    if (d->has_version)
        write_u64(w, d->version);
    if (with_name)
        write_name(w, &d->name);
}

/** Make the record in buf; without its name when it would be too long with it. */
static struct slice make_record(const struct dot *d, uint16_t step, bool with_name, uint8_t *buf)
{
    struct writer w = writer_of(buf, LEN_ESCAPE - 1);
    const bool named = with_name && d->name.known && d->name.ns.len <= NAME_NS_MAX &&
                       d->name.target.len <= UINT8_MAX;
    write_record(&w, d, step, named);
    if (w.err != OK) {
        w = writer_of(buf, LEN_ESCAPE - 1);
        write_record(&w, d, step, false);
    }
    assert(w.err == OK);
    return writer_slice(&w);
}

static void open_block(struct dots_writer *w, const struct dot *d)
{
    w->epoch = d->epoch;
    w->count = 0;
    w->count_at = w->w.len + COUNT_OFFSET;
    write_u64(&w->w, d->epoch);
    write_u64(&w->w, d->seq);
    write_u16(&w->w, 0);
}

static void count_record(struct dots_writer *w, uint64_t seq)
{
    w->seq = seq;
    w->count++;
    w->w.at[w->count_at] = (uint8_t)(w->count >> 8);
    w->w.at[w->count_at + 1] = (uint8_t)(w->count & 0xFF);
}

enum err dots_add(struct dots_writer *w, const struct dot *d, bool with_name)
{
    assert(d->epoch != 0 && d->seq != 0);
    uint8_t buf[LEN_ESCAPE - 1];
    const bool same = continues_block(w, d);
    const uint16_t step = same ? (uint16_t)(d->seq - w->seq) : 0;
    const struct slice record = make_record(d, step, with_name, buf);
    const size_t need = (same ? 0U : BLOCK_HEAD) + 1U + record.len;
    if (w->w.cap - w->w.len < need)
        return ERR_SPACE;
    if (!same)
        open_block(w, d);
    write_u8(&w->w, (uint8_t)record.len);
    write_bytes(&w->w, record);
    count_record(w, d->seq);
    return OK;
}

/* ---- reading ---- */

struct dots_reader dots_reader_of(struct slice bytes)
{
    return (struct dots_reader){.r = reader_of(bytes)};
}

static bool fail(struct dots_reader *r)
{
    r->r.err = ERR_MALFORMED;
    return false;
}

/** Read the head of the next block. false at the end of the bin or on an error. */
static bool read_block(struct dots_reader *r)
{
    if (r->r.err != OK || r->r.rest.len == 0)
        return false;
    r->epoch = read_u64(&r->r);
    r->seq = read_u64(&r->r);
    r->left = read_u16(&r->r);
    r->first = true;
    if (r->r.err != OK || r->epoch == 0 || r->seq == 0 || r->left == 0)
        return fail(r);
    return true;
}

/** Advance the sequence of the block to the record that was just read. */
static bool advance(struct dots_reader *r, uint16_t step)
{
    const bool first = r->first;
    r->first = false;
    if (first)
        return true;
    return step != 0 && !__builtin_add_overflow(r->seq, step, &r->seq);
}

static void read_fields(struct reader *r, struct dot *d)
{
    if (d->kind == DOT_ALL)
        return;
    if (d->kind == DOT_PREFIX)
        d->prefix_len = read_u16(r);
    d->hash = read_u64(r);
    if (d->kind != DOT_PUT)
        return;
    const struct slice digest = read_bytes(r, sizeof d->digest.bytes);
    if (digest.len != 0)
        memcpy(d->digest.bytes, digest.at, digest.len);
}

static void read_name(struct reader *r, struct dot_name *name)
{
    const uint8_t ns_len = read_u8(r);
    name->ns = read_bytes(r, ns_len);
    const uint16_t target_len = read_u16(r);
    name->target = read_bytes(r, target_len);
    name->known = ns_len <= NAME_NS_MAX && target_len <= NAME_TARGET_MAX;
    if (!name->known)
        *name = (struct dot_name){0};
}

/** Read one record's inside. What stands behind the known parts is of a later version. */
static bool read_record(struct dots_reader *r, struct reader *in, struct dot *d)
{
    const uint8_t kind = read_u8(in);
    const uint8_t flags = read_u8(in);
    const uint16_t step = (flags & FLAG_SKIP) != 0 ? read_u16(in) : 1;
    if (in->err != OK || !advance(r, step))
        return false;
    *d = (struct dot){.epoch = r->epoch, .seq = r->seq, .kind = DOT_ALL};
    /* An effect that we do not know may be any: too much is killed rather than too little. */
    if (!kind_is_known(kind))
        return true;
    d->kind = kind;
    read_fields(in, d);
    d->has_version = (flags & FLAG_VERSION) != 0;
    if (d->has_version)
        d->version = read_u64(in);
    if ((flags & FLAG_NAME) != 0)
        read_name(in, &d->name);
    return in->err == OK;
}

bool dots_next(struct dots_reader *r, struct dot *out)
{
    if (r->left == 0 && !read_block(r))
        return false;
    if (r->r.err != OK)
        return false;
    const uint8_t short_len = read_u8(&r->r);
    const size_t len = short_len == LEN_ESCAPE ? read_u16(&r->r) : short_len;
    struct reader in = reader_of(read_bytes(&r->r, len));
    struct dot d;
    if (r->r.err != OK || !read_record(r, &in, &d))
        return fail(r);
    r->left--;
    *out = d;
    return true;
}

enum err dots_end(const struct dots_reader *r)
{
    const bool whole = r->r.err == OK && r->r.rest.len == 0 && r->left == 0;
    return whole ? OK : ERR_MALFORMED;
}

enum err dots_check(struct slice bytes, size_t *n)
{
    struct dots_reader r = dots_reader_of(bytes);
    struct dot d;
    size_t seen = 0;
    while (dots_next(&r, &d))
        seen++;
    if (n != NULL)
        *n = seen;
    return dots_end(&r);
}

/* ---- covers ---- */

void cover_write(struct writer *w, const struct cover *c)
{
    uint8_t buf[COVER_LEN];
    struct writer whole = writer_of(buf, sizeof buf);
    write_u64(&whole, c->epoch);
    write_u64(&whole, c->applied);
    write_u64(&whole, c->mask);
    write_bytes(w, writer_slice(&whole));
}

bool cover_read(struct reader *r, struct cover *out)
{
    if (r->rest.len == 0)
        return false;
    struct reader whole = reader_of(read_bytes(r, COVER_LEN));
    if (r->err != OK)
        return false;
    out->epoch = read_u64(&whole);
    out->applied = read_u64(&whole);
    out->mask = read_u64(&whole);
    return true;
}
