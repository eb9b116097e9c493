#include <assert.h>

#include "wire/client_direct.h"
#include "wire/client_op.h"
#include "wire/client_pack.h"

#define REPLY_TYPE 1
#define PUSH_TYPE  2
#define REPLY_ID                                                                                   \
    6 /* where in a frame the id stands: behind the length, an array of 4, and the type */

/** A frame under way. */
struct frame {
    struct packer p;
    size_t mark;
};

/** Open a reply without an error; its result follows. */
static struct frame open_reply(struct writer *w, uint32_t id)
{
    struct frame f = {.mark = client_frame_begin(w)};
    f.p = packer_of(w);
    pack_array(&f.p, 4);
    pack_u64(&f.p, REPLY_TYPE);
    pack_u64(&f.p, id);
    pack_nil(&f.p);
    return f;
}

static void close_frame(struct frame *f)
{
    client_frame_end(f->p.w, f->mark);
}

static void pack_word(struct packer *p, const char *word)
{
    pack_str(p, slice_text(word));
}

static void pack_pair_u64(struct packer *p, const char *key, uint64_t value)
{
    pack_word(p, key);
    pack_u64(p, value);
}

void client_reply_error(struct writer *w, const struct client_fault *fault)
{
    struct frame f = {.mark = client_frame_begin(w)};
    f.p = packer_of(w);
    pack_array(&f.p, 4);
    pack_u64(&f.p, REPLY_TYPE);
    if (fault->has_id)
        pack_u64(&f.p, fault->id);
    else
        pack_nil(&f.p);
    pack_array(&f.p, 2);
    pack_word(&f.p, fault->name);
    pack_word(&f.p, fault->text);
    pack_nil(&f.p);
    close_frame(&f);
}

bool client_reply_is_error(struct slice reply)
{
    const uint8_t *id = (const uint8_t *)reply.at + REPLY_ID;
    assert(reply.len > REPLY_ID);
    const size_t id_len = *id == 0xce ? 5 : *id == 0xcd ? 3 : *id == 0xcc ? 2 : 1;
    assert(reply.len > REPLY_ID + id_len);
    return id[id_len] != 0xc0; /* nil */
}

void client_reply_text(struct writer *w, uint32_t id, struct slice text)
{
    struct frame f = open_reply(w, id);
    pack_str(&f.p, text);
    close_frame(&f);
}

void client_reply_bool(struct writer *w, uint32_t id, bool value)
{
    struct frame f = open_reply(w, id);
    pack_bool(&f.p, value);
    close_frame(&f);
}

void client_reply_raw(struct writer *w, uint32_t id, struct slice msgpack)
{
    struct frame f = open_reply(w, id);
    pack_raw(&f.p, msgpack);
    close_frame(&f);
}

/** Has this status a value, and with it an age? */
static bool has_value(enum client_status status)
{
    return status == STATUS_HIT || status == STATUS_STALE;
}

/** What is known of the value; nil when that is nothing. */
static void pack_info(struct packer *p, const struct client_got *got)
{
    const bool valued = has_value(got->status);
    const bool has_ttl = valued && got->ttl_ms != UINT64_MAX;
    const bool has_version = valued && got->has_version;
    const size_t n = (size_t)valued + has_ttl + has_version + got->has_proof;
    if (n == 0) {
        pack_nil(p);
        return;
    }
    pack_map(p, n);
    if (valued)
        pack_pair_u64(p, "age_ms", got->age_ms);
    if (has_ttl)
        pack_pair_u64(p, "ttl_ms", got->ttl_ms);
    if (has_version)
        pack_pair_u64(p, "version", got->version);
    if (got->has_proof)
        pack_pair_u64(p, "proof_ms", got->proof_ms);
}

/** `[status, value or nil, token or nil, info or nil]`. An empty value is a value, not nil. */
static void pack_got(struct packer *p, const struct client_got *got)
{
    pack_array(p, 4);
    pack_u64(p, got->status);
    if (has_value(got->status))
        pack_bin(p, got->value);
    else
        pack_nil(p);
    if (got->status == STATUS_HIT)
        pack_nil(p);
    else
        pack_bin_or_nil(p, got->token);
    pack_info(p, got);
}

void client_reply_get(struct writer *w, uint32_t id, const struct client_got *got)
{
    if (client_direct_get(w, id, got))
        return;
    struct frame f = open_reply(w, id);
    pack_got(&f.p, got);
    close_frame(&f);
}

static void pack_stored(struct packer *p, const char *reason)
{
    pack_array(p, 2);
    pack_bool(p, reason == NULL);
    if (reason == NULL)
        pack_nil(p);
    else
        pack_word(p, reason);
}

void client_reply_fill(struct writer *w, uint32_t id, const char *reason)
{
    if (reason == NULL && client_direct_stored(w, id))
        return;
    struct frame f = open_reply(w, id);
    pack_stored(&f.p, reason);
    close_frame(&f);
}

size_t client_reply_many_begin(struct writer *w, uint32_t id, size_t n)
{
    struct frame f = open_reply(w, id);
    pack_array(&f.p, n);
    return f.mark;
}

void client_reply_many_get(struct writer *w, const struct client_got *got)
{
    if (client_direct_many_get(w, got))
        return;
    struct packer p = packer_of(w);
    pack_got(&p, got);
}

void client_reply_many_fill(struct writer *w, const char *reason)
{
    if (reason == NULL && client_direct_many_stored(w))
        return;
    struct packer p = packer_of(w);
    pack_stored(&p, reason);
}

void client_reply_many_end(struct writer *w, size_t mark)
{
    client_frame_end(w, mark);
}

