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
static bool is_old;      /* it knows nothing of shares */
static bool strips;      /* somebody on the way takes the node's share away */
static bool swaps;       /* or the client's, and puts another in its place */
static bool spoils;      /* or changes what is sealed */
static unsigned refuses; /* so many connections are told that there are too many */

static struct session_pair pair; /* of the node */

/** What was said in one login. */
struct said {
    uint8_t own[LOGIN_NONCE_LEN], ours[LOGIN_NONCE_LEN], share[SESSION_SHARE_LEN];
    bool sealed;
};

static struct login_terms terms_of(const struct said *said)
{
    return (struct login_terms){.cluster = slice_text("fake"),
                                .node_nonce = said->ours,
                                .client_nonce = said->own,
                                .node_share = said->sealed ? pair.share : NULL,
                                .client_share = said->sealed ? said->share : NULL};
}

/** Take a claim. */
static uint32_t take_claim(struct fake *f, int fd, struct said *said)
{
    struct client_request q;
    struct ratchet ratchet = {{9}};
    session_draw(&ratchet, &pair);
    cr_assert(fake_take(f, fd, &q));
    cr_assert_eq(q.auth.len, LOGIN_NONCE_LEN + 3);
    cr_assert_eq(memcmp(q.auth.at + LOGIN_NONCE_LEN, "app", 3), 0);
    memcpy(said->own, q.auth.at, LOGIN_NONCE_LEN);
    memset(said->ours, 0x77, LOGIN_NONCE_LEN);
    said->sealed = q.share.len > 0;
    if (said->sealed)
        memcpy(said->share, q.share.at, sizeof said->share);
    said->share[0] ^= swaps;
    return q.id;
}

/** Take a claim, and answer as a node with key would. */
static void challenge(struct fake *f, int fd, struct said *said)
{
    uint8_t proof[LOGIN_PROOF_LEN];
    const uint32_t id = take_claim(f, fd, said);
    const struct login_terms terms = terms_of(said);
    login_proof(LOGIN_NODE, key, &terms, proof);
    proof[0] ^= key_is_wrong;
    client_reply_challenge(
        &f->w, id,
        &(struct client_challenge){.cluster = terms.cluster,
                                   .nonce = slice_of(said->ours, LOGIN_NONCE_LEN),
                                   .proof = slice_of(proof, sizeof proof),
                                   .share = said->sealed && !strips ? slice_of(pair.share, 32)
                                                                    : (struct slice){0}});
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

/** After a login: gets are answered, and nothing else is. */
static void serve(struct fake *f, int fd)
{
    struct client_request q;
    while (fake_take(f, fd, &q)) {
        if (q.op == OP_GET)
            fake_hit(f, q.id, "in transit");
        else
            say_error(f, fd, &q, "NOT_PERMITTED");
        if (f->w.len > 0)
            fake_send(f, fd);
    }
}

static void seal(struct fake *f, const struct said *said)
{
    struct tunnel keys;
    const struct login_terms terms = terms_of(said);
    if (!said->sealed)
        return;
    cr_assert_eq(login_derive(LOGIN_NODE, key, &terms, &pair, &keys), OK);
    keys.send.bytes[0] ^= spoils;
    fake_seal(f, &keys);
}

/** A node with a clients file. */
static void guard(struct fake *f, int fd, unsigned nth)
{
    const struct client_hello hello = {.version = "0", .node = slice_text("fake")};
    struct client_request q;
    struct said said;
    if (nth < refuses) {
        say_error(f, fd, NULL, "TOO_MANY_CONNECTIONS");
        return;
    }
    if (is_old) {
        cr_assert(fake_take(f, fd, &q));
        say_error(f, fd, &q, "UNKNOWN_OPTION");
        return;
    }
    challenge(f, fd, &said);
    if (!fake_take(f, fd, &q))
        return;
    const struct login_terms terms = terms_of(&said);
    cr_expect(login_proves(LOGIN_CLIENT, key, &terms, q.auth));
    cr_expect_eq(q.share.len, 0);
    if (denies) {
        say_error(f, fd, &q, "AUTH_FAILED");
        return;
    }
    client_reply_hello(&f->w, q.id, &hello);
    fake_send(f, fd);
    seal(f, &said);
    serve(f, fd);
}

/** A node without one. */
static void greet(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    cr_expect_not(fake_take(f, fd, &q), "nothing more is said to it");
}

static struct scrubjay *begin_with(fake_script *script, unsigned connections, bool plain)
{
    cr_assert(clients_key_read(slice_text(KEY), key));
    fake_start(&node, script, connections);
    return scrubjay_new(&(struct scrubjay_options){.address = node.address,
                                                   .name = "test",
                                                   .timeout_ms = 20000,
                                                   .id = "app",
                                                   .key = KEY,
                                                   .plain = plain});
}

static struct scrubjay *begin(fake_script *script, unsigned connections)
{
    return begin_with(script, connections, false);
}

static void end(struct scrubjay *c)
{
    scrubjay_free(c);
    fake_join(&node);
}

Test(login, who_has_the_key_is_served)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(guard, 1);
    cr_expect_eq(scrubjay_get(c, "", NAME, &got), SCRUBJAY_OK, "%s", scrubjay_error(c));
    end(c);
}

