#include "seal/session.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

#define END_LEN (SESSION_SHARE_LEN + RUN_LEN + sizeof(uint64_t))

static_assert(SESSION_SHARE_LEN == crypto_scalarmult_BYTES, "a share is a point");
static_assert(SESSION_SHARE_LEN == crypto_scalarmult_SCALARBYTES, "and as long as its secret");
static_assert(SESSION_KEY_LEN == KEYRING_KEY_LEN, "a stream is sealed as packets are");

void ratchet_begin(struct ratchet *r, const uint8_t seed[SESSION_SEED_LEN])
{
    memcpy(r->state, seed, sizeof r->state);
}

/** 32 bytes for the caller, and 32 that replace the state: of neither can the other be told. */
static void draw(struct ratchet *r, uint8_t out[SESSION_KEY_LEN])
{
    uint8_t both[2 * SESSION_KEY_LEN];
    crypto_generichash(both, sizeof both, NULL, 0, r->state, sizeof r->state);
    memcpy(r->state, both, SESSION_KEY_LEN);
    memcpy(out, both + SESSION_KEY_LEN, SESSION_KEY_LEN);
    sodium_memzero(both, sizeof both);
}

void session_draw(struct ratchet *r, struct session_pair *out)
{
    draw(r, out->secret);
    (void)crypto_scalarmult_base(out->share,
                                 out->secret); /* cannot fail: the base is no weak point */
}

enum err session_agree(const struct session_pair *own, const uint8_t share[SESSION_SHARE_LEN],
                       const struct session_mix *mix, uint8_t out[2 * SESSION_KEY_LEN])
{
    crypto_generichash_state state;
    uint8_t dh[crypto_scalarmult_BYTES];
    if (crypto_scalarmult(dh, own->secret, share) != 0)
        return ERR_UNAUTHENTIC;
    crypto_generichash_init(&state, mix->key, SESSION_KEY_LEN, 2 * SESSION_KEY_LEN);
    crypto_generichash_update(&state, mix->label.at, mix->label.len);
    crypto_generichash_update(&state, dh, sizeof dh);
    crypto_generichash_update(&state, mix->terms.at, mix->terms.len);
    crypto_generichash_final(&state, out, 2 * SESSION_KEY_LEN);
    sodium_memzero(&state, sizeof state); /* it began with the key */
    sodium_memzero(dh, sizeof dh);
    return OK;
}

static void write_end(struct writer *w, const struct session_end *end)
{
    write_bytes(w, slice_of(end->share, sizeof end->share));
    write_bytes(w, slice_of(end->run.bytes, RUN_LEN));
    write_u64(w, end->challenge);
}

/** What both HELLOs said, the opener's first. */
static struct slice write_ends(const struct session_terms *terms, uint8_t out[2 * END_LEN])
{
    struct writer w = writer_of(out, 2 * END_LEN);
    write_end(&w, &terms->opener);
    write_end(&w, &terms->other);
    assert(w.err == OK && w.len == 2 * END_LEN);
    return writer_slice(&w);
}

static struct packet_key key_of(uint32_t id, const uint8_t *bytes)
{
    struct packet_key key = {.id = id};
    memcpy(key.bytes, bytes, sizeof key.bytes);
    return key;
}

enum err session_derive(const struct session_pair *own, const struct session_terms *terms,
                        struct session *out)
{
    const struct session_end *peer = terms->we_opened ? &terms->other : &terms->opener;
    uint8_t ends[2 * END_LEN], keys[2 * SESSION_KEY_LEN];
    const struct session_mix mix = {.key = terms->key->tcp,
                                    .label = slice_text("scrubjay session"),
                                    .terms = write_ends(terms, ends)};
    const enum err err = session_agree(own, peer->share, &mix, keys);
    if (err != OK)
        return err;
    const uint8_t *opener = keys, *other = keys + SESSION_KEY_LEN;
    *out = (struct session){.on = true,
                            .send = key_of(terms->key->id, terms->we_opened ? opener : other),
                            .take = key_of(terms->key->id, terms->we_opened ? other : opener)};
    sodium_memzero(keys, sizeof keys);
    return OK;
}

void session_wipe(struct session_pair *own, struct session *keys)
{
    sodium_memzero(own, sizeof *own);
    sodium_memzero(keys, sizeof *keys);
}