static void pack_names(struct packer *p, const char *key, const struct slice *names, size_t n)
{
    pack_word(p, key);
    pack_array(p, n);
    for (size_t i = 0; i < n; i++)
        pack_str(p, names[i]);
}

/** `{level, reached, applied, missing}`. */
static void pack_acks(struct packer *p, const struct client_acks *acks)
{
    const char *word = client_ack_text(acks->level.level);
    assert(word != NULL || acks->level.level == ACK_NODES);
    pack_map(p, 4);
    pack_word(p, "level");
    if (word != NULL)
        pack_word(p, word);
    else
        pack_u64(p, acks->level.k);
    pack_word(p, "reached");
    pack_bool(p, acks->reached);
    pack_names(p, "applied", acks->applied, acks->applied_n);
    pack_names(p, "missing", acks->missing, acks->missing_n);
}

void client_reply_acks(struct writer *w, uint32_t id, const struct client_acks *acks)
{
    struct frame f = open_reply(w, id);
    pack_array(&f.p, 2);
    pack_bin(&f.p, acks->stamp);
    pack_acks(&f.p, acks);
    close_frame(&f);
}

void client_reply_begin(struct writer *w, uint32_t id, const struct client_acks *acks,
                        const struct slice *tokens, size_t tokens_n)
{
    struct frame f = open_reply(w, id);
    pack_array(&f.p, 3);
    pack_bin(&f.p, acks->stamp);
    pack_acks(&f.p, acks);
    pack_array(&f.p, tokens_n);
    for (size_t i = 0; i < tokens_n; i++)
        pack_bin_or_nil(&f.p, tokens[i]);
    close_frame(&f);
}

void client_reply_dry_run(struct writer *w, uint32_t id, uint64_t matches, uint64_t bytes)
{
    struct frame f = open_reply(w, id);
    pack_array(&f.p, 2);
    pack_nil(&f.p);
    pack_map(&f.p, 2);
    pack_pair_u64(&f.p, "matches", matches);
    pack_pair_u64(&f.p, "bytes", bytes);
    close_frame(&f);
}

static void pack_limits(struct packer *p, uint32_t value_max)
{
    pack_word(p, "limits");
    pack_map(p, 10);
    pack_pair_u64(p, "frame", (uint64_t)value_max + CLIENT_FRAME_EXTRA);
    pack_pair_u64(p, "key", CLIENT_KEY_MAX);
    pack_pair_u64(p, "namespace", CLIENT_NS_MAX);
    pack_pair_u64(p, "value", value_max);
    pack_pair_u64(p, "tag", CLIENT_TAG_MAX);
    pack_pair_u64(p, "tags", CLIENT_TAGS_MAX);
    pack_pair_u64(p, "targets", CLIENT_TARGETS_MAX);
    pack_pair_u64(p, "mget", CLIENT_MGET_MAX);
    pack_pair_u64(p, "mfill", CLIENT_MFILL_MAX);
    pack_pair_u64(p, "subscriptions", CLIENT_SUBSCRIPTIONS_MAX);
}

static void pack_features(struct packer *p, const struct client_hello *hello)
{
    pack_word(p, "features");
    pack_array(p, hello->features_n);
    for (size_t i = 0; i < hello->features_n; i++)
        pack_word(p, hello->features[i]);
}

void client_reply_hello(struct writer *w, uint32_t id, const struct client_hello *hello)
{
    struct frame f = open_reply(w, id);
    pack_map(&f.p, 7);
    pack_pair_u64(&f.p, "proto", CLIENT_PROTO);
    pack_word(&f.p, "version");
    pack_word(&f.p, hello->version);
    pack_word(&f.p, "node");
    pack_str(&f.p, hello->node);
    pack_pair_u64(&f.p, "epoch", hello->epoch);
    pack_word(&f.p, "cluster");
    pack_str(&f.p, hello->cluster);
    pack_features(&f.p, hello);
    pack_limits(&f.p, hello->value_max);
    close_frame(&f);
}

void client_reply_challenge(struct writer *w, uint32_t id, const struct client_challenge *challenge)
{
    struct frame f = open_reply(w, id);
    pack_map(&f.p, challenge->share.len > 0 ? 5 : 4);
    pack_pair_u64(&f.p, "proto", CLIENT_PROTO);
    pack_word(&f.p, "cluster");
    pack_str(&f.p, challenge->cluster);
    pack_word(&f.p, "challenge");
    pack_bin(&f.p, challenge->nonce);
    pack_word(&f.p, "proof");
    pack_bin(&f.p, challenge->proof);
    if (challenge->share.len > 0) {
        pack_word(&f.p, "share");
        pack_bin(&f.p, challenge->share);
    }
    close_frame(&f);
}

void client_push_invalidated(struct writer *w, struct slice ns, enum client_scope scope,
                             struct slice target, struct slice stamp)
{
    /* A push names one target; a conjunction of tags has many, and its namespace covers them. */
    if (scope == SCOPE_TAGS_ALL)
        scope = SCOPE_NAMESPACE;
    const bool wide = scope == SCOPE_NAMESPACE || scope == SCOPE_ALL;
    struct frame f = {.mark = client_frame_begin(w)};
    f.p = packer_of(w);
    pack_array(&f.p, 3);
    pack_u64(&f.p, PUSH_TYPE);
    pack_word(&f.p, "invalidated");
    pack_array(&f.p, 4);
    pack_bin(&f.p, ns);
    pack_word(&f.p, client_scope_text(scope));
    pack_array(&f.p, wide ? 0 : 1);
    if (!wide)
        pack_bin(&f.p, target);
    pack_bin(&f.p, stamp);
    close_frame(&f);
}
