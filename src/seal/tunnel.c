#include "seal/tunnel.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

#define NONCE_LEN crypto_aead_chacha20poly1305_ietf_NPUBBYTES

static_assert(TUNNEL_KEY_LEN == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "a key is a key");
static_assert(TUNNEL_OVERHEAD == TUNNEL_HEAD_LEN + crypto_aead_chacha20poly1305_ietf_ABYTES,
              "a record is its length, what is sealed, and the tag");

static void write_nonce(uint64_t number, uint8_t out[NONCE_LEN])
{
    struct writer w = writer_of(out, NONCE_LEN);
    write_u32(&w, 0);
    write_u64(&w, number);
    assert(w.err == OK && w.len == NONCE_LEN);
}

static void write_head(size_t len, uint8_t *out)
{
    struct writer w = writer_of(out, TUNNEL_HEAD_LEN);
    write_u32(&w, (uint32_t)(len - TUNNEL_HEAD_LEN));
}

size_t tunnel_seal(struct tunnel_key *key, struct slice text, uint8_t *out)
{
    uint8_t nonce[NONCE_LEN];
    const size_t len = text.len + TUNNEL_OVERHEAD;
    assert(text.len >= 1 && text.len <= TUNNEL_TEXT_MAX);
    if (key->number == UINT64_MAX)
        return 0;
    write_nonce(key->number, nonce);
    write_head(len, out);
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out + TUNNEL_HEAD_LEN, NULL, text.at, text.len,
                                                    out, TUNNEL_HEAD_LEN, NULL, nonce, key->bytes);
    key->number++;
    return len;
}

enum err tunnel_measure(struct slice bytes, size_t *need)
{
    struct reader r = reader_of(bytes);
    const uint32_t rest = read_u32(&r);
    *need = TUNNEL_HEAD_LEN;
    if (r.err != OK)
        return ERR_SHORT;
    if (rest > TUNNEL_RECORD_MAX - TUNNEL_HEAD_LEN)
        return ERR_LIMIT;
    *need += rest;
    if (*need <= TUNNEL_OVERHEAD)
        return ERR_MALFORMED;
    return bytes.len < *need ? ERR_SHORT : OK;
}

/** Open one whole record in place: its text lies where its ciphertext was. */
static enum err open_one(struct tunnel_key *key, uint8_t *at, size_t len)
{
    uint8_t nonce[NONCE_LEN];
    uint8_t *sealed = at + TUNNEL_HEAD_LEN;
    if (key->number == UINT64_MAX)
        return ERR_FULL;
    write_nonce(key->number, nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(sealed, NULL, NULL, sealed, len - TUNNEL_HEAD_LEN,
                                                  at, TUNNEL_HEAD_LEN, nonce, key->bytes) != 0)
        return ERR_UNAUTHENTIC;
    key->number++;
    return OK;
}

enum err tunnel_open(struct tunnel_key *key, uint8_t *at, size_t len, struct tunnel_opened *out)
{
    size_t need;
    *out = (struct tunnel_opened){.used = 0};
    for (;;) {
        uint8_t *record = at + out->used;
        enum err err = tunnel_measure(slice_of(record, len - out->used), &need);
        if (err == ERR_SHORT)
            return OK;
        if (err == OK)
            err = open_one(key, record, need);
        if (err != OK)
            return err;
        memmove(at + out->text_len, record + TUNNEL_HEAD_LEN, need - TUNNEL_OVERHEAD);
        out->text_len += need - TUNNEL_OVERHEAD;
        out->used += need;
    }
}

void tunnel_wipe(struct tunnel *t)
{
    sodium_memzero(t, sizeof *t);
}
