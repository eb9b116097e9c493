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
    bool with_shares;
    struct session_pair pair, own_pair; /* of the node, of the client */
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

/** From now on claims carry a share: the pairs of the golden file. */
static void begin_sealed(void)
{
    static const char file[] = "client_sealed";
    cr_assert_eq(vectors_load(file, "node_secret", s.pair.secret, 32), 32);
    cr_assert_eq(vectors_load(file, "node_share", s.pair.share, 32), 32);
    cr_assert_eq(vectors_load(file, "client_secret", s.own_pair.secret, 32), 32);
    cr_assert_eq(vectors_load(file, "client_share", s.own_pair.share, 32), 32);
    s.with_shares = true;
}

static struct login_terms terms(void)
{
    return (struct login_terms){.cluster = s.node.cluster,
                                .node_nonce = s.nonce,
                                .client_nonce = s.own,
                                .node_share = s.with_shares ? s.pair.share : NULL,
                                .client_share = s.with_shares ? s.own_pair.share : NULL};
}

static struct login_answer say_with(struct slice auth, struct slice share)
{
    const struct login_word word = {.auth = auth, .share = share};
    struct login_fresh fresh = {.pair = s.pair};
    memcpy(fresh.nonce, s.nonce, sizeof fresh.nonce);
    return login_hear(&s.login, &s.node, &word, &fresh);
}

static struct login_answer say(const void *auth, size_t len)
{
    return say_with(slice_of(auth, len), (struct slice){0});
}

static struct login_answer claim(const char *id)
{
    uint8_t word[LOGIN_CLAIM_MAX];
    const struct slice auth = slice_of(word, login_claim(id, s.own, word));
    return say_with(auth, s.with_shares ? slice_of(s.own_pair.share, 32) : (struct slice){0});
}

static struct login_answer prove(const uint8_t *key)
{
    uint8_t proof[LOGIN_PROOF_LEN];
    const struct login_terms t = terms();
    login_proof(LOGIN_CLIENT, key, &t, proof);
    return say(proof, sizeof proof);
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
    cr_assert_eq(say(word, LOGIN_NONCE_LEN + 4).step, LOGIN_CHALLENGE);
    cr_expect_eq(prove(key_of_app()).step, LOGIN_REFUSED);
}

Test(login, a_proof_is_good_for_one_challenge)
{
    uint8_t proof[LOGIN_PROOF_LEN];
    const struct login_terms t = terms();
    login_proof(LOGIN_CLIENT, key_of_app(), &t, proof);
    cr_assert_eq(claim("app").step, LOGIN_CHALLENGE);
    cr_assert_eq(say(proof, 32).step, LOGIN_GRANTED);
    memset(&s.login, 0, sizeof s.login); /* another connection, and so another nonce */
    s.nonce[0] ^= 0xFF;
    cr_assert_eq(claim("app").step, LOGIN_CHALLENGE);
    cr_expect_eq(say(proof, 32).step, LOGIN_REFUSED);
    cr_expect_eq(say(proof, 32).step, LOGIN_REFUSED, "a proof that nobody asked for");
}

Test(login, the_third_failure_is_the_last)
{
    static const uint8_t wrong[LOGIN_PROOF_LEN];
    for (int i = 1; i <= LOGIN_TRIES; i++) {
        cr_assert_eq(claim("app").step, LOGIN_CHALLENGE, "a new claim is heard");
        cr_expect_eq(say(wrong, sizeof wrong).step, i < LOGIN_TRIES ? LOGIN_REFUSED : LOGIN_OVER,
                     "failure %d", i);
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
        memset(&s.login, 0, sizeof s.login);
        cr_expect_eq(say(bytes, all[i].len).step, all[i].step, "%zu bytes", all[i].len);
    }
}

/* ---- with shares: what follows is sealed ---- */

TestSuite(login_sealed, .init = begin);

/** The keys that the client makes. */
static struct tunnel keys_of_client(void)
{
    struct tunnel t;
    const struct login_terms all = terms();
    cr_assert_eq(login_derive(LOGIN_CLIENT, key_of_app(), &all, &s.own_pair, &t), OK);
    return t;
}

