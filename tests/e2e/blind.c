/**
 * tests/e2e/blind.c - does the way through a login depend on a key?
 *
 * Time is measured badly on a shared machine, so it is not measured here: keys are marked as undefined, and
 * valgrind's memcheck tells of every branch, and every address, that is made of them or of what was derived.
 * Code that branches on nothing secret, and looks nothing secret up in a table, takes the same way for every
 * key. What a comparison says in the end is no secret: the client is told. Source: A. Langley, ctgrind (2010).
 *
 *   blind CASE    run one case under valgrind; "blind list" names them. Some are leaks, to show that they are
 *                 found: their names begin with "leak-".
 */
#include <dlfcn.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "seal/clients.h"
#include "seal/login.h"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND                  0
#define VALGRIND_MAKE_MEM_UNDEFINED(at, len) ((void)(at), (void)(len))
#define VALGRIND_MAKE_MEM_DEFINED(at, len)   ((void)(at), (void)(len))
#endif

static int compared; /* times that libsodium compared in constant time */

/** Stands before libsodium's: the same, and its outcome may be known. */
int sodium_memcmp(const void *a, const void *b, size_t len)
{
    int (*real)(const void *, const void *, size_t);
    *(void **)&real = dlsym(RTLD_NEXT, "sodium_memcmp");
    int outcome = real(a, b, len);
    compared++;
    VALGRIND_MAKE_MEM_DEFINED(&outcome, sizeof outcome);
    return outcome;
}

/* ---- three clients, whose keys nobody may look at ---- */

static struct clients clients;
static struct clients_one nobody;

static void make_clients(void)
{
    static const char *const ids[] = {"first", "second", "third"};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        struct clients_one *one = &clients.all[clients.n++];
        memcpy(one->id, ids[i], strlen(ids[i]));
        memset(one->key, (int)(0x11 * (i + 1)), sizeof one->key);
        one->rights = RIGHT_READ;
    }
    memset(nobody.key, 0x99, sizeof nobody.key);
    for (size_t i = 0; i < clients.n; i++)
        VALGRIND_MAKE_MEM_UNDEFINED(clients.all[i].key, sizeof clients.all[i].key);
    VALGRIND_MAKE_MEM_UNDEFINED(nobody.key, sizeof nobody.key);
}

/** What crossed the wire is known to whoever listens. */
static void publish(void *at, size_t len)
{
    VALGRIND_MAKE_MEM_DEFINED(at, len);
}

/** Draw a pair, of which anybody may know all: here it is about the keys of clients. */
static struct session_pair draw(uint8_t seed)
{
    struct ratchet r = {{seed}};
    struct session_pair pair;
    session_draw(&r, &pair);
    return pair;
}

/** A client with this id and key logs in, with a share or without. Returns: how that ended. */
static enum login_step log_in(const char *id, const uint8_t *key, struct slice share)
{
    static const uint8_t own[LOGIN_NONCE_LEN] = {1};
    const struct login_fresh fresh = {.nonce = {2}, .pair = draw(3)};
    const struct login_node node = {
        .cluster = slice_text("shop"), .clients = &clients, .nobody = &nobody};
    const struct login_terms terms = {.cluster = node.cluster,
                                      .node_nonce = fresh.nonce,
                                      .client_nonce = own,
                                      .node_share = share.len > 0 ? fresh.pair.share : NULL,
                                      .client_share = share.at};
    struct login l = {.failures = 0};
    uint8_t bytes[LOGIN_CLAIM_MAX], proof[LOGIN_PROOF_LEN];
    struct login_word word = {.auth = slice_of(bytes, login_claim(id, own, bytes)), .share = share};
    struct login_answer answer = login_hear(&l, &node, &word, &fresh);
    publish(answer.proof, sizeof answer.proof);
    if (answer.step != LOGIN_CHALLENGE)
        return answer.step;
    (void)login_proves(LOGIN_NODE, key, &terms, slice_of(answer.proof, sizeof answer.proof));
    login_proof(LOGIN_CLIENT, key, &terms, proof);
    publish(proof, sizeof proof);
    word = (struct login_word){.auth = slice_of(proof, sizeof proof)};
    answer = login_hear(&l, &node, &word, &fresh);
    if (answer.step == LOGIN_GRANTED && l.sealed)
        (void)tunnel_seal(&l.tunnel.send, slice_text("hello"), bytes);
    return answer.step;
}

