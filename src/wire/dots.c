#include "wire/dots.h"

#include <assert.h>
#include <string.h>

#define FLAG_NAME    1
#define FLAG_VERSION 2
#define FLAG_SOFT    4
#define FLAG_SKIP    8
#define FLAG_RELAY   16

#define LEN_ESCAPE   255              /* as a record's length: an u16 length follows */
#define INSIDE_MAX   (LEN_ESCAPE - 1) /* what the length counts, of a record without escape */
#define INSIDE_LONG  (DOT_RECORD_LONG_MAX - 3) /* and of one with it */
#define BLOCK_HEAD   18U
#define COUNT_OFFSET 16 /* of the count in a block's head */

#define TAG_LEN   8 /* bytes of one hash of a DOT_TAGS_ALL */
#define CLASS_KEY 1 /* what a DOT_BEGIN aims at */

#define NAME_NS_MAX     64 /* a longer name is nobody's: as if there were none */
#define NAME_TARGET_MAX 1024

static bool kind_is_known(uint8_t kind)
{
    return kind >= DOT_KEY && kind <= DOT_ABORT;
}

/** Has this kind a form that marks instead of kills? */
static bool kind_may_be_soft(uint8_t kind)
{
    return kind == DOT_KEY || kind == DOT_TAG || kind == DOT_NAMESPACE || kind == DOT_ALL;
}

/** Can this kind carry a version of its source? */
static bool kind_may_have_version(uint8_t kind)
{
    return kind == DOT_KEY || kind == DOT_PUT;
}

static bool ms_is_sound(uint32_t ms)
{
    return ms >= 1 && ms <= DOT_MS_MAX;
}

/** Are there 2 to 16 tags, each once and the lowest hash first? */
static bool tags_are_sound(struct slice tags)
{
    if (tags.len % TAG_LEN != 0 || tags.len < DOT_TAGS_MIN * TAG_LEN ||
        tags.len > DOT_TAGS_MAX * TAG_LEN)
        return false;
    for (const uint8_t *at = tags.at; at + TAG_LEN < tags.at + tags.len; at += TAG_LEN)
        if (memcmp(at, at + TAG_LEN, TAG_LEN) >= 0)
            return false;
    return true;
}

/** Are the fields, which a kind has and others have not, in their ranges? */
static bool fields_are_sound(const struct dot *d)
{
    switch (d->kind) {
    case DOT_TAGS_ALL:
        return tags_are_sound(d->more);
    case DOT_BUCKETS:
        return d->more.len == DOT_BUCKETS_LEN;
    case DOT_NOSTORE:
    case DOT_BEGIN:
        return ms_is_sound(d->ms);
    case DOT_POISON:
        return d->subject_epoch != 0;
    case DOT_COMMIT:
    case DOT_ABORT:
        return d->subject_epoch != 0 && d->subject_seq != 0;
    default:
        return true;
    }
}

