#include "seal/keyring.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "seal/lines.h"

#define KDF_UDP 1
#define KDF_TCP 2

static_assert(KEYRING_KEY_LEN == crypto_kdf_KEYBYTES, "ring keys are master keys of the KDF");
static_assert(KEYRING_KEY_LEN == LINES_KEY_LEN, "keys in files");

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
    uint8_t key[KEYRING_KEY_LEN];
    const char *reason = lines_key(text, key);
    if (reason == NULL)
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
    const struct slice label = lines_field(&line);
    const struct slice key = lines_field(&line);
    if (!keyring_label_ok(label))
        return "a label is 1 to 32 of letters, digits, '.', '_' and '-'";
    if (key.len == 0)
        return "no key follows the label";
    if (line.len > 0)
        return "a line is a label and a key, nothing else";
    memcpy(out->label, label.at, label.len);
    return decode_key(key, out);
}

const char *keyring_step_text(enum keyring_step step)
{
    static const char *const TEXTS[] = {
        [KEYRING_INSTALL] = "install", [KEYRING_PROMOTE] = "promote", [KEYRING_RETIRE] = "retire"};
    assert(step <= KEYRING_RETIRE);
    return TEXTS[step];
}

/** Read the 8 hex digits of a wire id. */
static bool read_id(struct slice text, uint32_t *out)
{
    char digits[2 * sizeof *out + 1] = "";
    uint8_t bytes[sizeof *out];
    size_t len = 0;
    if (text.len != 2 * sizeof *out)
        return false;
    memcpy(digits, text.at, text.len);
    if (!hex_read(digits, bytes, sizeof bytes, &len) || len != sizeof bytes)
        return false;
    struct reader r = reader_of(slice_of(bytes, sizeof bytes));
    *out = read_u32(&r);
    return true;
}

/** Is this line `force STEP ID`, and no key with the label "force"? */
static bool is_force(struct slice line)
{
    const struct slice word = lines_field(&line);
    (void)lines_field(&line);
    return slice_eq(word, slice_text("force")) && line.len > 0;
}

/** Take a line `force STEP ID` into ring. Returns: NULL, or why it was refused. */
static const char *add_force(struct keyring *ring, struct slice line)
{
    struct keyring_force force = {.step = KEYRING_PROMOTE};
    (void)lines_field(&line);
    const struct slice step = lines_field(&line);
    if (slice_eq(step, slice_text("retire")))
        force.step = KEYRING_RETIRE;
    else if (!slice_eq(step, slice_text("promote")))
        return "what can be forced is: promote, retire";
    if (!read_id(line, &force.id))
        return "a forced step names a key by its id, 8 hex digits as jay keyring list prints them";
    if (ring->forced_n == KEYRING_FORCE_MAX)
        return "a file forces at most eight steps";
    ring->forced[ring->forced_n++] = force;
    return NULL;
}

/** Take one line of the file into ring. Returns: NULL, or why it was refused. */
static const char *add_line(struct keyring *ring, struct slice line)
{
    if (lines_mute(line))
        return NULL;
    if (is_force(line))
        return add_force(ring, line);
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
        reason = add_line(&ring, lines_take(&text));
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
    lines_key_write(&w, key);
    write_u8(&w, '\n');
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

bool keyring_forces(const struct keyring *k, enum keyring_step step, uint32_t id)
{
    for (size_t i = 0; i < k->forced_n; i++) {
        if (k->forced[i].step == step && k->forced[i].id == id)
            return true;
    }
    return false;
}

static bool same_key(const struct keyring_key *a, const struct keyring_key *b)
{
    return a->id == b->id && sodium_memcmp(a->udp, b->udp, sizeof a->udp) == 0;
}

size_t keyring_place(const struct keyring *k, const struct keyring_key *key)
{
    size_t i = 0;
    while (i < k->n && !same_key(&k->keys[i], key))
        i++;
    return i;
}

void keyring_put_first(struct keyring *k, size_t i)
{
    assert(i < k->n);
    struct keyring_key key = k->keys[i];
    memmove(&k->keys[1], &k->keys[0], i * sizeof key);
    k->keys[0] = key;
    sodium_memzero(&key, sizeof key);
}

void keyring_remove(struct keyring *k, size_t i)
{
    assert(i < k->n);
    k->n--;
    memmove(&k->keys[i], &k->keys[i + 1], (k->n - i) * sizeof k->keys[0]);
    sodium_memzero(&k->keys[k->n], sizeof k->keys[0]);
}

void keyring_fini(struct keyring *k)
{
    sodium_memzero(k, sizeof *k);
}
