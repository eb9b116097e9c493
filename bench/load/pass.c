#include "load/pass.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/random.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "load/fatal.h"
#include "seal/login.h"
#include "wire/client_answer.h"

#define FILE_LEN_MAX 4096
#define FRAME_MAX    4096
#define ARENA_LEN    131072 /* holds a codec */
#define PATIENCE_S   5

/** One login under way. */
struct entry {
    const struct clients_one *own;
    const char *text;
    int fd;
    struct client_codec *codec;
    uint8_t frame[FRAME_MAX]; /* what came last */
};

static void read_own(const char *path, struct clients_one *out)
{
    uint8_t bytes[FILE_LEN_MAX];
    struct clients_fault fault;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fatal(EXIT_USAGE, "cannot read %s: %s", path, strerror(errno));
    const size_t len = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    if (clients_parse_own(slice_of(bytes, len), out, &fault) != OK)
        fatal(EXIT_USAGE, "%s:%zu: %s", path, fault.line, fault.reason);
    sodium_memzero(bytes, sizeof bytes);
}

const struct clients_one *pass_find(const char *path)
{
    static struct clients_one own;
    if (path == NULL)
        path = getenv("SCRUBJAY_CLIENT_KEY");
    if (path == NULL || path[0] == '\0')
        return NULL;
    read_own(path, &own);
    return &own;
}

static void say_hello(const struct entry *e, struct slice auth)
{
    uint8_t room[256];
    struct writer w = writer_of(room, sizeof room);
    const struct client_request hello = {
        .op = OP_HELLO, .client = slice_text("jay-bench"), .proto = CLIENT_PROTO, .auth = auth};
    client_request_encode(&w, &hello);
    if (send(e->fd, room, w.len, MSG_NOSIGNAL) != (ssize_t)w.len)
        fatal(EXIT_CONNECT, "%s does not hear a login: %s", e->text, strerror(errno));
}

static void receive(const struct entry *e, uint8_t *into, size_t len)
{
    for (size_t got = 0; got < len;) {
        const ssize_t n = recv(e->fd, into + got, len - got, 0);
        if (n <= 0)
            fatal(EXIT_CONNECT, "%s does not answer a login: %s", e->text,
                  n == 0 ? "it closed the connection" : strerror(errno));
        got += (size_t)n;
    }
}

/** The result of the next reply, which must be no error. Lends from e. */
static struct slice await(struct entry *e)
{
    uint8_t head[4];
    struct client_reply reply;
    receive(e, head, sizeof head);
    struct reader r = reader_of(slice_of(head, sizeof head));
    const uint32_t len = read_u32(&r);
    if (len > sizeof e->frame)
        fatal(EXIT_CONNECT, "%s answers a login with %u bytes", e->text, len);
    receive(e, e->frame, len);
    if (client_reply_decode(e->codec, slice_of(e->frame, len), &reply) != OK)
        fatal(EXIT_CONNECT, "%s does not answer a login", e->text);
    if (reply.error.len > 0)
        fatal(EXIT_CONNECT, "%s does not let %s in: %.*s", e->text, e->own->id,
              (int)reply.error.len, (const char *)reply.error.at);
    return reply.result;
}

/** Check what the node proves, and prove the same. */
static void prove(struct entry *e, const uint8_t nonce[LOGIN_NONCE_LEN])
{
    struct client_challenge told;
    uint8_t proof[LOGIN_PROOF_LEN];
    if (client_challenge_decode(e->codec, await(e), &told) != OK)
        fatal(EXIT_CONNECT, "%s asks nobody for a key; leave --client-key out", e->text);
    const struct login_terms terms = {
        .cluster = told.cluster, .node_nonce = told.nonce.at, .client_nonce = nonce};
    if (!login_proves(LOGIN_NODE, e->own->key, &terms, told.proof))
        fatal(EXIT_CONNECT, "%s does not know %s with this key", e->text, e->own->id);
    login_proof(LOGIN_CLIENT, e->own->key, &terms, proof);
    say_hello(e, slice_of(proof, sizeof proof));
    (void)await(e);
}

void pass_show(const struct clients_one *own, int fd, const char *text)
{
    struct entry e = {.own = own, .text = text, .fd = fd};
    uint8_t nonce[LOGIN_NONCE_LEN], claim[LOGIN_CLAIM_MAX];
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    void *memory = fatal_calloc(1, ARENA_LEN);
    struct arena arena;
    arena_init(&arena, memory, ARENA_LEN);
    e.codec = client_codec_new(&arena, CLIENT_VALUE_MAX);
    if (e.codec == NULL || getrandom(nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce)
        fatal(EXIT_CONNECT, "there is no memory, or no random bytes, for a login");
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    say_hello(&e, slice_of(claim, login_claim(own->id, nonce, claim)));
    prove(&e, nonce);
    client_codec_free(e.codec);
    free(memory);
}
