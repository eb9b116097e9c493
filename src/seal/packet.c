#include "seal/packet.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

#define MAGIC 0x5C4A
#define CLEAR_LEN                                                                                  \
    16 /* header bytes that are associated data; the rest of the header is the nonce */
#define NONCE_LEN 24
#define TAG_LEN   16
#define LABEL_LEN 3
#define AD_LEN    (CLEAR_LEN + 16 + 8 + LABEL_LEN)

static_assert(CLEAR_LEN + NONCE_LEN == PACKET_HEAD, "the header is clear fields and nonce");
static_assert(PACKET_HEAD + TAG_LEN == PACKET_OVERHEAD, "header and tag");
static_assert(NONCE_LEN == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "XChaCha20 nonce");
static_assert(TAG_LEN == crypto_aead_xchacha20poly1305_ietf_ABYTES, "Poly1305 tag");
static_assert(TAG_LEN == crypto_shorthash_siphashx24_BYTES, "SipHash-128 tag");

#define PLAIN_LEN (AD_LEN + NONCE_LEN + 16 + 8) /* what the tag of plain mode is taken of */

/** What binds a packet to its place: everything that the tag covers beside the body. */
struct binding {
    uint8_t ad[PLAIN_LEN]; /* AD_LEN bytes, and room for what plain mode sets behind them */
    const uint8_t *nonce;  /* in the header */
};

uint64_t run_epoch(const struct run *run)
{
    struct reader r = reader_of(slice_of(run->bytes, sizeof run->bytes));
    return read_u64(&r);
}

void run_date(struct run *run, uint64_t wall_ms)
{
    const uint64_t steps = wall_ms / 256000;
    run->bytes[0] = (uint8_t)(steps >> 16);
    run->bytes[1] = (uint8_t)(steps >> 8);
    run->bytes[2] = (uint8_t)steps;
}

void packet_ctx_init(struct packet_ctx *ctx, const struct keyring *ring, struct slice cluster,
                     uint64_t self, const struct run *run)
{
    assert(ring != NULL);
    assert(self != 0);
    assert(run_epoch(run) != 0);
    *ctx = (struct packet_ctx){.ring = ring, .self = self, .run = *run};
    ctx->hkey = hash_cluster_key(cluster);
    crypto_generichash(ctx->cluster_hash, sizeof ctx->cluster_hash, cluster.at, cluster.len, NULL,
                       0);
}

enum seal_mode packet_mode(const struct packet_ctx *ctx)
{
    return mode_settle(ctx->mode, ctx->ring->n > 0);
}

/** Write the 40 header bytes. */
static void write_head(const struct packet_head *head, uint8_t *out)
{
    struct writer w = writer_of(out, PACKET_HEAD);
    write_u16(&w, MAGIC);
    write_u8(&w, PACKET_VERSION);
    write_u8(&w, (uint8_t)head->class);
    write_u32(&w, head->key_id);
    write_u64(&w, head->sender);
    write_bytes(&w, slice_of(head->run.bytes, RUN_LEN));
    write_u64(&w, head->counter);
    assert(w.err == OK && w.len == PACKET_HEAD);
}

/** Read the fields after magic and version. Errors: ERR_MALFORMED. */
MUST_USE static enum err read_fields(struct reader *r, struct packet_head *head)
{
    const uint8_t class = read_u8(r);
    head->key_id = read_u32(r);
    head->sender = read_u64(r);
    const struct slice run = read_bytes(r, RUN_LEN);
    head->counter = read_u64(r);
    if (r->err != OK || class > PACKET_JOIN)
        return ERR_MALFORMED;
    head->class = (enum packet_class) class;
    memcpy(head->run.bytes, run.at, RUN_LEN);
    if (head->sender == 0 || head->counter == 0 || run_epoch(&head->run) == 0)
        return ERR_MALFORMED;
    return OK;
}

/** Read the header of a packet. Errors: ERR_MALFORMED, ERR_VERSION. */
MUST_USE static enum err read_head(struct slice bytes, struct packet_head *head)
{
    if (bytes.len < PACKET_OVERHEAD)
        return ERR_MALFORMED;
    struct reader r = reader_of(bytes);
    if (read_u16(&r) != MAGIC)
        return ERR_MALFORMED;
    if (read_u8(&r) != PACKET_VERSION)
        return ERR_VERSION;
    return read_fields(&r, head);
}