/** A node that answers with what is longer than a record, and in pieces. */
static void answer_at_length(struct fake *f, int fd, unsigned nth)
{
    static char text[100001];
    const struct client_hello hello = {.version = "0", .node = slice_text("fake")};
    struct client_request q;
    struct said said;
    (void)nth;
    memset(text, 't', sizeof text - 1);
    challenge(f, fd, &said);
    cr_assert(fake_take(f, fd, &q));
    client_reply_hello(&f->w, q.id, &hello);
    fake_send(f, fd);
    seal(f, &said);
    while (fake_take(f, fd, &q)) {
        fake_hit(f, q.id, text);
        const struct slice all = writer_slice(&f->w);
        for (size_t at = 0; at < all.len; at += 999)
            (void)records_send(&f->records, fd,
                               slice_of(all.at + at, all.len - at < 999 ? all.len - at : 999));
    }
}

Test(login, answers_of_many_records_are_put_together)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(answer_at_length, 1);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(scrubjay_pipeline_get(c, "", NAME), SCRUBJAY_OK, "%s", scrubjay_error(c));
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(scrubjay_pipeline_next(c, &got), SCRUBJAY_OK, "%s", scrubjay_error(c));
        cr_expect_eq(got.value.len, 100000);
    }
    end(c);
}

Test(login, a_request_of_many_records_is_one)
{
    static char value[100000];
    struct scrubjay *c = begin(guard, 1);
    const struct scrubjay_bytes bytes = {value, sizeof value};
    (void)scrubjay_put(c, "", NAME, bytes, NULL, NULL);
    cr_expect_str_eq(scrubjay_error_name(c), "NOT_PERMITTED", "it came, and was answered");
    end(c);
}

Test(login, a_plain_connection_has_to_be_asked_for)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin_with(guard, 1, true);
    cr_expect_eq(scrubjay_get(c, "", NAME, &got), SCRUBJAY_OK, "%s", scrubjay_error(c));
    cr_expect_not(node.sealed);
    end(c);
}

/** It ends before the client proves anything. */
static void is_not_spoken_to(const char *name)
{
    struct scrubjay *c = begin(guard, 1);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_DENIED);
    cr_expect_str_eq(scrubjay_error_name(c), name);
    end(c);
}

Test(login, a_node_that_cannot_seal_is_not_spoken_to)
{
    is_old = true;
    is_not_spoken_to("NOT_SEALED");
}

Test(login, without_the_share_of_the_node_nothing_goes_on)
{
    strips = true;
    is_not_spoken_to("NOT_SEALED");
}

Test(login, with_another_share_of_its_own_nothing_goes_on)
{
    swaps = true;
    is_not_spoken_to("NOT_PROVEN");
}

Test(login, what_does_not_open_ends_the_connection)
{
    struct scrubjay_value got;
    spoils = true;
    struct scrubjay *c = begin(guard, 2); /* once more, since a get may be asked again */
    cr_assert_eq(scrubjay_connect(c), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_get(c, "", NAME, &got), SCRUBJAY_CONNECT);
    cr_expect_neq(strstr(scrubjay_error(c), "is not what the node sent"), NULL);
    end(c);
}

/* ---- who can write on the wire, and has no key ---- */

static bool forges_push; /* else replies */
static struct scrubjay_event event;

/** Put what no node said before the answer that grants the login, which is the last one that is not sealed. */
static void forge(struct fake *f, int fd, uint32_t grant)
{
    for (uint32_t id = 1; id < 20 && !forges_push; id++)
        if (id != grant)
            fake_hit(f, id, "forged");
    if (forges_push)
        client_push_invalidated(&f->w, slice_text("forged"), SCOPE_ALL, (struct slice){0},
                                (struct slice){0});
    fake_send(f, fd);
}