static bool same(const struct tunnel_key *a, const struct tunnel_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool is_golden(const uint8_t *bytes, const char *field)
{
    uint8_t golden[32];
    cr_assert_eq(vectors_load("client_sealed", field, golden, sizeof golden), sizeof golden);
    return memcmp(bytes, golden, sizeof golden) == 0;
}

Test(login_sealed, proofs_and_keys_are_golden)
{
    uint8_t proof[LOGIN_PROOF_LEN];
    begin_sealed();
    const struct login_terms t = terms();
    login_proof(LOGIN_NODE, key_of_app(), &t, proof);
    cr_expect(is_golden(proof, "node_proof"));
    login_proof(LOGIN_CLIENT, key_of_app(), &t, proof);
    cr_expect(is_golden(proof, "client_proof"));
    const struct tunnel keys = keys_of_client();
    cr_expect(is_golden(keys.send.bytes, "client_key"));
    cr_expect(is_golden(keys.take.bytes, "node_key"));
    cr_expect(keys.send.number == 0 && keys.take.number == 0);
}

Test(login_sealed, both_sides_make_the_same_keys)
{
    begin_sealed();
    const struct login_answer challenge = claim("app");
    const struct login_terms t = terms();
    cr_assert_eq(challenge.step, LOGIN_CHALLENGE);
    cr_assert(s.login.sealed);
    cr_expect_eq(memcmp(s.login.own.share, s.pair.share, 32), 0);
    cr_expect(login_proves(LOGIN_NODE, key_of_app(), &t, slice_of(challenge.proof, 32)));
    cr_assert_eq(prove(key_of_app()).step, LOGIN_GRANTED);
    const struct tunnel keys = keys_of_client();
    cr_expect(same(&s.login.tunnel.send, &keys.take) && same(&s.login.tunnel.take, &keys.send));
    cr_expect_not(same(&keys.send, &keys.take), "each direction has its own");
}

Test(login_sealed, a_proof_is_bound_to_both_shares_and_to_their_being_there)
{
    uint8_t plain[LOGIN_PROOF_LEN], sealed[LOGIN_PROOF_LEN];
    struct login_terms t = terms();
    login_proof(LOGIN_NODE, key_of_app(), &t, plain);
    begin_sealed();
    t = terms();
    login_proof(LOGIN_NODE, key_of_app(), &t, sealed);
    const struct slice proof = slice_of(sealed, sizeof sealed);
    cr_expect_not(login_proves(LOGIN_NODE, key_of_app(), &t, slice_of(plain, sizeof plain)));
    cr_expect_not(login_proves(LOGIN_CLIENT, key_of_app(), &t, proof), "not to be sent back");
    for (size_t i = 0; i < 8 * SESSION_SHARE_LEN; i++) {
        uint8_t *const shares[] = {s.pair.share, s.own_pair.share};
        for (size_t j = 0; j < ARRAY_LEN(shares); j++) {
            shares[j][i / 8] ^= (uint8_t)(1 << i % 8);
            cr_expect_not(login_proves(LOGIN_NODE, key_of_app(), &t, proof), "bit %zu", i);
            shares[j][i / 8] ^= (uint8_t)(1 << i % 8);
        }
    }
    cr_expect(login_proves(LOGIN_NODE, key_of_app(), &t, proof));
    s.with_shares = false;
    t = terms();
    cr_expect_not(login_proves(LOGIN_NODE, key_of_app(), &t, proof), "taken away on the wire");
}

Test(login_sealed, a_claim_whose_share_was_taken_away_is_no_sealed_login)
{
    begin_sealed();
    s.with_shares = false; /* the node hears none */
    cr_assert_eq(claim("app").step, LOGIN_CHALLENGE);
    s.with_shares = true; /* the client sent one */
    cr_expect_eq(prove(key_of_app()).step, LOGIN_REFUSED);
}

Test(login_sealed, another_key_or_another_secret_makes_other_keys)
{
    begin_sealed();
    const struct tunnel want = keys_of_client();
    s.own_pair.secret[7] ^= 1; /* who has the key and heard all still has to guess a secret */
    const struct tunnel guessed = keys_of_client();
    cr_expect_not(same(&guessed.send, &want.send) || same(&guessed.take, &want.take));
    s.own_pair.secret[7] ^= 1;
    s.clients.all[1].key[0] ^= 1;
    const struct tunnel other = keys_of_client();
    cr_expect_not(same(&other.send, &want.send) || same(&other.take, &want.take));
    s.clients.all[1].key[0] ^= 1;
    s.own[31] ^= 1;
    const struct tunnel later = keys_of_client();
    cr_expect_not(same(&later.send, &want.send) || same(&later.take, &want.take));
}

Test(login_sealed, a_share_that_makes_no_secret_is_a_failure_of_who_has_the_key)
{
    struct tunnel t = {.send.number = 7};
    begin_sealed();
    memset(s.own_pair.share, 0, sizeof s.own_pair.share);
    cr_assert_eq(claim("app").step, LOGIN_CHALLENGE);
    cr_expect_eq(prove(key_of_app()).step, LOGIN_REFUSED);
    cr_expect_eq(s.login.failures, 1);
    const struct login_terms all = terms();
    cr_expect_eq(login_derive(LOGIN_NODE, key_of_app(), &all, &s.pair, &t), ERR_UNAUTHENTIC);
    cr_expect_eq(t.send.number, 7);
}

Test(login_sealed, a_proof_has_no_share)
{
    uint8_t proof[LOGIN_PROOF_LEN];
    begin_sealed();
    const struct login_terms t = terms();
    login_proof(LOGIN_CLIENT, key_of_app(), &t, proof);
    cr_assert_eq(claim("app").step, LOGIN_CHALLENGE);
    cr_expect_eq(say_with(slice_of(proof, 32), slice_of(s.own_pair.share, 32)).step, LOGIN_REFUSED);
}

Test(login_sealed, a_plain_claim_after_one_with_a_share_is_plain)
{
    begin_sealed();
    cr_assert_eq(claim("app").step, LOGIN_CHALLENGE);
    cr_assert_eq(prove(s.clients.all[0].key).step, LOGIN_REFUSED);
    s.with_shares = false;
    cr_assert_eq(claim("app").step, LOGIN_CHALLENGE);
    cr_expect_not(s.login.sealed);
    cr_expect_eq(prove(key_of_app()).step, LOGIN_GRANTED);
}
