#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "seal/login.h"

#include "vectors.h"

#define K1 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

/** A node with one client "app", and somebody who wants to be it. */
struct stage {
    struct clients clients, room;
    struct clients_one nobody;
    struct login_node node;
    struct login login;
    uint8_t nonce[LOGIN_NONCE_LEN]; /* of the node: the next one */
    uint8_t own[LOGIN_NONCE_LEN];   /* of the client */
};

static struct stage s;

static void begin(void)
{
    struct clients_fault fault;
    memset(&s, 0, sizeof s);
    cr_assert_eq(
        clients_parse(slice_text("other ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8= read\n"
                                 "app " K1 " read,write\n"),
                      &s.clients, &s.room, &fault),
        OK);
    memset(s.nobody.key, 0xEE, sizeof s.nobody.key);
    s.node = (struct login_node){
        .cluster = slice_text("scrubjay"), .clients = &s.clients, .nobody = &s.nobody};
    for (uint8_t i = 0; i < LOGIN_NONCE_LEN; i++) {
        s.own[i] = (uint8_t)(0x40 + i);
        s.nonce[i] = (uint8_t)(0x60 + i);
    }
}

TestSuite(login, .init = begin);

static const uint8_t *key_of_app(void)
{
    return s.clients.all[1].key;
}

static struct login_terms terms(void)
{
    return (struct login_terms){
        .cluster = s.node.cluster, .node_nonce = s.nonce, .client_nonce = s.own};
}

static struct login_answer claim(const char *id)
{
    uint8_t word[LOGIN_CLAIM_MAX];
    const size_t len = login_claim(id, s.own, word);
    return login_hear(&s.login, &s.node, slice_of(word, len), s.nonce);
}

static struct login_answer prove(const uint8_t *key)
{
    uint8_t proof[LOGIN_PROOF_LEN];
    const struct login_terms t = terms();
    login_proof(LOGIN_CLIENT, key, &t, proof);
    return login_hear(&s.login, &s.node, slice_of(proof, sizeof proof), s.nonce);
}

Test(login, proofs_are_golden)
{
    uint8_t proof[LOGIN_PROOF_LEN], golden[LOGIN_PROOF_LEN];
    const struct login_terms t = terms();
    login_proof(LOGIN_NODE, key_of_app(), &t, proof);
    cr_assert_eq(vectors_load("client_login", "node_proof", golden, sizeof golden), sizeof golden);
    cr_expect_eq(memcmp(proof, golden, sizeof golden), 0);
    login_proof(LOGIN_CLIENT, key_of_app(), &t, proof);
    cr_assert_eq(vectors_load("client_login", "client_proof", golden, sizeof golden),
                 sizeof golden);
    cr_expect_eq(memcmp(proof, golden, sizeof golden), 0);
}

Test(login, both_sides_prove_that_they_hold_the_key)
{
    const struct login_answer challenge = claim("app");
    const struct login_terms t = terms();
    cr_assert_eq(challenge.step, LOGIN_CHALLENGE);
    cr_expect(login_proves(LOGIN_NODE, key_of_app(), &t, slice_of(challenge.proof, 32)));
    cr_expect_eq(memcmp(s.login.node_nonce, s.nonce, sizeof s.nonce), 0);
    const struct login_answer granted = prove(key_of_app());
    cr_assert_eq(granted.step, LOGIN_GRANTED);
    cr_expect_eq(granted.rights, RIGHT_READ | RIGHT_WRITE);
    cr_expect_eq(granted.tag, s.clients.all[1].tag);
    cr_expect_eq(s.login.failures, 0);
}

Test(login, the_key_of_another_client_is_none)
{
    cr_assert_eq(claim("app").step, LOGIN_CHALLENGE);
    cr_expect_eq(prove(s.clients.all[0].key).step, LOGIN_REFUSED);
}

