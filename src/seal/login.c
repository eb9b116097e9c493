#include "seal/login.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

#define LABEL_LEN 2
#define TERMS_MAX (1 + UINT8_MAX + 2 * LOGIN_NONCE_LEN + 2 * SESSION_SHARE_LEN)

static bool has_shares(const struct login_terms *terms)
{
    assert((terms->node_share == NULL) == (terms->client_share == NULL));
    return terms->node_share != NULL;
}

/** All that both sides say, but their proofs. */
static struct slice write_terms(const struct login_terms *terms, uint8_t out[TERMS_MAX])
{
    struct writer w = writer_of(out, TERMS_MAX);
    assert(terms->cluster.len <= UINT8_MAX);
    write_u8(&w, (uint8_t)terms->cluster.len);
    write_bytes(&w, terms->cluster);
    write_bytes(&w, slice_of(terms->node_nonce, LOGIN_NONCE_LEN));
    write_bytes(&w, slice_of(terms->client_nonce, LOGIN_NONCE_LEN));
    if (has_shares(terms)) {
        write_bytes(&w, slice_of(terms->node_share, SESSION_SHARE_LEN));
        write_bytes(&w, slice_of(terms->client_share, SESSION_SHARE_LEN));
    }
    assert(w.err == OK);
    return writer_slice(&w);
}

void login_proof(enum login_side side, const uint8_t key[CLIENTS_KEY_LEN],
                 const struct login_terms *terms, uint8_t out[LOGIN_PROOF_LEN])
{
    static const uint8_t labels[][2][LABEL_LEN] = {
        [LOGIN_NODE] = {"s1", "s2"}, [LOGIN_CLIENT] = {"c1", "c2"}};
    crypto_generichash_state state;
    uint8_t room[TERMS_MAX];
    const struct slice said = write_terms(terms, room);
    crypto_generichash_init(&state, key, CLIENTS_KEY_LEN, LOGIN_PROOF_LEN);
    crypto_generichash_update(&state, labels[side][has_shares(terms)], LABEL_LEN);
    crypto_generichash_update(&state, said.at, said.len);
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

static struct tunnel_key key_of(const uint8_t *bytes)
{
    struct tunnel_key key = {.number = 0};
    memcpy(key.bytes, bytes, sizeof key.bytes);
    return key;
}

enum err login_derive(enum login_side side, const uint8_t key[CLIENTS_KEY_LEN],
                      const struct login_terms *terms, const struct session_pair *own,
                      struct tunnel *out)
{
    uint8_t room[TERMS_MAX], keys[2 * SESSION_KEY_LEN];
    const struct session_mix mix = {
        .key = key, .label = slice_text("scrubjay client"), .terms = write_terms(terms, room)};
    const bool is_node = side == LOGIN_NODE;
    assert(has_shares(terms));
    const enum err err =
        session_agree(own, is_node ? terms->client_share : terms->node_share, &mix, keys);
    if (err != OK)
        return err;
    const uint8_t *client = keys, *node = keys + SESSION_KEY_LEN;
    *out = (struct tunnel){.send = key_of(is_node ? node : client),
                           .take = key_of(is_node ? client : node)};
    sodium_memzero(keys, sizeof keys);
    return OK;
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
    return (struct login_terms){.cluster = node->cluster,
                                .node_nonce = l->node_nonce,
                                .client_nonce = l->client_nonce,
                                .node_share = l->sealed ? l->own.share : NULL,
                                .client_share = l->sealed ? l->client_share : NULL};
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

static void keep_shares(struct login *l, struct slice share, const struct session_pair *own)
{
    l->sealed = share.len > 0;
    if (!l->sealed)
        return;
    assert(share.len == SESSION_SHARE_LEN);
    memcpy(l->client_share, share.at, SESSION_SHARE_LEN);
    l->own = *own;
}

static struct login_answer challenge(struct login *l, const struct login_node *node,
                                     const struct login_word *word, const struct login_fresh *fresh)
{
    struct login_answer answer = {.step = LOGIN_CHALLENGE};
    const struct slice auth = word->auth;
    memcpy(l->client_nonce, auth.at, LOGIN_NONCE_LEN);
    memcpy(l->node_nonce, fresh->nonce, LOGIN_NONCE_LEN);
    keep_id(l, slice_of(auth.at + LOGIN_NONCE_LEN, auth.len - LOGIN_NONCE_LEN));
    keep_shares(l, word->share, &fresh->pair);
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
    if (l->sealed && login_derive(LOGIN_NODE, who->key, &terms, &l->own, &l->tunnel) != OK)
        return (struct login_answer){.step = login_fail(l)};
    l->challenged = false;
    return (struct login_answer){.step = LOGIN_GRANTED, .rights = who->rights, .tag = who->tag};
}

bool login_claims(const struct login *l, const struct login_word *word)
{
    return !l->challenged && word->auth.len > LOGIN_NONCE_LEN && word->auth.len <= LOGIN_CLAIM_MAX;
}

struct login_answer login_hear(struct login *l, const struct login_node *node,
                               const struct login_word *word, const struct login_fresh *fresh)
{
    if (login_claims(l, word))
        return challenge(l, node, word, fresh);
    if (word->auth.len == LOGIN_PROOF_LEN && word->share.len == 0 && l->challenged)
        return judge(l, node, word->auth);
    return (struct login_answer){.step = login_fail(l)};
}
