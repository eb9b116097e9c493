#include "wire/client_answer.h"

#include "base/bytes.h"
#include "wire/client_args.h"

#define FIELDS_MAX 4

/* The members of a large cluster have more values than any request may have. */
static const struct scan_limits REPLY_LIMITS = {.depth_max = SCAN_DEPTH_MAX, .nodes_max = 1U << 20};

/** The elements of a frame, each as its own msgpack bytes. */
struct fields {
    struct slice at[FIELDS_MAX];
    size_t n;
};

/** The head of the frame's array, in any of the three forms that msgpack has. */
static uint32_t read_count(struct reader *r)
{
    const uint8_t lead = read_u8(r);
    if (lead >> 4 == 0x9)
        return lead & 0x0F;
    if (lead == 0xDC)
        return read_u16(r);
    return lead == 0xDD ? read_u32(r) : 0;
}

/** Cut the frame into its elements. Results stay bytes: only their reader knows what they are. */
MUST_USE static enum err split(struct slice frame, struct fields *out)
{
    struct reader r = reader_of(frame);
    const uint32_t n = read_count(&r);
    if (r.err != OK || n == 0 || n > FIELDS_MAX)
        return ERR_MALFORMED;
    for (out->n = 0; out->n < n; out->n++) {
        struct scan_size size;
        const enum err err = scan_value(r.rest, &REPLY_LIMITS, &size);
        if (err != OK)
            return err == ERR_LIMIT ? err : ERR_MALFORMED;
        out->at[out->n] = read_bytes(&r, size.len);
    }
    return read_end(&r);
}

/** A field that is a small integer or nil; *has says which. */
MUST_USE static enum err read_number(struct client_codec *c, struct slice bytes, uint64_t *out,
                                     bool *has)
{
    msgpack_object o;
    const enum err err = object_decode_whole(&c->room, bytes, &o);
    if (err != OK)
        return err;
    if (o.type != MSGPACK_OBJECT_POSITIVE_INTEGER && o.type != MSGPACK_OBJECT_NIL)
        return ERR_MALFORMED;
    *has = o.type == MSGPACK_OBJECT_POSITIVE_INTEGER;
    *out = *has ? o.via.u64 : 0;
    return OK;
}

/** The error field: nil, or `[name, text]`. */
MUST_USE static enum err read_error(struct client_codec *c, struct slice bytes,
                                    struct client_reply *out)
{
    msgpack_object o;
    const enum err err = object_decode_whole(&c->room, bytes, &o);
    if (err != OK || o.type == MSGPACK_OBJECT_NIL)
        return err;
    struct object_reader r = object_reader_of(&o);
    out->error = object_bytes(&r, SIZE_MAX);
    out->text = object_bytes(&r, SIZE_MAX);
    if (r.err == OK && out->error.len == 0)
        return ERR_MALFORMED;
    return r.err;
}

MUST_USE static enum err read_reply(struct client_codec *c, const struct fields *f,
                                    struct client_reply *out)
{
    uint64_t id = 0;
    enum err err = read_number(c, f->at[1], &id, &out->has_id);
    if (err == OK && (f->n != 4 || id > UINT32_MAX))
        err = ERR_MALFORMED;
    if (err != OK)
        return err;
    out->id = (uint32_t)id;
    out->result = f->at[3];
    return read_error(c, f->at[2], out);
}

MUST_USE static enum err read_push(struct client_codec *c, const struct fields *f,
                                   struct client_reply *out)
{
    msgpack_object o;
    const enum err err = object_decode_whole(&c->room, f->at[1], &o);
    if (err != OK)
        return err;
    if (f->n != 3 || !client_arg_bytes(&o, &out->op))
        return ERR_MALFORMED;
    out->push = true;
    out->result = f->at[2];
    return OK;
}

enum err client_reply_decode(struct client_codec *c, struct slice frame, struct client_reply *out)
{
    struct fields f;
    struct client_reply reply = {0};
    uint64_t type = 0;
    bool has_type = false;
    enum err err = split(frame, &f);
    if (err == OK)
        err = f.n < 3 ? ERR_MALFORMED : read_number(c, f.at[0], &type, &has_type);
    if (err == OK && (!has_type || type < 1 || type > 2))
        err = ERR_MALFORMED;
    if (err != OK)
        return err;
    err = type == 1 ? read_reply(c, &f, &reply) : read_push(c, &f, &reply);
    if (err == OK)
        *out = reply;
    return err;
}

/** Bytes or nil; nil is empty. */
static struct slice bytes_or_nil(struct object_reader *r, size_t len_max)
{
    return object_nil(r) ? (struct slice){0} : object_bytes(r, len_max);
}

