#include "seal/clients.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"
#include "base/suggest.h"
#include "seal/keyring.h"
#include "seal/lines.h"

static_assert(CLIENTS_ID_MAX == KEYRING_LABEL_MAX, "an id is written like a label");
static_assert(CLIENTS_KEY_LEN == LINES_KEY_LEN, "keys in files");

/** The first 8 bytes of BLAKE2b-256("client" || id || key), keyed with the key; 0 becomes 1. */
static uint64_t derive_tag(const struct clients_one *one)
{
    crypto_generichash_state state;
    uint8_t digest[32];
    crypto_generichash_init(&state, one->key, sizeof one->key, sizeof digest);
    crypto_generichash_update(&state, (const uint8_t *)"client", 6);
    crypto_generichash_update(&state, (const uint8_t *)one->id, strlen(one->id));
    crypto_generichash_final(&state, digest, sizeof digest);
    struct reader r = reader_of(slice_of(digest, sizeof digest));
    const uint64_t tag = read_u64(&r);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(digest, sizeof digest);
    return tag == 0 ? 1 : tag;
}

/* ---- one line ---- */

/** Say that word is no capability, and which one resembles it. What cannot be a word may be a key that
 *  stands where capabilities should, and is not repeated. */
static const char *refuse_word(struct slice word, struct clients_fault *fault)
{
    bool is_word = word.len <= CLIENTS_WORD_MAX;
    for (size_t i = 0; is_word && i < word.len; i++)
        is_word = (word.at[i] >= 'a' && word.at[i] <= 'z') || word.at[i] == '-';
    fault->word[0] = '\0';
    if (!is_word)
        return "what stands behind the key is no capability: these are read, write, invalidate, "
               "admin";
    memcpy(fault->word, word.at, word.len);
    fault->word[word.len] = '\0';
    struct suggest s = suggest_begin(fault->word);
    for (unsigned i = 0; i < RIGHTS_N; i++)
        suggest_offer(&s, rights_word(1U << i));
    fault->meant = s.best;
    return "the capabilities are read, write, invalidate and admin";
}

/** Cut the text before the next comma off. */
static struct slice take_word(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->at[len] != ',')
        len++;
    const struct slice word = {.at = rest->at, .len = len};
    const size_t used = len < rest->len ? len + 1 : len;
    *rest = (struct slice){.at = rest->at + used, .len = rest->len - used};
    return word;
}

static const char *parse_rights(struct slice text, uint8_t *out, struct clients_fault *fault)
{
    uint8_t all = 0;
    if (text.len == 0)
        return "no capability follows the key";
    if (text.at[text.len - 1] == ',')
        return "a comma stands between two capabilities, without blanks";
    while (text.len > 0) {
        const struct slice word = take_word(&text);
        const uint8_t right = rights_named(word);
        if (right == 0)
            return refuse_word(word, fault);
        if ((all & right) != 0)
            return "a capability stands here a second time";
        all |= right;
    }
    *out = all;
    return NULL;
}

/** Make *out a client of its fields; the capabilities may be left out where they are optional. */
static const char *parse_one(struct slice line, bool optional, struct clients_one *out,
                             struct clients_fault *fault)
{
    const struct slice id = lines_field(&line);
    const struct slice key = lines_field(&line);
    const struct slice rights = lines_field(&line);
    if (!keyring_label_ok(id))
        return "an id is 1 to 32 of letters, digits, '.', '_' and '-'";
    if (key.len == 0)
        return "no key follows the id";
    if (line.len > 0)
        return "a line is an id, a key and capabilities with commas between them, nothing else";
    const char *reason = lines_key(key, out->key);
    if (reason == NULL && (rights.len > 0 || !optional))
        reason = parse_rights(rights, &out->rights, fault);
    if (reason != NULL)
        return reason;
    memcpy(out->id, id.at, id.len);
    out->tag = derive_tag(out);
    return NULL;
}

enum err clients_rights_read(struct slice text, uint8_t *out, struct clients_fault *fault)
{
    *fault = (struct clients_fault){.line = 0};
    fault->reason = parse_rights(text, out, fault);
    return fault->reason == NULL ? OK : ERR_CONFIG;
}

