/** Logging in: what a node must prove, and what comes of it when it does not. */

#include <criterion/criterion.h>
#include <string.h>

#include "client/inside.h"

#include "fake_node.h"

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static struct fake node;
static const struct scrubjay_bytes NAME = {"package-123", 11};
static uint8_t key[CLIENTS_KEY_LEN];
static bool key_is_wrong;
static bool denies;      /* the second hello */
static unsigned refuses; /* so many connections are told that there are too many */

/** Take a claim, and answer as a node with key would. */
static void challenge(struct fake *f, int fd, uint8_t own[LOGIN_NONCE_LEN],
                      uint8_t ours[LOGIN_NONCE_LEN])
{
    struct client_request q;
    uint8_t proof[LOGIN_PROOF_LEN];
    cr_assert(fake_take(f, fd, &q));
    cr_assert_eq(q.auth.len, LOGIN_NONCE_LEN + 3);
    cr_assert_eq(memcmp(q.auth.at + LOGIN_NONCE_LEN, "app", 3), 0);
    memcpy(own, q.auth.at, LOGIN_NONCE_LEN);
    memset(ours, 0x77, LOGIN_NONCE_LEN);
    const struct login_terms terms = {
        .cluster = slice_text("fake"), .node_nonce = ours, .client_nonce = own};
    login_proof(LOGIN_NODE, key, &terms, proof);
    proof[0] ^= key_is_wrong;
    client_reply_challenge(&f->w, q.id,
                           &(struct client_challenge){.cluster = terms.cluster,
                                                      .nonce = slice_of(ours, LOGIN_NONCE_LEN),
                                                      .proof = slice_of(proof, sizeof proof)});
    fake_send(f, fd);
}

static void say_error(struct fake *f, int fd, const struct client_request *q, const char *name)
{
    struct client_fault fault = {.has_id = q != NULL, .id = q != NULL ? q->id : 0, .name = name};
    memcpy(fault.text, "no", 3);
    f->w = writer_of(f->reply, sizeof f->reply);
    client_reply_error(&f->w, &fault);
    fake_send(f, fd);
}

/** A node with a clients file. */
static void guard(struct fake *f, int fd, unsigned nth)
{
    uint8_t own[LOGIN_NONCE_LEN], ours[LOGIN_NONCE_LEN];
    const struct client_hello hello = {.version = "0", .node = slice_text("fake")};
    struct client_request q;
    if (nth < refuses) {
        say_error(f, fd, NULL, "TOO_MANY_CONNECTIONS");
        return;
    }
    challenge(f, fd, own, ours);
    if (!fake_take(f, fd, &q))
        return;
    const struct login_terms terms = {
        .cluster = slice_text("fake"), .node_nonce = ours, .client_nonce = own};
    cr_expect(login_proves(LOGIN_CLIENT, key, &terms, q.auth));
    if (denies) {
        say_error(f, fd, &q, "AUTH_FAILED");
        return;
    }
    client_reply_hello(&f->w, q.id, &hello);
    fake_send(f, fd);
    while (fake_take(f, fd, &q)) {
        if (q.op == OP_GET)
            fake_hit(f, q.id, "in transit");
        else
            say_error(f, fd, &q, "NOT_PERMITTED");
        if (f->w.len > 0)
            fake_send(f, fd);
    }
}

/** A node without one. */
static void greet(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    cr_expect_not(fake_take(f, fd, &q), "nothing more is said to it");
}

static struct scrubjay *begin(fake_script *script, unsigned connections, const char *id,
                              const char *text)
{
    cr_assert(clients_key_read(slice_text(KEY), key));
    fake_start(&node, script, connections);
    return scrubjay_new(&(struct scrubjay_options){
        .address = node.address, .name = "test", .timeout_ms = 20000, .id = id, .key = text});
}

static void end(struct scrubjay *c)
{
    scrubjay_free(c);
    fake_join(&node);
}

Test(login, who_has_the_key_is_served)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(guard, 1, "app", KEY);
    cr_expect_eq(scrubjay_get(c, "", NAME, &got), SCRUBJAY_OK, "%s", scrubjay_error(c));
    end(c);
}

Test(login, a_missing_capability_has_a_status_of_its_own)
{
    struct scrubjay *c = begin(guard, 1, "app", KEY);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_DENIED);
    cr_expect_str_eq(scrubjay_error_name(c), "NOT_PERMITTED");
    end(c);
}

Test(login, a_node_that_does_not_know_the_key_learns_nothing)
{
    struct scrubjay *c;
    key_is_wrong = true;
    c = begin(guard, 1, "app", KEY);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_DENIED);
    cr_expect_str_eq(scrubjay_error_name(c), "NOT_PROVEN");
    end(c);
}

Test(login, a_node_that_asks_nobody_is_not_spoken_to)
{
    struct scrubjay *c = begin(greet, 1, "app", KEY);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_DENIED);
    cr_expect_str_eq(scrubjay_error_name(c), "NOT_PROVEN");
    end(c);
}

Test(login, a_refused_proof_is_a_denial)
{
    struct scrubjay *c;
    denies = true;
    c = begin(guard, 1, "app", KEY);
    cr_expect_eq(scrubjay_connect(c), SCRUBJAY_DENIED);
    cr_expect_str_eq(scrubjay_error_name(c), "AUTH_FAILED");
    end(c);
}

Test(login, while_too_many_log_in_it_is_tried_again)
{
    struct scrubjay *c;
    refuses = 3;
    c = begin(guard, 4, "app", KEY);
    cr_expect_eq(scrubjay_connect(c), SCRUBJAY_OK, "%s", scrubjay_error(c));
    end(c);
}

Test(login, a_request_outlives_that)
{
    struct scrubjay *c;
    refuses = 3;
    c = begin(guard, 4, "app", KEY);
    (void)scrubjay_ping(c);
    cr_expect_str_eq(scrubjay_error_name(c), "NOT_PERMITTED", "it came, and was answered");
    end(c);
}

Test(login, what_is_no_key_is_told_before_anything_is_sent)
{
    static const char *const bad[][2] = {
        {"app", "short"}, {"a p", KEY},  {"", KEY},
        {NULL, KEY},      {"app", NULL}, {"abcdefghijklmnopqrstuvwxyz0123456", KEY}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct scrubjay *c = scrubjay_new(&(struct scrubjay_options){
            .address = "127.0.0.1:1", .id = bad[i][0], .key = bad[i][1]});
        cr_expect_eq(scrubjay_ping(c), SCRUBJAY_INVALID, "%zu", i);
        cr_expect_null(strstr(scrubjay_error(c), "AAECAwQF"));
        scrubjay_free(c);
    }
}
