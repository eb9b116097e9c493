#include "seal/login.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define LABEL_LEN 2

void login_proof(enum login_side side, const uint8_t key[CLIENTS_KEY_LEN],
                 const struct login_terms *terms, uint8_t out[LOGIN_PROOF_LEN])
{
    static const uint8_t labels[][LABEL_LEN] = {[LOGIN_NODE] = "s1", [LOGIN_CLIENT] = "c1"};
    crypto_generichash_state state;
    assert(terms->cluster.len <= UINT8_MAX);
    const uint8_t len = (uint8_t)terms->cluster.len;
    crypto_generichash_init(&state, key, CLIENTS_KEY_LEN, LOGIN_PROOF_LEN);
    crypto_generichash_update(&state, labels[side], LABEL_LEN);
    crypto_generichash_update(&state, &len, sizeof len);
    crypto_generichash_update(&state, terms->cluster.at, terms->cluster.len);
    crypto_generichash_update(&state, terms->node_nonce, LOGIN_NONCE_LEN);
    crypto_generichash_update(&state, terms->client_nonce, LOGIN_NONCE_LEN);
    crypto_generichash_final(&state, out, LOGIN_PROOF_LEN);
    sodium_memzero(&state, sizeof state); /* it began with the key */
}

bool login_proves(enum login_side side, const uint8_t key[CLIENTS_KEY_LEN],
                  const struct login_terms *terms, struct slice proof)
{
    uint8_t right[LOGIN_PROOF_LEN];
    login_proof(side, key, terms, right);
    const bool same =
        proof.len == sizeof right && sodium_memcmp(right, proof.at, sizeof right) == 0;
    sodium_memzero(right, sizeof right);
    return same;
}

size_t login_claim(const char *id, const uint8_t nonce[LOGIN_NONCE_LEN],
                   uint8_t out[LOGIN_CLAIM_MAX])
{
    const size_t len = strlen(id);
    assert(len >= 1 && len <= CLIENTS_ID_MAX);
    memcpy(out, nonce, LOGIN_NONCE_LEN);
    memcpy(out + LOGIN_NONCE_LEN, id, len);
    return LOGIN_NONCE_LEN + len;
}

/* ---- the node's side ---- */

enum login_step login_fail(struct login *l)
{
    l->challenged = false;
    l->failures++;
    return l->failures < LOGIN_TRIES ? LOGIN_REFUSED : LOGIN_OVER;
}

static struct login_terms terms_of(const struct login *l, const struct login_node *node)
{
    return (struct login_terms){
        .cluster = node->cluster, .node_nonce = l->node_nonce, .client_nonce = l->client_nonce};
}

static const struct clients_one *claimed(const struct login *l, const struct login_node *node)
{
    return clients_find(node->clients, slice_text(l->id), node->nobody);
}

/** An id that no file can hold is kept as none, which nobody has. */
static void keep_id(struct login *l, struct slice id)
{
    memset(l->id, 0, sizeof l->id);
    memcpy(l->id, id.at, id.len);
    if (strlen(l->id) != id.len)
        memset(l->id, 0, sizeof l->id);
}

static struct login_answer challenge(struct login *l, const struct login_node *node,
                                     struct slice auth, const uint8_t nonce[LOGIN_NONCE_LEN])
{
    struct login_answer answer = {.step = LOGIN_CHALLENGE};
    memcpy(l->client_nonce, auth.at, LOGIN_NONCE_LEN);
    memcpy(l->node_nonce, nonce, LOGIN_NONCE_LEN);
    keep_id(l, slice_of(auth.at + LOGIN_NONCE_LEN, auth.len - LOGIN_NONCE_LEN));
    l->challenged = true;
    const struct login_terms terms = terms_of(l, node);
    login_proof(LOGIN_NODE, claimed(l, node)->key, &terms, answer.proof);
    return answer;
}

static struct login_answer judge(struct login *l, const struct login_node *node, struct slice auth)
{
    const struct clients_one *who = claimed(l, node);
    const struct login_terms terms = terms_of(l, node);
    const bool proven = login_proves(LOGIN_CLIENT, who->key, &terms, auth);
    if (!proven || who == node->nobody)
        return (struct login_answer){.step = login_fail(l)};
    l->challenged = false;
    return (struct login_answer){.step = LOGIN_GRANTED, .rights = who->rights, .tag = who->tag};
}

struct login_answer login_hear(struct login *l, const struct login_node *node, struct slice auth,
                               const uint8_t nonce[LOGIN_NONCE_LEN])
{
    const bool claims = auth.len > LOGIN_NONCE_LEN && auth.len <= LOGIN_CLAIM_MAX;
    if (claims && !l->challenged)
        return challenge(l, node, auth, nonce);
    if (auth.len == LOGIN_PROOF_LEN && l->challenged)
        return judge(l, node, auth);
    return (struct login_answer){.step = login_fail(l)};
}