Test(login, a_proof_differs_with_each_thing_it_is_bound_to)
{
    uint8_t right[LOGIN_PROOF_LEN];
    struct login_terms t = terms();
    login_proof(LOGIN_CLIENT, key_of_app(), &t, right);
    const struct slice proof = slice_of(right, sizeof right);
    cr_expect(login_proves(LOGIN_CLIENT, key_of_app(), &t, proof));
    cr_expect_not(login_proves(LOGIN_NODE, key_of_app(), &t, proof), "not to be sent back");
    cr_expect_not(login_proves(LOGIN_CLIENT, s.nobody.key, &t, proof));
    cr_expect_not(login_proves(LOGIN_CLIENT, key_of_app(), &t, slice_of(right, 31)));
    t.cluster = slice_text("scrubja");
    cr_expect_not(login_proves(LOGIN_CLIENT, key_of_app(), &t, proof));
    t = terms();
    s.nonce[31] ^= 1;
    cr_expect_not(login_proves(LOGIN_CLIENT, key_of_app(), &t, proof));
    s.nonce[31] ^= 1;
    s.own[0] ^= 1;
    cr_expect_not(login_proves(LOGIN_CLIENT, key_of_app(), &t, proof));
    for (size_t i = 0; i < 8 * sizeof right; i++) {
        s.own[0] = 0x40;
        right[i / 8] ^= (uint8_t)(1 << i % 8);
        cr_expect_not(login_proves(LOGIN_CLIENT, key_of_app(), &t, proof), "bit %zu", i);
        right[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

Test(login, an_unknown_id_is_challenged_and_no_key_opens_it)
{
    const struct login_answer challenge = claim("nobody");
    const struct login_terms t = terms();
    cr_assert_eq(challenge.step, LOGIN_CHALLENGE);
    cr_expect_not(login_proves(LOGIN_NODE, key_of_app(), &t, slice_of(challenge.proof, 32)));
    cr_expect_eq(prove(s.nobody.key).step, LOGIN_REFUSED, "not even the key that nobody has");
}

Test(login, an_id_with_a_nul_is_not_the_id_before_it)
{
    uint8_t word[LOGIN_CLAIM_MAX];
    (void)login_claim("app", s.own, word);
    word[LOGIN_NONCE_LEN + 3] = '\0';
    cr_assert_eq(login_hear(&s.login, &s.node, slice_of(word, LOGIN_NONCE_LEN + 4), s.nonce).step,
                 LOGIN_CHALLENGE);
    cr_expect_eq(prove(key_of_app()).step, LOGIN_REFUSED);
}

Test(login, a_proof_is_good_for_one_challenge)
{
    uint8_t proof[LOGIN_PROOF_LEN];
    const struct login_terms t = terms();
    login_proof(LOGIN_CLIENT, key_of_app(), &t, proof);
    cr_assert_eq(claim("app").step, LOGIN_CHALLENGE);
    cr_assert_eq(login_hear(&s.login, &s.node, slice_of(proof, 32), s.nonce).step, LOGIN_GRANTED);
    memset(&s.login, 0, sizeof s.login); /* another connection, and so another nonce */
    s.nonce[0] ^= 0xFF;
    cr_assert_eq(claim("app").step, LOGIN_CHALLENGE);
    cr_expect_eq(login_hear(&s.login, &s.node, slice_of(proof, 32), s.nonce).step, LOGIN_REFUSED);
    cr_expect_eq(login_hear(&s.login, &s.node, slice_of(proof, 32), s.nonce).step, LOGIN_REFUSED,
                 "a proof that nobody asked for");
}

Test(login, the_third_failure_is_the_last)
{
    static const uint8_t wrong[LOGIN_PROOF_LEN];
    for (int i = 1; i <= LOGIN_TRIES; i++) {
        cr_assert_eq(claim("app").step, LOGIN_CHALLENGE, "a new claim is heard");
        const struct login_answer answer =
            login_hear(&s.login, &s.node, slice_of(wrong, sizeof wrong), s.nonce);
        cr_expect_eq(answer.step, i < LOGIN_TRIES ? LOGIN_REFUSED : LOGIN_OVER, "failure %d", i);
    }
}

Test(login, claim_upon_claim_is_a_failure_each)
{
    cr_assert_eq(claim("app").step, LOGIN_CHALLENGE);
    cr_expect_eq(claim("app").step, LOGIN_REFUSED);
    cr_expect_eq(prove(key_of_app()).step, LOGIN_REFUSED, "the challenge went with it");
    cr_expect_eq(login_fail(&s.login), LOGIN_OVER);
}

Test(login, words_of_other_lengths_are_failures)
{
    static const uint8_t bytes[LOGIN_CLAIM_MAX + 1];

    static const struct {
        size_t len;
        enum login_step step;
    } all[] = {{0, LOGIN_REFUSED},    {31, LOGIN_REFUSED},   {32, LOGIN_REFUSED},
               {33, LOGIN_CHALLENGE}, {64, LOGIN_CHALLENGE}, {65, LOGIN_REFUSED}};

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        struct login login = {.failures = 0};
        cr_expect_eq(login_hear(&login, &s.node, slice_of(bytes, all[i].len), s.nonce).step,
                     all[i].step, "%zu bytes", all[i].len);
    }
}