/** One number of an info map; those of later versions pass. */
static void take_info(struct slice name, uint64_t value, struct client_got *out)
{
    if (slice_eq(name, slice_text("age_ms"))) {
        out->age_ms = value;
    } else if (slice_eq(name, slice_text("ttl_ms"))) {
        out->ttl_ms = value;
    } else if (slice_eq(name, slice_text("version"))) {
        out->has_version = true;
        out->version = value;
    } else if (slice_eq(name, slice_text("proof_ms"))) {
        out->has_proof = true;
        out->proof_ms = value;
    }
}

/** The numbers of an info map. */
static void read_info(const msgpack_object *map, struct client_got *out)
{
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        struct slice name;
        if (!client_arg_bytes(&pair->key, &name) ||
            pair->val.type != MSGPACK_OBJECT_POSITIVE_INTEGER)
            continue;
        take_info(name, pair->val.via.u64, out);
    }
}

enum err client_got_decode(struct client_codec *c, struct slice result, struct client_got *out)
{
    msgpack_object o;
    struct client_got got = {.ttl_ms = UINT64_MAX};
    const enum err err = object_decode_whole(&c->room, result, &o);
    if (err != OK)
        return ERR_MALFORMED;
    struct object_reader r = object_reader_of(&o);
    got.status = (enum client_status)object_u64(&r, STATUS_UNPROVEN);
    if (got.status == STATUS_HIT || got.status == STATUS_STALE)
        got.value = object_bytes(&r, SIZE_MAX);
    else
        (void)object_next(&r);
    got.token = bytes_or_nil(&r, CLIENT_TOKEN_MAX);
    const msgpack_object *info = object_next(&r);
    if (info != NULL && info->type == MSGPACK_OBJECT_MAP)
        read_info(info, &got);
    if (r.err != OK)
        return ERR_MALFORMED;
    *out = got;
    return OK;
}

enum err client_stored_decode(struct client_codec *c, struct slice result,
                              struct client_stored *out)
{
    msgpack_object o;
    struct client_stored stored;
    const enum err err = object_decode_whole(&c->room, result, &o);
    if (err != OK)
        return ERR_MALFORMED;
    struct object_reader r = object_reader_of(&o);
    stored.stored = object_bool(&r);
    stored.reason = bytes_or_nil(&r, SIZE_MAX);
    if (r.err != OK)
        return ERR_MALFORMED;
    *out = stored;
    return OK;
}

/* ---- acknowledgements ---- */

/** The value of a member; NULL when the map does not have it. */
static const msgpack_object *member(const msgpack_object *map, const char *name)
{
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];
        struct slice key;
        if (client_arg_bytes(&pair->key, &key) && slice_eq(key, slice_text(name)))
            return &pair->val;
    }
    return NULL;
}

/** A level: its word, or a number of nodes. A word of a later version leaves ACK_DEFAULT. */
static void read_level(const msgpack_object *o, struct client_ack *out)
{
    struct slice word;
    if (o == NULL)
        return;
    if (o->type == MSGPACK_OBJECT_POSITIVE_INTEGER && o->via.u64 <= UINT32_MAX)
        *out = (struct client_ack){.level = ACK_NODES, .k = (uint32_t)o->via.u64};
    else if (client_arg_bytes(o, &word))
        (void)client_ack_named(word, &out->level);
}

/** Names behind the first `used` of the codec's. Returns: how many. */
static size_t read_names(struct client_codec *c, const msgpack_object *o, size_t used)
{
    size_t n = 0;
    if (o == NULL || o->type != MSGPACK_OBJECT_ARRAY)
        return 0;
    for (uint32_t i = 0; i < o->via.array.size && used + n < CLIENT_ACKED_MAX; i++) {
        if (client_arg_bytes(&o->via.array.ptr[i], &c->names[used + n]))
            n++;
    }
    return n;
}

MUST_USE static enum err read_acks(struct client_codec *c, const msgpack_object *map,
                                   struct client_acked *out)
{
    if (map == NULL || map->type != MSGPACK_OBJECT_MAP)
        return ERR_MALFORMED;
    const msgpack_object *reached = member(map, "reached");
    if (reached == NULL || reached->type != MSGPACK_OBJECT_BOOLEAN)
        return ERR_MALFORMED;
    out->reached = reached->via.boolean;
    read_level(member(map, "level"), &out->level);
    out->applied = c->names;
    out->applied_n = read_names(c, member(map, "applied"), 0);
    out->missing = c->names + out->applied_n;
    out->missing_n = read_names(c, member(map, "missing"), out->applied_n);
    return OK;
}

