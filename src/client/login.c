#include "seal/login.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include <sys/random.h>

#include "client/inside.h"
#include "seal/keyring.h"

#define HELLO_ROOM 256

void login_options(struct scrubjay *c, const char *id, const char *key)
{
    if (id == NULL && key == NULL)
        return;
    c->key_unfit = id == NULL || key == NULL || !keyring_label_ok(slice_text(id)) ||
                   !clients_key_read(slice_text(key), c->key);
    if (!c->key_unfit)
        snprintf(c->id, sizeof c->id, "%s", id);
}

/** What one login is made of. Holds secrets. */
struct attempt {
    uint8_t nonce[LOGIN_NONCE_LEN];
    struct session_pair pair;
    struct slice share; /* of pair; empty = what follows is not to be sealed */
};

static bool draw(const struct scrubjay *c, struct attempt *a)
{
    struct ratchet r;                        /* of one draw: nobody keeps what it is made of */
    const bool drawn = sodium_init() >= 0 && /* it looks what the processor can do */
                       getrandom(a->nonce, sizeof a->nonce, 0) == (ssize_t)sizeof a->nonce &&
                       getrandom(r.state, sizeof r.state, 0) == (ssize_t)sizeof r.state;
    if (drawn)
        session_draw(&r, &a->pair);
    sodium_memzero(&r, sizeof r);
    a->share = c->plain ? (struct slice){0} : slice_of(a->pair.share, sizeof a->pair.share);
    return drawn;
}

/** What a hello says for a login. */
struct word {
    struct slice auth, share;
};

/** One hello, there and back. */
static enum scrubjay_status say_hello(struct scrubjay *c, struct word word, uint64_t deadline_ms,
                                      struct client_reply *reply)
{
    uint8_t room[HELLO_ROOM];
    const struct client_request hello = {.id = call_id(c),
                                         .op = OP_HELLO,
                                         .client = slice_text(c->name),
                                         .proto = CLIENT_PROTO,
                                         .auth = word.auth,
                                         .share = word.share};
    struct writer w = writer_of(room, sizeof room);
    client_request_encode(&w, &hello);
    struct buffer b = {.at = room, .end = w.len, .cap = sizeof room};
    const enum scrubjay_status status = link_send(c, &b, deadline_ms);
    return status == SCRUBJAY_OK ? call_await(c, hello.id, deadline_ms, reply) : status;
}

/** Whoever answers does not know our key: it is told nothing more. */
static enum scrubjay_status distrust(struct scrubjay *c, const char *why)
{
    link_close(c);
    (void)fail(c, SCRUBJAY_DENIED,
               "%s %s. It was not spoken to: check the address, its clients file, and the key.",
               c->address.text, why);
    fail_name(c, slice_text("NOT_PROVEN"));
    return SCRUBJAY_DENIED;
}

/** It cannot seal, or somebody on the way makes it seem so. */
static enum scrubjay_status miss_share(struct scrubjay *c)
{
    link_close(c);
    (void)fail(
        c, SCRUBJAY_DENIED,
        "%s does not seal its connections, as a node of an older version does not. Update it, or "
        "ask for a plain connection where nobody can read or change what is on the wire.",
        c->address.text);
    fail_name(c, slice_text("NOT_SEALED"));
    return SCRUBJAY_DENIED;
}

/** The last words of a login, and what they lead to. Keys are those of the connection; wiped here. */
static enum scrubjay_status answer(struct scrubjay *c, struct slice proof, struct tunnel *keys,
                                   uint64_t deadline_ms)
{
    struct client_reply reply;
    enum scrubjay_status status = say_hello(c, (struct word){.auth = proof}, deadline_ms, &reply);
    if (status == SCRUBJAY_OK && !c->plain)
        status = link_seal(c, keys);
    tunnel_wipe(keys);
    return status;
}

/** Check what the node proves, and answer with our own proof. */
static enum scrubjay_status prove(struct scrubjay *c, const struct attempt *a, struct slice result,
                                  uint64_t deadline_ms)
{
    uint8_t proof[LOGIN_PROOF_LEN];
    struct client_challenge told;
    struct tunnel keys = {.send = {.number = 0}};
    if (client_challenge_decode(c->codec, result, &told) != OK)
        return distrust(c, "asks nobody for a key, so it cannot show that it knows ours");
    if (!c->plain && told.share.len == 0)
        return miss_share(c);
    const struct login_terms terms = {.cluster = told.cluster,
                                      .node_nonce = told.nonce.at,
                                      .client_nonce = a->nonce,
                                      .node_share = c->plain ? NULL : told.share.at,
                                      .client_share = a->share.at};
    if (!login_proves(LOGIN_NODE, c->key, &terms, told.proof))
        return distrust(c, "does not know this id with this key");
    if (!c->plain && login_derive(LOGIN_CLIENT, c->key, &terms, &a->pair, &keys) != OK)
        return distrust(c, "gave a share that makes no secret");
    login_proof(LOGIN_CLIENT, c->key, &terms, proof);
    return answer(c, slice_of(proof, sizeof proof), &keys, deadline_ms);
}

/** Log in, with what was drawn for it. */
static enum scrubjay_status log_in(struct scrubjay *c, const struct attempt *a,
                                   uint64_t deadline_ms)
{
    uint8_t claim[LOGIN_CLAIM_MAX];
    struct client_reply reply;
    const struct word word = {.auth = slice_of(claim, login_claim(c->id, a->nonce, claim)),
                              .share = a->share};
    const enum scrubjay_status status = say_hello(c, word, deadline_ms, &reply);
    if (status == SCRUBJAY_ERROR && strcmp(c->error_name, "UNKNOWN_OPTION") == 0)
        return miss_share(c);
    return status == SCRUBJAY_OK ? prove(c, a, reply.result, deadline_ms) : status;
}

enum scrubjay_status login_greet(struct scrubjay *c, uint64_t deadline_ms)
{
    struct attempt a;
    struct client_reply reply;
    if (c->id[0] == '\0')
        return say_hello(c, (struct word){0}, deadline_ms, &reply);
    const enum scrubjay_status status =
        draw(c, &a) ? log_in(c, &a, deadline_ms)
                    : fail(c, SCRUBJAY_INVALID, "the system gives no random bytes for a login");
    sodium_memzero(&a, sizeof a);
    return status;
}
