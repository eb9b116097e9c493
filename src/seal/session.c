#include "seal/session.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

#define LABEL     "scrubjay session"
#define LABEL_LEN (sizeof LABEL - 1)
#define END_LEN   (SESSION_SHARE_LEN + RUN_LEN + sizeof(uint64_t))
#define INPUT_LEN (LABEL_LEN + crypto_scalarmult_BYTES + 2 * END_LEN)
#define KEY_LEN   32

static_assert(SESSION_SHARE_LEN == crypto_scalarmult_BYTES, "a share is a point");
static_assert(SESSION_SHARE_LEN == crypto_scalarmult_SCALARBYTES, "and as long as its secret");

void ratchet_begin(struct ratchet *r, const uint8_t seed[SESSION_SEED_LEN])
{
    memcpy(r->state, seed, sizeof r->state);
}

/** 32 bytes for the caller, and 32 that replace the state: of neither can the other be told. */
static void draw(struct ratchet *r, uint8_t out[KEY_LEN])
{
    uint8_t both[2 * KEY_LEN];
    crypto_generichash(both, sizeof both, NULL, 0, r->state, sizeof r->state);
    memcpy(r->state, both, KEY_LEN);
    memcpy(out, both + KEY_LEN, KEY_LEN);
    sodium_memzero(both, sizeof both);
}

void session_draw(struct ratchet *r, struct session_pair *out)
{
    draw(r, out->secret);
    (void)crypto_scalarmult_base(out->share,
                                 out->secret); /* cannot fail: the base is no weak point */
}

static void write_end(struct writer *w, const struct session_end *end)
{
    write_bytes(w, slice_of(end->share, sizeof end->share));
    write_bytes(w, slice_of(end->run.bytes, RUN_LEN));
    write_u64(w, end->challenge);
}

/** Both keys, the opener's first. */
static void mix(const struct session_terms *terms, const uint8_t dh[crypto_scalarmult_BYTES],
                uint8_t out[2 * KEY_LEN])
{
    uint8_t input[INPUT_LEN];
    struct writer w = writer_of(input, sizeof input);
    write_bytes(&w, slice_of(LABEL, LABEL_LEN));
    write_bytes(&w, slice_of(dh, crypto_scalarmult_BYTES));
    write_end(&w, &terms->opener);
    write_end(&w, &terms->other);
    assert(w.err == OK && w.len == sizeof input);
    crypto_generichash(out, 2 * KEY_LEN, input, sizeof input, terms->key->tcp,
                       sizeof terms->key->tcp);
    sodium_memzero(input, sizeof input);
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
    uint8_t dh[crypto_scalarmult_BYTES], keys[2 * KEY_LEN];
    if (crypto_scalarmult(dh, own->secret, peer->share) != 0)
        return ERR_UNAUTHENTIC;
    mix(terms, dh, keys);
    const uint8_t *opener = keys, *other = keys + KEY_LEN;
    *out = (struct session){.on = true,
                            .send = key_of(terms->key->id, terms->we_opened ? opener : other),
                            .take = key_of(terms->key->id, terms->we_opened ? other : opener)};
    sodium_memzero(dh, sizeof dh);
    sodium_memzero(keys, sizeof keys);
    return OK;
}

void session_wipe(struct session_pair *own, struct session *keys)
{
    sodium_memzero(own, sizeof *own);
    sodium_memzero(keys, sizeof *keys);
}