/** Can a dot of a known kind be as d is? */
static bool dot_is_sound(const struct dot *d)
{
    return (!d->soft || kind_may_be_soft(d->kind)) &&
           (!d->has_version || kind_may_have_version(d->kind)) && fields_are_sound(d);
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

static void write_behind_hash(struct writer *w, const struct dot *d)
{
    switch (d->kind) {
    case DOT_PUT:
        write_bytes(w, slice_of(d->digest.bytes, sizeof d->digest.bytes));
        return;
    case DOT_NOSTORE:
    case DOT_BEGIN:
        write_u32(w, d->ms);
        return;
    case DOT_COMMIT:
    case DOT_ABORT:
        write_u64(w, d->subject_epoch);
        write_u64(w, d->subject_seq);
        return;
    default:
        return;
    }
}

static void write_fields(struct writer *w, const struct dot *d)
{
    switch (d->kind) {
    case DOT_TAGS_ALL:
        write_u8(w, (uint8_t)(d->more.len / TAG_LEN));
        write_bytes(w, d->more);
        return;
    case DOT_BUCKETS:
        write_bytes(w, d->more);
        return;
    case DOT_POISON:
        write_u64(w, d->subject_epoch);
        return;
    case DOT_ALL:
        return;
    case DOT_PREFIX:
        write_u16(w, d->prefix_len);
        break;
    case DOT_BEGIN:
        write_u8(w, CLASS_KEY);
        break;
    default:
        break;
    }
    write_u64(w, d->hash);
    write_behind_hash(w, d);
}

static void write_name(struct writer *w, const struct dot_name *name)
{
    write_u8(w, (uint8_t)name->ns.len);
    write_bytes(w, name->ns);
    write_u16(w, (uint16_t)name->target.len);
    write_bytes(w, name->target);
}

static int flags_of(const struct dot *d, bool skips, bool with_name)
{
    return (with_name ? FLAG_NAME : 0) | (d->has_version ? FLAG_VERSION : 0) |
           (d->soft ? FLAG_SOFT : 0) | (skips ? FLAG_SKIP : 0) | (d->relay ? FLAG_RELAY : 0);
}

/** Write what the length counts, or ERR_SPACE. step 0: first of its block. */
static void write_record(struct writer *w, const struct dot *d, uint16_t step, bool with_name)
{
    const bool skips = step > 1;
    write_u8(w, d->kind);
    write_u8(w, (uint8_t)flags_of(d, skips, with_name));
    if (skips)
        write_u16(w, step);
    write_fields(w, d);
    if (d->has_version)
        write_u64(w, d->version);
    if (with_name)
        write_name(w, &d->name);
}

/** Make the record in buf; without its name when it would need the escape with it. */
static struct slice make_record(const struct dot *d, uint16_t step, bool with_name,
                                uint8_t buf[INSIDE_LONG])
{
    struct writer w = writer_of(buf, INSIDE_MAX);
    const bool named = with_name && d->name.known && d->name.ns.len <= NAME_NS_MAX &&
                       d->name.target.len <= UINT8_MAX;
    write_record(&w, d, step, named);
    if (w.err != OK) {
        w = writer_of(buf, d->kind == DOT_BUCKETS ? INSIDE_LONG : INSIDE_MAX);
        write_record(&w, d, step, false);
    }
    assert(w.err == OK);
    return writer_slice(&w);
}

/** What d is to others: of a kind that we do not know we have nothing but that it may be any. */
static const struct dot *tell_dot(const struct dot *d, struct dot *all)
{
    if (kind_is_known(d->kind)) {
        assert(dot_is_sound(d));
        return d;
    }
    *all = (struct dot){
        .epoch = d->epoch, .seq = d->seq, .kind = DOT_ALL, .relay = d->relay, .name = d->name};
    return all;
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

/** Bytes of a record's length. */
static size_t len_len(size_t len)
{
    return len < LEN_ESCAPE ? 1 : 3;
}

static void write_len(struct writer *w, size_t len)
{
    if (len < LEN_ESCAPE) {
        write_u8(w, (uint8_t)len);
        return;
    }
    write_u8(w, LEN_ESCAPE);
    write_u16(w, (uint16_t)len);
}

enum err dots_add(struct dots_writer *w, const struct dot *d, bool with_name)
{
    assert(d->epoch != 0 && d->seq != 0);
    uint8_t buf[INSIDE_LONG];
    struct dot all;
    const bool same = continues_block(w, d);
    const uint16_t step = same ? (uint16_t)(d->seq - w->seq) : 0;
    const struct slice record = make_record(tell_dot(d, &all), step, with_name, buf);
    const size_t need = (same ? 0U : BLOCK_HEAD) + len_len(record.len) + record.len;
    if (w->w.cap - w->w.len < need)
        return ERR_SPACE;
    if (!same)
        open_block(w, d);
    write_len(&w->w, record.len);
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

static void read_digest(struct reader *r, struct hash128 *out)
{
    const struct slice digest = read_bytes(r, sizeof out->bytes);
    if (digest.len != 0)
        memcpy(out->bytes, digest.at, digest.len);
}

static void read_behind_hash(struct reader *r, struct dot *d)
{
    switch (d->kind) {
    case DOT_PUT:
        read_digest(r, &d->digest);
        return;
    case DOT_NOSTORE:
    case DOT_BEGIN:
        d->ms = read_u32(r);
        return;
    case DOT_COMMIT:
    case DOT_ABORT:
        d->subject_epoch = read_u64(r);
        d->subject_seq = read_u64(r);
        return;
    default:
        return;
    }
}

/** Read what a known kind has behind its flags. false when a field names what is not known. */
static bool read_fields(struct reader *r, struct dot *d)
{
    bool known = true;
    switch (d->kind) {
    case DOT_TAGS_ALL:
        d->more = read_bytes(r, (size_t)read_u8(r) * TAG_LEN);
        return true;
    case DOT_BUCKETS:
        d->more = read_bytes(r, DOT_BUCKETS_LEN);
        return true;
    case DOT_POISON:
        d->subject_epoch = read_u64(r);
        return true;
    case DOT_ALL:
        return true;
    case DOT_PREFIX:
        d->prefix_len = read_u16(r);
        break;
    case DOT_BEGIN:
        known = read_u8(r) == CLASS_KEY;
        break;
    default:
        break;
    }
    d->hash = read_u64(r);
    read_behind_hash(r, d);
    return known;
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

/** Read what stands behind the flags and the step of a known kind. */
static bool read_parts(struct reader *in, struct dot *d, bool with_name)
{
    const bool known = read_fields(in, d);
    if (d->has_version)
        d->version = read_u64(in);
    if (with_name)
        read_name(in, &d->name);
    return known && in->err == OK && dot_is_sound(d);
}

/** Read one record's inside. What stands behind the known parts is of a later version. */
static bool read_record(struct dots_reader *r, struct reader *in, struct dot *d)
{
    const uint8_t kind = read_u8(in);
    const uint8_t flags = read_u8(in);
    const uint16_t step = (flags & FLAG_SKIP) != 0 ? read_u16(in) : 1;
    if (in->err != OK || !advance(r, step))
        return false;
    *d = (struct dot){
        .epoch = r->epoch, .seq = r->seq, .kind = kind, .relay = (flags & FLAG_RELAY) != 0};
    /* An effect that we do not know may be any: it acts as DOT_ALL, and nothing else is read. */
    if (!kind_is_known(kind))
        return true;
    d->soft = (flags & FLAG_SOFT) != 0;
    d->has_version = (flags & FLAG_VERSION) != 0;
    return read_parts(in, d, (flags & FLAG_NAME) != 0);
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
