/**
 * seal/login.h - how a client and a node show each other that both hold the client's key.
 *
 * The key never crosses the wire. Each side draws a nonce; the proof of a side is
 *
 *     BLAKE2b-256, keyed with the client's key (RFC 7693), of
 *     label (2) || length of cluster (1) || cluster || nonce of the node (32) || nonce of the client (32)
 *
 * with the label "s1" for the node's proof and "c1" for the client's, so that neither can be sent back
 * as the other. The node proves itself first. Pure: nonces are arguments. Never says whether an id is
 * known: an unknown one is answered under a key that nobody has.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "seal/clients.h"

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
};

/** Make the proof of a side. */
void login_proof(enum login_side side, const uint8_t key[CLIENTS_KEY_LEN],
                 const struct login_terms *terms, uint8_t out[LOGIN_PROOF_LEN]);

/** Is proof that of the side? In constant time. */
bool login_proves(enum login_side side, const uint8_t key[CLIENTS_KEY_LEN],
                  const struct login_terms *terms, struct slice proof);

/** Write a client's first word into out: its nonce and its id. Returns: its length. */
size_t login_claim(const char *id, const uint8_t nonce[LOGIN_NONCE_LEN],
                   uint8_t out[LOGIN_CLAIM_MAX]);

/** A connection that has not shown who it is, as its node sees it. Begins zeroed. */
struct login {
    uint8_t failures;
    bool challenged; /* a proof is awaited: */
    char id[CLIENTS_ID_MAX + 1];
    uint8_t node_nonce[LOGIN_NONCE_LEN];
    uint8_t client_nonce[LOGIN_NONCE_LEN];
};

/** What a node knows. Lends. */
struct login_node {
    struct slice cluster;
    const struct clients *clients;
    const struct clients_one *nobody; /* with a key that nobody has */
};

/** What to do now. */
enum login_step {
    LOGIN_CHALLENGE, /* send l->node_nonce and proof */
    LOGIN_GRANTED,   /* it is `who` */
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

/**
 * Hear one word of a client.
 *
 * auth:   hostile. 33 to 64 bytes are a claim; 32 are a proof; anything else is a failure, as is a proof
 *         that nobody asked for, and a claim where a proof was awaited.
 * nonce:  fresh random bytes; used for a challenge.
 */
struct login_answer login_hear(struct login *l, const struct login_node *node, struct slice auth,
                               const uint8_t nonce[LOGIN_NONCE_LEN]);

/** It did something else that a stranger may not do. Returns: LOGIN_REFUSED or LOGIN_OVER. */
enum login_step login_fail(struct login *l);
