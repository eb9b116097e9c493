#include "seal/keyring.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

#define BASE64_LEN 44 /* 32 bytes in standard base64 with padding */
#define KDF_UDP    1
#define KDF_TCP    2

static_assert(sodium_base64_ENCODED_LEN(KEYRING_KEY_LEN, sodium_base64_VARIANT_ORIGINAL) ==
                  BASE64_LEN + 1,
              "a key in base64, with the NUL that libsodium writes");
static_assert(KEYRING_KEY_LEN == crypto_kdf_KEYBYTES, "ring keys are master keys of the KDF");

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_label_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool keyring_label_ok(struct slice label)
{
    for (size_t i = 0; i < label.len; i++) {
        if (!is_label_char(label.at[i]))
            return false;
    }
    return label.len >= 1 && label.len <= KEYRING_LABEL_MAX;
}

/** Cut the first n bytes off s and return them. */
static struct slice cut_front(struct slice *s, size_t n)
{
    const struct slice front = {.at = s->at, .len = n};
    s->at += n;
    s->len -= n;
    return front;
}

static struct slice trim(struct slice s)
{
    while (s.len > 0 && is_blank(s.at[0]))
        cut_front(&s, 1);
    while (s.len > 0 && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

/** Cut the next line off rest and return it without its LF or CRLF. */
static struct slice take_line(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->at[len] != '\n')
        len++;
    struct slice line = cut_front(rest, len);
    if (rest->len > 0)
        cut_front(rest, 1);
    if (line.len > 0 && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

/** Cut the bytes before the first blank off rest; rest is left trimmed. */
static struct slice take_field(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && !is_blank(rest->at[len]))
        len++;
    const struct slice field = cut_front(rest, len);
    *rest = trim(*rest);
    return field;
}

/** First 4 bytes of BLAKE2b-256("kid" || key); 0 means plain on the wire, so it becomes 1. */
static uint32_t derive_id(const uint8_t key[KEYRING_KEY_LEN])
{
    static const uint8_t label[] = {'k', 'i', 'd'};
    crypto_generichash_state state;
    uint8_t digest[32];
    crypto_generichash_init(&state, NULL, 0, sizeof digest);
    crypto_generichash_update(&state, label, sizeof label);
    crypto_generichash_update(&state, key, KEYRING_KEY_LEN);
    crypto_generichash_final(&state, digest, sizeof digest);
    struct reader r = reader_of(slice_of(digest, sizeof digest));
    const uint32_t id = read_u32(&r);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(digest, sizeof digest);
    return id == 0 ? 1 : id;
}

/** Fill all of *out but the label from a ring key, which itself is not kept. */
static void derive_key(const uint8_t key[KEYRING_KEY_LEN], struct keyring_key *out)
{
    out->id = derive_id(key);
    crypto_kdf_derive_from_key(out->udp, sizeof out->udp, KDF_UDP, "udp_____", key);
    crypto_kdf_derive_from_key(out->tcp, sizeof out->tcp, KDF_TCP, "tcp_____", key);
}

/** Decode the base64 of a key into *out. Returns: NULL, or why not. */
static const char *decode_key(struct slice text, struct keyring_key *out)
{
    uint8_t key[KEYRING_KEY_LEN + 1]; /* 44 characters without padding are 33 bytes */
    size_t len = 0;
    const char *reason = NULL;
    if (text.len != BASE64_LEN)
        return "a key is 32 bytes, 44 characters of base64 with padding";
    if (sodium_base642bin(key, sizeof key, (const char *)text.at, text.len, NULL, &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        reason = "the key is not standard base64 with padding";
    else if (len != KEYRING_KEY_LEN)
        reason = "the key is not 32 bytes long";
    else
        derive_key(key, out);
    sodium_memzero(key, sizeof key);
    return reason;
}

/**
 * Why key cannot join ring, or NULL. Equal subkeys tell equal keys: the key itself is not kept.
 * Labels are compared with their padding, which is zero.
 */
static const char *find_clash(const struct keyring *ring, const struct keyring_key *key)
{
    for (size_t i = 0; i < ring->n; i++) {
        const struct keyring_key *held = &ring->keys[i];
        if (memcmp(held->label, key->label, sizeof key->label) == 0)
            return "the label stands here a second time";
        if (sodium_memcmp(held->udp, key->udp, sizeof key->udp) == 0)
            return "the key stands here a second time";
        if (held->id == key->id)
            return "two keys have the same id on the wire: draw another key";
    }
    return NULL;
}

/** Make *out a key of its two fields. Returns: NULL, or why not. */
static const char *parse_key(struct slice line, struct keyring_key *out)
{
    const struct slice label = take_field(&line);
    const struct slice key = take_field(&line);
    if (!keyring_label_ok(label))
        return "a label is 1 to 32 of letters, digits, '.', '_' and '-'";
    if (key.len == 0)
        return "no key follows the label";
    if (line.len > 0)
        return "a line is a label and a key, nothing else";
    memcpy(out->label, label.at, label.len);
    return decode_key(key, out);
}

/** Take one line of the file into ring. Returns: NULL, or why it was refused. */
static const char *add_line(struct keyring *ring, struct slice line)
{
    line = trim(line);
    if (line.len == 0 || line.at[0] == '#')
        return NULL;
    struct keyring_key key = {0};
    const char *reason = parse_key(line, &key);
    if (reason == NULL)
        reason = find_clash(ring, &key);
    if (reason == NULL && ring->n == KEYRING_KEYS_MAX)
        reason = "a ring holds at most four keys";
    if (reason == NULL)
        ring->keys[ring->n++] = key;
    sodium_memzero(&key, sizeof key);
    return reason;
}

enum err keyring_parse(struct slice text, struct keyring *out, struct keyring_fault *fault)
{
    struct keyring ring = {0};
    const char *reason = NULL;
    size_t line = 0;
    while (text.len > 0 && reason == NULL) {
        line++;
        reason = add_line(&ring, take_line(&text));
    }
    if (reason == NULL && ring.n == 0) {
        line = 0;
        reason = "the file holds no key";
    }
    if (reason == NULL)
        *out = ring;
    else
        *fault = (struct keyring_fault){.line = line, .reason = reason};
    sodium_memzero(&ring, sizeof ring);
    return reason == NULL ? OK : ERR_CONFIG;
}

size_t keyring_line(const char *label, const uint8_t key[KEYRING_KEY_LEN], char *out)
{
    struct writer w = writer_of(out, KEYRING_LINE_MAX);
    assert(keyring_label_ok(slice_text(label)));
    write_bytes(&w, slice_text(label));
    write_u8(&w, ' ');
    sodium_bin2base64(out + w.len, BASE64_LEN + 1, key, KEYRING_KEY_LEN,
                      sodium_base64_VARIANT_ORIGINAL);
    w.len += BASE64_LEN;
    write_u8(&w, '\n'); /* over the NUL */
    assert(w.err == OK);
    return w.len;
}

const struct keyring_key *keyring_find(const struct keyring *k, uint32_t id)
{
    for (size_t i = 0; i < k->n; i++) {
        if (k->keys[i].id == id)
            return &k->keys[i];
    }
    return NULL;
}

void keyring_fini(struct keyring *k)
{
    sodium_memzero(k, sizeof *k);
}