/** The tokens of a begin, when there are any. */
static void read_tokens(struct client_codec *c, struct object_reader *r, struct client_acked *out)
{
    if (r->left == 0)
        return;
    struct object_reader tokens = object_array(r, CLIENT_TARGETS_MAX);
    out->tokens = c->targets;
    while (tokens.err == OK && tokens.left > 0)
        c->targets[out->tokens_n++] = bytes_or_nil(&tokens, CLIENT_TOKEN_MAX);
    object_join(r, &tokens);
}

enum err client_acked_decode(struct client_codec *c, struct slice result, struct client_acked *out)
{
    msgpack_object o;
    struct client_acked acked = {0};
    enum err err = object_decode_whole(&c->room, result, &o);
    if (err != OK)
        return ERR_MALFORMED;
    struct object_reader r = object_reader_of(&o);
    acked.stamp = object_bytes(&r, CLIENT_TOKEN_MAX);
    err = read_acks(c, object_next(&r), &acked);
    read_tokens(c, &r, &acked);
    if (err != OK || r.err != OK)
        return ERR_MALFORMED;
    *out = acked;
    return OK;
}

/** A member that is a number; false when it is missing or none. */
static bool read_member(const msgpack_object *map, const char *name, uint64_t *out)
{
    const msgpack_object *o = member(map, name);
    if (o == NULL || o->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return false;
    *out = o->via.u64;
    return true;
}

enum err client_dry_run_decode(struct client_codec *c, struct slice result,
                               struct client_dry_run *out)
{
    msgpack_object o;
    struct client_dry_run told;
    const enum err err = object_decode_whole(&c->room, result, &o);
    if (err != OK)
        return ERR_MALFORMED;
    struct object_reader r = object_reader_of(&o);
    (void)object_next(&r); /* where a stamp would be: nothing was issued */
    const msgpack_object *map = object_next(&r);
    if (map == NULL || map->type != MSGPACK_OBJECT_MAP ||
        !read_member(map, "matches", &told.matches) || !read_member(map, "bytes", &told.bytes))
        return ERR_MALFORMED;
    *out = told;
    return OK;
}

enum err client_bool_decode(struct client_codec *c, struct slice result, bool *out)
{
    msgpack_object o;
    const enum err err = object_decode_whole(&c->room, result, &o);
    if (err != OK || o.type != MSGPACK_OBJECT_BOOLEAN)
        return ERR_MALFORMED;
    *out = o.via.boolean;
    return OK;
}

enum err client_event_decode(struct client_codec *c, struct slice args, struct client_event *out)
{
    msgpack_object o;
    struct client_event event = {.scope = SCOPE_ALL};
    const enum err err = object_decode_whole(&c->room, args, &o);
    if (err != OK)
        return ERR_MALFORMED;
    struct object_reader r = object_reader_of(&o);
    event.ns = object_bytes(&r, CLIENT_NS_MAX);
    const struct slice scope = object_bytes(&r, SIZE_MAX);
    struct object_reader targets = object_array(&r, CLIENT_TARGETS_MAX);
    const bool known = client_scope_named(scope, &event.scope);
    if (event.scope == SCOPE_TAGS_ALL) /* more targets than an event has room for */
        event.scope = SCOPE_NAMESPACE;
    else if (known && targets.left > 0)
        event.target = object_bytes(&targets, CLIENT_KEY_MAX);
    object_join(&r, &targets);
    event.stamp = object_bytes(&r, CLIENT_TOKEN_MAX);
    if (r.err != OK)
        return ERR_MALFORMED;
    *out = event;
    return OK;
}

/** A member that is bytes; false when it is missing or none. */
static bool read_bytes_of(const msgpack_object *map, const char *name, struct slice *out)
{
    const msgpack_object *o = member(map, name);
    return o != NULL && client_arg_bytes(o, out);
}

enum err client_challenge_decode(struct client_codec *c, struct slice result,
                                 struct client_challenge *out)
{
    msgpack_object o;
    struct client_challenge told = {.share = {0}};
    const enum err err = object_decode_whole(&c->room, result, &o);
    if (err != OK || o.type != MSGPACK_OBJECT_MAP)
        return ERR_MALFORMED;
    if (!read_bytes_of(&o, "cluster", &told.cluster) ||
        !read_bytes_of(&o, "challenge", &told.nonce) || !read_bytes_of(&o, "proof", &told.proof))
        return ERR_MALFORMED;
    if (told.cluster.len > UINT8_MAX || told.nonce.len != CLIENT_NONCE_LEN ||
        told.proof.len != CLIENT_NONCE_LEN)
        return ERR_MALFORMED;
    if (read_bytes_of(&o, "share", &told.share) && told.share.len != CLIENT_SHARE_LEN)
        return ERR_MALFORMED;
    *out = told;
    return OK;
}
