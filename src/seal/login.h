/**
 * seal/login.h - how a client and a node show each other that both hold the client's key.
 *
 * The key never crosses the wire. Each side draws a nonce; the proof of a side is
 *
 *     BLAKE2b-256, keyed with the client's key (RFC 7693), of
 *     label (2) || length of cluster (1) || cluster || nonce of the node (32) || nonce of the client (32)
 *
 * with the label "s1" for the node's proof and "c1" for the client's, so that neither can be sent back
 * as the other. The node proves itself first.
 *
 * A client whose claim carries a share, the public half of a pair that it drew for this connection, is
 * answered with a share of the node. Then both proofs are bound to both: the labels are "s2" and "c2", and
 * the share of the node (32) and that of the client (32) follow the nonces. So who takes a share away, or
 * puts another in its place, cannot make either proof. What follows the login is sealed (seal/tunnel.h)
 * under keys that nobody can make again when the pairs are gone:
 *
 *     dh    = X25519(own secret, share of the other)
 *     keys  = BLAKE2b-512, keyed with the client's key, of "scrubjay client" || dh || all that a proof
 *             is made of, but the label
 *
 * The first 32 bytes seal what the client says, the last 32 what the node says. Nobody is asked for dh
 * before the client has proven itself.
 *
 * Pure: nonces and pairs are arguments. Never says whether an id is known: an unknown one is answered under
 * a key that nobody has.
 * Source: RFC 7748 (X25519); Perrin, "The Noise protocol framework", pattern NNpsk0, for what is mixed in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "seal/clients.h"
#include "seal/session.h"
#include "seal/tunnel.h"

#define LOGIN_NONCE_LEN 32
#define LOGIN_PROOF_LEN 32
#define LOGIN_CLAIM_MAX (LOGIN_NONCE_LEN + CLIENTS_ID_MAX) /* bytes of `auth` */
#define LOGIN_TRIES     3                                  /* failures that end a connection */

/** Whose proof. */
enum login_side {
    LOGIN_NODE,
    LOGIN_CLIENT
};

/** What both proofs are bound to. Lends. */
struct login_terms {
    struct slice cluster; /* at most 255 bytes */
    const uint8_t *node_nonce;
    const uint8_t *client_nonce;
    const uint8_t *node_share; /* SESSION_SHARE_LEN bytes each; NULL, both of them: a plain login */
    const uint8_t *client_share;
};

/** Make the proof of a side. */
void login_proof(enum login_side side, const uint8_t key[CLIENTS_KEY_LEN],
                 const struct login_terms *terms, uint8_t out[LOGIN_PROOF_LEN]);

/** Is proof that of the side? In constant time. */
bool login_proves(enum login_side side, const uint8_t key[CLIENTS_KEY_LEN],
                  const struct login_terms *terms, struct slice proof);

/**
 * Make the keys of what follows a login with shares, as the side has them.
 *
 * own:    the side's pair; its share is in terms.
 * Errors: ERR_UNAUTHENTIC, and *out is unchanged: the other's share makes no secret.
 */
MUST_USE enum err login_derive(enum login_side side, const uint8_t key[CLIENTS_KEY_LEN],
                               const struct login_terms *terms, const struct session_pair *own,
                               struct tunnel *out);

/** Write a client's first word into out: its nonce and its id. Returns: its length. */
size_t login_claim(const char *id, const uint8_t nonce[LOGIN_NONCE_LEN],
                   uint8_t out[LOGIN_CLAIM_MAX]);

/** A connection that has not shown who it is, as its node sees it. Begins zeroed. Holds secrets. */
struct login {
    uint8_t failures;
    bool challenged; /* a proof is awaited: */
    char id[CLIENTS_ID_MAX + 1];
    uint8_t node_nonce[LOGIN_NONCE_LEN];
    uint8_t client_nonce[LOGIN_NONCE_LEN];
    bool sealed; /* the claim had a share: */
    uint8_t client_share[SESSION_SHARE_LEN];
    struct session_pair own;
    struct tunnel tunnel; /* once it is granted */
};

/** What a client says. Hostile, lent. */
struct login_word {
    struct slice auth;
    struct slice share; /* empty, or SESSION_SHARE_LEN bytes (asserted) */
};

/** What is drawn for one challenge. Holds a secret. */
struct login_fresh {
    uint8_t nonce[LOGIN_NONCE_LEN];
    struct session_pair pair; /* of no use without a share */
};

/** What a node knows. Lends. */
struct login_node {
    struct slice cluster;
    const struct clients *clients;
    const struct clients_one *nobody; /* with a key that nobody has */
};

/** What to do now. */
enum login_step {
    LOGIN_CHALLENGE, /* send l->node_nonce and proof; when l->sealed, l->own.share, too */
    LOGIN_GRANTED,   /* it is who it says; when l->sealed, l->tunnel is for what follows */
    LOGIN_REFUSED,   /* say so; it may begin again */
    LOGIN_OVER       /* say so and close: LOGIN_TRIES failures */
};

/** What a node answers. */
struct login_answer {
    enum login_step step;
    uint8_t proof[LOGIN_PROOF_LEN];
    uint8_t rights;
    uint64_t tag; /* of the client; of no use when it is not LOGIN_GRANTED */
};

/** Does this word ask for a challenge, now? Then what is drawn for it is used. */
bool login_claims(const struct login *l, const struct login_word *word);

/**
 * Hear one word of a client.
 *
 * word:  an `auth` of 33 to 64 bytes is a claim; 32 are a proof; anything else is a failure, as is a proof
 *        that nobody asked for, or with a share, and a claim where a proof was awaited.
 * fresh: used for a challenge; the caller wipes it.
 */
struct login_answer login_hear(struct login *l, const struct login_node *node,
                               const struct login_word *word, const struct login_fresh *fresh);

/** It did something else that a stranger may not do. Returns: LOGIN_REFUSED or LOGIN_OVER. */
enum login_step login_fail(struct login *l);
