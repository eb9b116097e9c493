#include "visitor.h"

#include <criterion/criterion.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "loop/address.h"

static struct clients clients, room;

const struct clients *visitor_table(const char *text)
{
    struct clients_fault fault;
    cr_assert_eq(clients_parse(slice_text(text), &clients, &room, &fault), OK, "%s", fault.reason);
    return &clients;
}

void visitor_node(uint32_t workers, const char *cluster)
{
    struct loop_cfg cfg = kit_cfg();
    cfg.clients = visitor_table(FILE_OF_THREE);
    cfg.workers = workers;
    cfg.cluster = cluster;
    kit_make(&cfg);
}

void visitor_node_accepting(void)
{
    struct loop_cfg cfg = kit_cfg();
    cfg.clients = visitor_table(FILE_OF_THREE);
    cfg.login = ENTRY_ACCEPT;
    cfg.workers = 1;
    kit_make(&cfg);
}

struct client_request visitor_hello(struct slice auth)
{
    return (struct client_request){
        .op = OP_HELLO, .client = slice_text("test"), .proto = CLIENT_PROTO, .auth = auth};
}

const uint8_t VISITOR_NONCE[LOGIN_NONCE_LEN] = {1, 2, 3};

struct client_reply visitor_claim(struct client *c, const char *id)
{
    uint8_t word[LOGIN_CLAIM_MAX];
    const size_t len = login_claim(id, VISITOR_NONCE, word);
    return kit_call(c, visitor_hello(slice_of(word, len)));
}

bool visitor_told(const struct client_reply *reply, const char *name)
{
    return slice_eq(reply->error, slice_text(name));
}

struct client_reply visitor_prove(struct client *c, const struct client_reply *reply,
                                  const char *key_text)
{
    uint8_t key[CLIENTS_KEY_LEN], proof[LOGIN_PROOF_LEN];
    struct client_challenge told;
    cr_assert(clients_key_read(slice_text(key_text), key));
    cr_assert_eq(reply->error.len, 0);
    cr_assert_eq(client_challenge_decode(c->codec, reply->result, &told), OK);
    cr_expect(slice_eq(told.cluster, slice_text("test")));
    const struct login_terms terms = {
        .cluster = told.cluster, .node_nonce = told.nonce.at, .client_nonce = VISITOR_NONCE};
    login_proof(LOGIN_CLIENT, key, &terms, proof);
    return kit_call(c, visitor_hello(slice_of(proof, sizeof proof)));
}

struct client_reply visitor_login(struct client *c, const char *id, const char *key_text)
{
    const struct client_reply reply = visitor_claim(c, id);
    return visitor_prove(c, &reply, key_text);
}

struct client visitor_as(const char *id, const char *key)
{
    struct client c = kit_dial();
    const struct client_reply reply = visitor_login(&c, id, key);
    cr_assert_eq(reply.error.len, 0, "%.*s", (int)reply.text.len, (const char *)reply.text.at);
    return c;
}

struct visitor_sealing visitor_claim_sealed(struct client *c, const char *id, const char *key_text)
{
    uint8_t key[CLIENTS_KEY_LEN], word[LOGIN_CLAIM_MAX];
    struct visitor_sealing s;
    struct client_challenge told;
    struct ratchet r = {{1}};
    session_draw(&r, &s.pair);
    cr_assert(clients_key_read(slice_text(key_text), key));
    struct client_request claim =
        visitor_hello(slice_of(word, login_claim(id, VISITOR_NONCE, word)));
    claim.share = slice_of(s.pair.share, sizeof s.pair.share);
    const struct client_reply reply = kit_call(c, claim);
    cr_assert_eq(client_challenge_decode(c->codec, reply.result, &told), OK);
    cr_assert_eq(told.share.len, SESSION_SHARE_LEN);
    const struct login_terms terms = {.cluster = told.cluster,
                                      .node_nonce = told.nonce.at,
                                      .client_nonce = VISITOR_NONCE,
                                      .node_share = told.share.at,
                                      .client_share = s.pair.share};
    cr_expect(login_proves(LOGIN_NODE, key, &terms, told.proof));
    cr_assert_eq(login_derive(LOGIN_CLIENT, key, &terms, &s.pair, &s.keys), OK);
    login_proof(LOGIN_CLIENT, key, &terms, s.proof);
    return s;
}

struct client visitor_sealed_as(const char *id, const char *key)
{
    struct client c = kit_dial();
    const struct visitor_sealing s = visitor_claim_sealed(&c, id, key);
    const struct client_reply reply =
        kit_call(&c, visitor_hello(slice_of(s.proof, sizeof s.proof)));
    cr_assert_eq(reply.error.len, 0, "%.*s", (int)reply.text.len, (const char *)reply.text.at);
    kit_seal(&c, &s.keys);
    return c;
}

struct client_reply visitor_ask(struct client *c, uint32_t op)
{
    static const struct slice key = {(const uint8_t *)"k", 1};
    struct client_request r = {.op = op, .fill.key = key};
    r.fill.value = slice_text("v");
    r.fill.token = slice_text("t");
    if (op == OP_INVALIDATE || op == OP_MGET || op == OP_BEGIN) {
        r.scope = SCOPE_KEY;
        r.targets = &key;
        r.targets_n = 1;
    }
    return kit_call(c, r);
}

int visitor_from(uint32_t n)
{
    struct address_sock to;
    const struct addr at = loop_client_addr(kit_loop);
    struct sockaddr_in own = {.sin_family = AF_INET};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    own.sin_addr.s_addr = htonl(0x7F010000U + n);
    cr_assert_eq(address_to_sock(&at, AF_INET, &to), OK);
    cr_assert_eq(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to.at, to.len), 0);
    return fd;
}

bool visitor_ended(struct client *c)
{
    struct client_reply end;
    return !kit_next(c, &end);
}

void visitor_refused(struct client *c, const char *name)
{
    struct client_reply reply;
    cr_assert(kit_next(c, &reply));
    cr_expect(visitor_told(&reply, name), "%.*s", (int)reply.error.len,
              (const char *)reply.error.at);
    cr_expect(visitor_ended(c));
}

bool visitor_was_closed(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) == 0;
}
