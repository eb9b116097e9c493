/**
 * seal/keyring.h - the cluster's keys: up to four, the first seals, all open.
 *
 * A keyring is parsed from the bytes of its file (the file itself is read above this floor). Key ids
 * on the wire are derived from the key, never chosen. Trial decryption is never done: the id selects.
 *
 *     wire id     first 4 bytes, big-endian, of BLAKE2b-256("kid" || key); 0 becomes 1
 *     udp subkey  crypto_kdf_derive_from_key(32 bytes, subkey id 1, context "udp_____", key)
 *     tcp subkey  crypto_kdf_derive_from_key(32 bytes, subkey id 2, context "tcp_____", key)
 *
 * The key itself seals nothing and is not kept.
 * Source: crypto_kdf of libsodium: BLAKE2b (RFC 7693) keyed with the key, the subkey id little-endian
 * in the salt and the context in the personalisation, both zero-padded to 16 bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define KEYRING_KEYS_MAX  4
#define KEYRING_FORCE_MAX 8
#define KEYRING_LABEL_MAX 32
#define KEYRING_KEY_LEN   32

/** One key with the subkeys derived from it. Holds secrets: wipe with keyring_fini. */
struct keyring_key {
    char label[KEYRING_LABEL_MAX + 1]; /* for people: [A-Za-z0-9._-], NUL-terminated */
    uint32_t id;                       /* on the wire; never 0 */
    uint8_t udp[KEYRING_KEY_LEN];      /* seals datagrams */
    uint8_t tcp[KEYRING_KEY_LEN];      /* seals stream frames */
};

/** What a rotation is made of: a key comes, it becomes the one that seals, it goes. */
enum keyring_step {
    KEYRING_INSTALL,
    KEYRING_PROMOTE,
    KEYRING_RETIRE
};

/** A step that somebody wants taken though it is not known to be safe. */
struct keyring_force {
    enum keyring_step step; /* never KEYRING_INSTALL, which is always safe */
    uint32_t id;
};

/** An ordered ring; keys[0] seals. n is 0 in plain mode (no keyring). */
struct keyring {
    struct keyring_key keys[KEYRING_KEYS_MAX];
    size_t n;
    struct keyring_force forced[KEYRING_FORCE_MAX];
    size_t forced_n;
};

/** Why a keyring file was refused: line (from 1, 0 for the whole file) and a static reason. */
struct keyring_fault {
    size_t line;
    const char *reason;
};

/**
 * Parse a keyring file: one `label base64key` a line (32 bytes in standard base64 with padding),
 * empty lines and lines that begin with '#' skipped, spaces and tabs around fields, LF or CRLF. Lines of
 * three words, `force promote ID` and `force retire ID`, name a step of a rotation that is to be taken
 * at once; ID is a wire id, 8 hex digits, of a key that the file need not hold.
 *
 * Errors: ERR_CONFIG with *fault set; *out is unchanged. Refused: no key at all, more than four, a
 * bad label, base64 or length, a label twice, a key twice, two keys with one wire id, a step that
 * there is not, more than eight forced steps.
 * Copies: everything; text may be wiped afterwards.
 */
MUST_USE enum err keyring_parse(struct slice text, struct keyring *out,
                                struct keyring_fault *fault);

#define KEYRING_LINE_MAX (KEYRING_LABEL_MAX + 1 + 44 + 1)

/**
 * Make out the one line `label base64key\n` of a file, from 32 random bytes. Asserts a good label.
 *
 * out:     room for KEYRING_LINE_MAX bytes; it holds a secret afterwards, which the caller wipes.
 * Returns: the bytes written; no NUL follows them.
 */
size_t keyring_line(const char *label, const uint8_t key[KEYRING_KEY_LEN], char *out);

/** Is label acceptable: 1 to 32 of [A-Za-z0-9._-]? */
bool keyring_label_ok(struct slice label);

/** The key with this wire id; NULL when the ring does not hold it. Lends from k. */
const struct keyring_key *keyring_find(const struct keyring *k, uint32_t id);

/** The place of a key in a ring, compared in constant time; its n when it is not there. Equal ids are not
 *  enough: they are 32 bits of a hash. */
size_t keyring_place(const struct keyring *k, const struct keyring_key *key);

/** Make the i-th key the first; the others keep their order. */
void keyring_put_first(struct keyring *k, size_t i);

/** Drop the i-th key and wipe its place; the others keep their order. */
void keyring_remove(struct keyring *k, size_t i);

/** "install", "promote", "retire". Static. */
const char *keyring_step_text(enum keyring_step step);

/** Does the ring's file force this step of this key? */
bool keyring_forces(const struct keyring *k, enum keyring_step step, uint32_t id);

/** Wipe all secrets and leave the empty (plain) ring. */
void keyring_fini(struct keyring *k);