/** What seals or opens a packet: the bytes are NULL in plain mode. */
struct choice {
    uint32_t id;
    const uint8_t *bytes;
    const char *label; /* LABEL_LEN bytes */
};

static struct choice choose(const struct keyring_key *key, enum packet_channel channel)
{
    const bool udp = channel == CHANNEL_UDP;
    struct choice c = {.label = udp ? "udp" : "tcp"};
    if (key != NULL) {
        c.id = key->id;
        c.bytes = udp ? key->udp : key->tcp;
    }
    return c;
}

static struct choice choose_session(const struct packet_key *key)
{
    return (struct choice){.id = key->id, .bytes = key->bytes, .label = "ses"};
}

/** The binding of a packet whose header is written at head, to dest. Lends head. */
static struct binding bind_packet(const struct packet_ctx *ctx, const uint8_t *head,
                                  const char *label, uint64_t dest)
{
    struct binding b;
    b.nonce = head + CLEAR_LEN;
    struct writer w = writer_of(b.ad, AD_LEN);
    write_bytes(&w, slice_of(head, CLEAR_LEN));
    write_bytes(&w, slice_of(ctx->cluster_hash, sizeof ctx->cluster_hash));
    write_u64(&w, dest);
    write_bytes(&w, slice_of(label, LABEL_LEN));
    assert(w.err == OK && w.len == AD_LEN);
    return b;
}

/**
 * The tag of plain mode. The body goes in by its hash: it may be 64 KiB, SipHash of libsodium takes
 * one contiguous input, and a copy of the body only to hash it is not worth it.
 */
static struct hash128 tag_plain(const struct hkey *hkey, struct binding *b, struct slice body)
{
    const struct hash128 inner = hash_bytes128(hkey, body);
    struct writer w = writer_of(b->ad + AD_LEN, PLAIN_LEN - AD_LEN);
    write_bytes(&w, slice_of(b->nonce, NONCE_LEN));
    write_bytes(&w, slice_of(inner.bytes, sizeof inner.bytes));
    write_u64(&w, body.len);
    assert(w.err == OK && w.len == PLAIN_LEN - AD_LEN);
    return hash_bytes128(hkey, slice_of(b->ad, PLAIN_LEN));
}

static void copy_body(uint8_t *to, struct slice body)
{
    if (body.len > 0) /* an empty slice may hold NULL */
        memcpy(to, body.at, body.len);
}

static void seal_plain(const struct packet_ctx *ctx, struct binding *b, struct slice body,
                       uint8_t *out)
{
    const struct hash128 tag = tag_plain(&ctx->hkey, b, body);
    copy_body(out, body);
    memcpy(out + body.len, tag.bytes, TAG_LEN);
}

static void seal_secret(const uint8_t *subkey, const struct binding *b, struct slice body,
                        uint8_t *out)
{
    crypto_aead_xchacha20poly1305_ietf_encrypt_detached(
        out, out + body.len, NULL, body.at, body.len, b->ad, AD_LEN, NULL, b->nonce, subkey);
}

static size_t seal_with(const struct packet_ctx *ctx, const struct choice *choice,
                        const struct packet_out *what, uint8_t *out)
{
    assert(what->counter != 0);
    assert((what->class == PACKET_JOIN) == (what->dest == 0));
    const struct packet_head head = {.class = what->class,
                                     .key_id = choice->id,
                                     .sender = ctx->self,
                                     .run = ctx->run,
                                     .counter = what->counter};
    write_head(&head, out);
    struct binding b = bind_packet(ctx, out, choice->label, what->dest);
    if (choice->bytes == NULL)
        seal_plain(ctx, &b, what->body, out + PACKET_HEAD);
    else
        seal_secret(choice->bytes, &b, what->body, out + PACKET_HEAD);
    return what->body.len + PACKET_OVERHEAD;
}

size_t packet_seal(const struct packet_ctx *ctx, const struct packet_out *what, uint8_t *out,
                   size_t cap)
{
    assert(cap >= PACKET_OVERHEAD && cap - PACKET_OVERHEAD >= what->body.len);
    const struct choice choice =
        choose(mode_seals(packet_mode(ctx)) ? &ctx->ring->keys[0] : NULL, what->channel);
    return seal_with(ctx, &choice, what, out);
}

size_t packet_seal_under(const struct packet_ctx *ctx, const struct packet_key *key,
                         const struct packet_out *what, uint8_t *out, size_t cap)
{
    assert(cap >= PACKET_OVERHEAD && cap - PACKET_OVERHEAD >= what->body.len);
    assert(what->channel == CHANNEL_TCP && key->id != 0);
    const struct choice choice = choose_session(key);
    return seal_with(ctx, &choice, what, out);
}