static bool known_client(void)
{
    return log_in("second", clients.all[1].key, (struct slice){0}) == LOGIN_GRANTED &&
           compared == 2;
}

static bool sealed_client(void)
{
    const struct session_pair own = draw(1);
    const struct slice share = slice_of(own.share, sizeof own.share);
    return log_in("second", clients.all[1].key, share) == LOGIN_GRANTED && compared == 2;
}

static bool wrong_key(void)
{
    return log_in("second", clients.all[2].key, (struct slice){0}) == LOGIN_REFUSED &&
           compared == 2;
}

static bool unknown_client(void)
{
    return log_in("fourth", clients.all[1].key, (struct slice){0}) == LOGIN_REFUSED &&
           compared == 2;
}

/* ---- a bearer's key ---- */

static const struct clients_one *bearer(int byte)
{
    uint8_t key[CLIENTS_KEY_LEN];
    memset(key, byte, sizeof key);
    VALGRIND_MAKE_MEM_UNDEFINED(key, sizeof key);
    return clients_with_key(&clients, key);
}

static bool known_bearer(void)
{
    return bearer(0x22) == &clients.all[1] && compared == 3;
}

static bool unknown_bearer(void)
{
    return bearer(0x23) == NULL && compared == 3;
}

/** A key is written, and read, as base64. */
static bool key_in_text(void)
{
    char line[CLIENTS_LINE_MAX];
    (void)clients_line(&clients.all[0], line);
    return memcmp(line, "first ", 6) == 0;
}

/* ---- what would be wrong ---- */

static bool leak_by_branch(void)
{
    static const uint8_t guess[CLIENTS_KEY_LEN] = {0x11};
    const volatile uint8_t *key = clients.all[0].key;
    for (size_t i = 0; i < sizeof guess; i++) {
        if (key[i] != guess[i])
            return true;
    }
    return true;
}

static bool leak_by_memcmp(void)
{
    static const uint8_t guess[CLIENTS_KEY_LEN] = {0x11};
    return memcmp(clients.all[0].key, guess, sizeof guess) != 0;
}

static bool leak_by_table(void)
{
    static const volatile uint8_t table[256] = {1};
    static volatile uint8_t found;
    found = table[clients.all[0].key[0]];
    (void)found;
    return true;
}

static bool leak_of_proof(void)
{
    static const uint8_t nonce[LOGIN_NONCE_LEN];
    const struct login_terms terms = {
        .cluster = slice_text("shop"), .node_nonce = nonce, .client_nonce = nonce};
    uint8_t proof[LOGIN_PROOF_LEN];
    login_proof(LOGIN_CLIENT, clients.all[0].key, &terms, proof);
    return memcmp(proof, nonce, sizeof nonce) != 0;
}

static const struct {
    const char *name;
    bool (*run)(void);
} CASES[] = {{"a-client-with-its-key", known_client},
             {"a-client-with-another-key", wrong_key},
             {"a-client-whose-connection-is-sealed", sealed_client},
             {"an-unknown-client", unknown_client},
             {"a-bearer-with-a-key", known_bearer},
             {"a-bearer-with-none", unknown_bearer},
             {"a-key-as-text", key_in_text},
             {"leak-by-branch", leak_by_branch},
             {"leak-by-memcmp", leak_by_memcmp},
             {"leak-by-table", leak_by_table},
             {"leak-of-proof", leak_of_proof}};

int main(int argc, char **argv)
{
    const char *wanted = argc == 2 ? argv[1] : "";
    if (strcmp(wanted, "list") != 0 && !RUNNING_ON_VALGRIND) {
        fprintf(stderr, "blind: not under valgrind, or made without its header: nothing is seen\n");
        return 2;
    }
    make_clients();
    for (size_t i = 0; i < ARRAY_LEN(CASES); i++) {
        if (strcmp(wanted, "list") == 0)
            puts(CASES[i].name);
        else if (strcmp(wanted, CASES[i].name) == 0)
            return CASES[i].run() ? 0 : 1;
    }
    return strcmp(wanted, "list") == 0 ? 0 : 2;
}