bool clients_key_read(struct slice text, uint8_t out[CLIENTS_KEY_LEN])
{
    return lines_key(text, out) == NULL;
}

enum err clients_parse_own(struct slice text, struct clients_one *out, struct clients_fault *fault)
{
    struct slice line = {0};
    *fault = (struct clients_fault){.line = 0};
    memset(out, 0, sizeof *out);
    while (text.len > 0 && lines_mute(line)) {
        fault->line++;
        line = lines_take(&text);
    }
    fault->reason = lines_mute(line) ? "the file holds no key" : parse_one(line, true, out, fault);
    if (fault->reason == NULL)
        return OK;
    sodium_memzero(out, sizeof *out);
    return ERR_CONFIG;
}

/* ---- the file ---- */

/** Why one cannot join the others, or NULL. */
static const char *find_clash(const struct clients *c, const struct clients_one *one)
{
    if (c->n == CLIENTS_MAX)
        return "a file holds at most 256 clients";
    if (clients_find(c, slice_text(one->id), NULL) != NULL)
        return "the id stands here a second time";
    if (clients_with_key(c, one->key) != NULL)
        return "the key stands here a second time";
    return NULL;
}

/** Take one line. Returns: NULL, or why it was refused. */
static const char *add_line(struct clients *c, struct slice line, struct clients_fault *fault)
{
    if (lines_mute(line))
        return NULL;
    struct clients_one one = {.rights = 0};
    const char *reason = parse_one(line, false, &one, fault);
    if (reason == NULL)
        reason = find_clash(c, &one);
    if (reason == NULL)
        c->all[c->n++] = one;
    sodium_memzero(&one, sizeof one);
    return reason;
}

enum err clients_parse(struct slice text, struct clients *out, struct clients *room,
                       struct clients_fault *fault)
{
    clients_fini(room);
    *fault = (struct clients_fault){.line = 0};
    while (text.len > 0 && fault->reason == NULL) {
        fault->line++;
        fault->reason = add_line(room, lines_take(&text), fault);
    }
    if (fault->reason == NULL && room->n == 0)
        *fault = (struct clients_fault){.reason = "the file holds no client"};
    if (fault->reason == NULL)
        memcpy(out, room, sizeof *out);
    clients_fini(room);
    return fault->reason == NULL ? OK : ERR_CONFIG;
}

size_t clients_line(const struct clients_one *one, char out[CLIENTS_LINE_MAX])
{
    char words[RIGHTS_TEXT_MAX];
    struct writer w = writer_of(out, CLIENTS_LINE_MAX);
    assert(keyring_label_ok(slice_text(one->id)) && one->rights != 0);
    write_bytes(&w, slice_text(one->id));
    write_u8(&w, ' ');
    lines_key_write(&w, one->key);
    write_u8(&w, ' ');
    write_bytes(&w, slice_text(rights_text(one->rights, ",", words)));
    write_u8(&w, '\n');
    assert(w.err == OK);
    return w.len;
}

/* ---- looking ---- */

const struct clients_one *clients_find(const struct clients *c, struct slice id,
                                       const struct clients_one *otherwise)
{
    const struct clients_one *found = otherwise;
    for (size_t i = 0; i < c->n; i++) {
        if (slice_eq(slice_text(c->all[i].id), id))
            found = &c->all[i];
    }
    return found;
}

const struct clients_one *clients_with_key(const struct clients *c,
                                           const uint8_t key[CLIENTS_KEY_LEN])
{
    const struct clients_one *found = NULL;
    for (size_t i = 0; i < c->n; i++) {
        if (sodium_memcmp(c->all[i].key, key, CLIENTS_KEY_LEN) == 0)
            found = &c->all[i];
    }
    return found;
}

const struct clients_one *clients_tagged(const struct clients *c, uint64_t tag)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->all[i].tag == tag)
            return &c->all[i];
    }
    return NULL;
}

void clients_fini(struct clients *c)
{
    sodium_memzero(c, sizeof *c);
}
