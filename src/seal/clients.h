/**
 * seal/clients.h - who may use a node: names of clients, their keys, and what each may do.
 *
 * A table is parsed from the bytes of its file (the file itself is read above this floor), one client a
 * line: `id base64key capability[,capability]`. Never decides what an operation needs, and never draws
 * a key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/rights.h"
#include "base/slice.h"

#define CLIENTS_MAX     256
#define CLIENTS_ID_MAX  32
#define CLIENTS_KEY_LEN 32

/** One client. Holds a secret. */
struct clients_one {
    char id[CLIENTS_ID_MAX + 1]; /* [A-Za-z0-9._-], NUL-terminated */
    uint8_t rights;              /* set of enum right */
    uint8_t key[CLIENTS_KEY_LEN];
    uint64_t tag; /* stands for id and key together; tells neither. Never 0 */
};

/** All of them, as the file has them. Holds secrets: wipe with clients_fini. */
struct clients {
    size_t n;
    struct clients_one all[CLIENTS_MAX];
};

#define CLIENTS_WORD_MAX 12

/** Why a file was refused: line (from 1, 0 for the whole file) and a static reason. */
struct clients_fault {
    size_t line;
    const char *reason;
    char word[CLIENTS_WORD_MAX + 1]; /* the capability that there is not; "" = it is no word */
    const char *meant;               /* the one that resembles it, or NULL; static */
};

/**
 * Parse a file of clients: empty lines and lines that begin with '#' are skipped, spaces and tabs stand
 * around fields, lines end with LF or CRLF.
 *
 * out:    must not be on a stack, if its secrets are to be in one place. Set on success alone.
 * room:   where it is put together; wiped in any case.
 * Errors: ERR_CONFIG with *fault set. Refused: no client at all, more than CLIENTS_MAX, a bad id, key or
 *         capability, one of them twice.
 * Copies: everything; text may be wiped afterwards.
 */
MUST_USE enum err clients_parse(struct slice text, struct clients *out, struct clients *room,
                                struct clients_fault *fault);

/**
 * Read what a client is given: the first line that is not mute, `id base64key` and perhaps capabilities.
 *
 * Errors: ERR_CONFIG with *fault set; *out holds no secret then. rights is 0 when the line has none.
 */
MUST_USE enum err clients_parse_own(struct slice text, struct clients_one *out,
                                    struct clients_fault *fault);

/** Read a key: base64 with padding. false for anything else, and out is wiped. */
bool clients_key_read(struct slice text, uint8_t out[CLIENTS_KEY_LEN]);

#define CLIENTS_LINE_MAX (CLIENTS_ID_MAX + 1 + 44 + 1 + RIGHTS_TEXT_MAX)

/**
 * Make out one line of a file, with its LF. Asserts a good id, and at least one capability.
 *
 * out:     it holds a secret afterwards, which the caller wipes.
 * Returns: the bytes written; no NUL follows them.
 */
size_t clients_line(const struct clients_one *one, char out[CLIENTS_LINE_MAX]);

/** Read `capability[,capability]`. Errors: ERR_CONFIG with all of *fault set but the line. */
MUST_USE enum err clients_rights_read(struct slice text, uint8_t *out, struct clients_fault *fault);

/** The client of this id; otherwise when there is none. Looks at all of them in any case. Lends. */
const struct clients_one *clients_find(const struct clients *c, struct slice id,
                                       const struct clients_one *otherwise);

/** The client with this key, compared in constant time; NULL when there is none. Lends. */
const struct clients_one *clients_with_key(const struct clients *c,
                                           const uint8_t key[CLIENTS_KEY_LEN]);

/** The client with this tag; NULL when there is none. Lends. */
const struct clients_one *clients_tagged(const struct clients *c, uint64_t tag);

/** Wipe all secrets and leave nobody. */
void clients_fini(struct clients *c);