/** The first connection breaks with answers under way, the second is forged on. */
static void guard_and_forge(struct fake *f, int fd, unsigned nth)
{
    const struct client_hello hello = {.version = "0", .node = slice_text("fake")};
    struct client_request q;
    struct said said;
    challenge(f, fd, &said);
    cr_assert(fake_take(f, fd, &q));
    if (nth == 1)
        forge(f, fd, q.id);
    client_reply_hello(&f->w, q.id, &hello);
    fake_send(f, fd);
    seal(f, &said);
    if (nth == 0)
        (void)fake_take(f, fd, &q);
    else
        serve(f, fd);
}

/** Answers are lost with a connection, and the next one is forged on. */
static struct scrubjay *lose_answers(void)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(guard_and_forge, 3);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(scrubjay_pipeline_get(c, "", NAME), SCRUBJAY_OK, "%s", scrubjay_error(c));
    cr_assert_eq(scrubjay_pipeline_next(c, &got), SCRUBJAY_CONNECT);
    return c;
}

/** A get that is served, as soon as it may connect again. */
static struct scrubjay_value get_at_last(struct scrubjay *c)
{
    struct scrubjay_value got;
    enum scrubjay_status status;
    do
        status = scrubjay_get(c, "", NAME, &got);
    while (status == SCRUBJAY_CONNECT);
    cr_assert_eq(status, SCRUBJAY_OK, "%s", scrubjay_error(c));
    return got;
}

Test(login, what_is_said_before_it_is_sealed_is_no_answer, .timeout = 60)
{
    struct scrubjay_value got;
    struct scrubjay *c = lose_answers();
    cr_expect_eq(scrubjay_get(c, "", NAME, &got), SCRUBJAY_PROTOCOL);
    for (int i = 0; i < 2; i++)
        cr_expect_eq(scrubjay_pipeline_next(c, &got), SCRUBJAY_CONNECT);
    got = get_at_last(c);
    cr_expect_eq(memcmp(got.value.at, "in transit", 10), 0);
    end(c);
}

Test(login, what_is_said_before_it_is_sealed_is_no_event, .timeout = 60)
{
    struct scrubjay_value got;
    forges_push = true;
    struct scrubjay *c = lose_answers();
    cr_expect_eq(scrubjay_get(c, "", NAME, &got), SCRUBJAY_PROTOCOL);
    (void)get_at_last(c);
    cr_expect_neq(scrubjay_next(c, 1, &event), SCRUBJAY_OK);
    end(c);
}

Test(login, a_fork_seals_nothing_under_the_keys_of_its_parent, .timeout = 60)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(guard, 1);
    cr_assert_eq(scrubjay_get(c, "", NAME, &got), SCRUBJAY_OK, "%s", scrubjay_error(c));
    c->owner++; /* as a fork sees it */
    cr_expect_eq(scrubjay_pipeline_get(c, "", NAME), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_pipeline_next(c, &got), SCRUBJAY_CONNECT);
    cr_expect_neq(strstr(scrubjay_error(c), "another process"), NULL, "%s", scrubjay_error(c));
    end(c);
}

Test(login, a_missing_capability_has_a_status_of_its_own)
{
    struct scrubjay *c = begin(guard, 1);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_DENIED);
    cr_expect_str_eq(scrubjay_error_name(c), "NOT_PERMITTED");
    end(c);
}

Test(login, a_node_that_does_not_know_the_key_learns_nothing)
{
    struct scrubjay *c;
    key_is_wrong = true;
    c = begin(guard, 1);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_DENIED);
    cr_expect_str_eq(scrubjay_error_name(c), "NOT_PROVEN");
    end(c);
}

Test(login, a_node_that_asks_nobody_is_not_spoken_to)
{
    struct scrubjay *c = begin(greet, 1);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_DENIED);
    cr_expect_str_eq(scrubjay_error_name(c), "NOT_PROVEN");
    end(c);
}

Test(login, a_refused_proof_is_a_denial)
{
    struct scrubjay *c;
    denies = true;
    c = begin(guard, 1);
    cr_expect_eq(scrubjay_connect(c), SCRUBJAY_DENIED);
    cr_expect_str_eq(scrubjay_error_name(c), "AUTH_FAILED");
    end(c);
}

Test(login, while_too_many_log_in_it_is_tried_again)
{
    struct scrubjay *c;
    refuses = 3;
    c = begin(guard, 4);
    cr_expect_eq(scrubjay_connect(c), SCRUBJAY_OK, "%s", scrubjay_error(c));
    end(c);
}

Test(login, a_request_outlives_that)
{
    struct scrubjay *c;
    refuses = 3;
    c = begin(guard, 4);
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