/** Check a plain body against its tag and copy it to buf. */
MUST_USE static enum err open_plain(const struct packet_ctx *ctx, struct binding *b,
                                    struct slice body, uint8_t *buf)
{
    const struct hash128 tag = tag_plain(&ctx->hkey, b, body);
    /* Not in constant time: the key is made of the cluster's name, and no secret. */
    if (memcmp(tag.bytes, body.at + body.len, TAG_LEN) != 0)
        return ERR_UNAUTHENTIC;
    copy_body(buf, body);
    return OK;
}

/** Check a sealed body against its tag, which follows it, and decrypt it to buf. */
MUST_USE static enum err open_secret(const uint8_t *subkey, const struct binding *b,
                                     struct slice body, uint8_t *buf)
{
    if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
            buf, NULL, body.at, body.len, body.at + body.len, b->ad, AD_LEN, b->nonce, subkey) != 0)
        return ERR_UNAUTHENTIC;
    return OK;
}

/**
 * The key that opens a packet, by its id; NULL for a plain one. Nothing is tried. Errors: ERR_KEY,
 * ERR_PLAIN.
 */
MUST_USE static enum err find_key(const struct packet_ctx *ctx, uint32_t id,
                                  const struct keyring_key **key)
{
    const enum seal_mode mode = packet_mode(ctx);
    *key = NULL;
    if (id == 0)
        return mode_takes_plain(mode) ? OK : ERR_PLAIN;
    if (mode_takes_sealed(mode))
        *key = keyring_find(ctx->ring, id);
    return *key != NULL ? OK : ERR_KEY;
}

/**
 * Is a packet, whose tag is good, one of our own? Only a packet that we did make may tell that an address
 * is our own, and anybody can make a plain one: from a run that seals, none is. Errors: ERR_REPLAY,
 * ERR_PLAIN.
 */
MUST_USE static enum err refuse_own(const struct packet_ctx *ctx, const struct packet_head *head)
{
    if (memcmp(head->run.bytes, ctx->run.bytes, RUN_LEN) != 0)
        return OK;
    return head->key_id == 0 && mode_seals(packet_mode(ctx)) ? ERR_PLAIN : ERR_REPLAY;
}

/** Check and open a packet, whose header was read, under what was chosen for it. */
MUST_USE static enum err open_with(const struct packet_ctx *ctx, const struct choice *choice,
                                   const struct packet_head *head, struct slice bytes, uint8_t *buf)
{
    const uint64_t dest = head->class == PACKET_JOIN ? 0 : ctx->self;
    struct binding b = bind_packet(ctx, bytes.at, choice->label, dest);
    const struct slice body = slice_of(bytes.at + PACKET_HEAD, bytes.len - PACKET_OVERHEAD);
    const enum err err = choice->bytes == NULL ? open_plain(ctx, &b, body, buf)
                                               : open_secret(choice->bytes, &b, body, buf);
    return err == OK ? refuse_own(ctx, head) : err;
}

static struct packet_in opened(const struct packet_head *head, struct slice bytes,
                               const uint8_t *buf)
{
    return (struct packet_in){.head = *head, .body = slice_of(buf, bytes.len - PACKET_OVERHEAD)};
}

enum err packet_open(const struct packet_ctx *ctx, enum packet_channel channel, struct slice bytes,
                     uint8_t *buf, struct packet_in *out)
{
    struct packet_head head;
    const struct keyring_key *key = NULL;
    enum err err = read_head(bytes, &head);
    if (err == OK)
        err = find_key(ctx, head.key_id, &key);
    if (err != OK)
        return err;
    const struct choice choice = choose(key, channel);
    err = open_with(ctx, &choice, &head, bytes, buf);
    if (err == OK)
        *out = opened(&head, bytes, buf);
    return err;
}

enum err packet_open_under(const struct packet_ctx *ctx, const struct packet_key *key,
                           struct slice bytes, uint8_t *buf, struct packet_in *out)
{
    struct packet_head head;
    const struct choice choice = choose_session(key);
    enum err err = read_head(bytes, &head);
    if (err == OK && head.key_id != key->id)
        err = ERR_KEY;
    if (err == OK)
        err = open_with(ctx, &choice, &head, bytes, buf);
    if (err == OK)
        *out = opened(&head, bytes, buf);
    return err;
}
