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

/** One hello, there and back. */
static enum scrubjay_status say_hello(struct scrubjay *c, struct slice auth, uint64_t deadline_ms,
                                      struct client_reply *reply)
{
    uint8_t room[HELLO_ROOM];
    const struct client_request hello = {.id = call_id(c),
                                         .op = OP_HELLO,
                                         .client = slice_text(c->name),
                                         .proto = CLIENT_PROTO,
                                         .auth = auth};
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

/** Check what the node proves, and answer with our own proof. */
static enum scrubjay_status prove(struct scrubjay *c, const uint8_t nonce[LOGIN_NONCE_LEN],
                                  struct slice result, uint64_t deadline_ms)
{
    uint8_t proof[LOGIN_PROOF_LEN];
    struct client_challenge told;
    struct client_reply reply;
    if (client_challenge_decode(c->codec, result, &told) != OK)
        return distrust(c, "asks nobody for a key, so it cannot show that it knows ours");
    const struct login_terms terms = {
        .cluster = told.cluster, .node_nonce = told.nonce.at, .client_nonce = nonce};
    if (!login_proves(LOGIN_NODE, c->key, &terms, told.proof))
        return distrust(c, "does not know this id with this key");
    login_proof(LOGIN_CLIENT, c->key, &terms, proof);
    return say_hello(c, slice_of(proof, sizeof proof), deadline_ms, &reply);
}

enum scrubjay_status login_greet(struct scrubjay *c, uint64_t deadline_ms)
{
    uint8_t nonce[LOGIN_NONCE_LEN], claim[LOGIN_CLAIM_MAX];
    struct client_reply reply;
    if (c->id[0] == '\0')
        return say_hello(c, (struct slice){0}, deadline_ms, &reply);
    if (getrandom(nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce)
        return fail(c, SCRUBJAY_INVALID, "the system gives no random bytes for a login");
    const size_t len = login_claim(c->id, nonce, claim);
    const enum scrubjay_status status = say_hello(c, slice_of(claim, len), deadline_ms, &reply);
    return status == SCRUBJAY_OK ? prove(c, nonce, reply.result, deadline_ms) : status;
}
