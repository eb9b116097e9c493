/**
 * tests/e2e/hostile.c - what strangers might send to a node, and what it must do about it.
 *
 *   hostile clients IP:PORT                        bombs, garbage and lies to the client port
 *   hostile gossip  IP:PORT FROM KEYRING OTHER     datagrams: noise, wrong key, cluster, node, replay
 *   hostile stream  IP:PORT                        garbage to the peer stream port
 *   hostile amplify IP:PORT FROM:PORT KEYRING NAME  every type of datagram to the node of this name, plain and
 *                                                  in both classes, and a recorded one: what comes back
 *   hostile flood   IP:PORT KEYRING OTHER SECONDS  refused datagrams of five kinds, as fast as can be, from
 *                                                  many addresses; prints "sent N"
 *
 * KEYRING is the cluster's key file, OTHER one with another key, FROM our own IP. Prints one line a
 * case and exits 1 when one of them went wrong.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "seal/packet.h"
#include "wire/peer.h"

#define WAIT_MS 1500

static int wrong;

static void verdict(bool good, const char *what)
{
    printf("%s  %s\n", good ? "ok  " : "FAIL", what);
    wrong += !good;
}

static void die(const char *what, const char *who)
{
    fprintf(stderr, "hostile: %s: %s\n", what, who);
    exit(2);
}

static struct sockaddr_in address(const char *text)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    struct sockaddr_in a = {.sin_family = AF_INET};
    const size_t len = colon == NULL ? strlen(text) : (size_t)(colon - text);
    if (len >= sizeof host)
        die("not an address", text);
    memcpy(host, text, len);
    host[len] = 0;
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
        die("not an address", text);
    if (colon != NULL)
        a.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    return a;
}

/* ---- clients ---- */

static int dial(const char *where)
{
    const struct sockaddr_in to = address(where);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        die("cannot connect", where);
    return fd;
}

/* Read until the other end closes or falls silent. *closed: it closed. */
static size_t listen_to(int fd, uint8_t *out, size_t cap, bool *closed)
{
    size_t len = 0;
    *closed = false;
    while (len < cap && !*closed) {
        if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, WAIT_MS) <= 0)
            break;
        const ssize_t got = recv(fd, out + len, cap - len, 0);
        *closed = got <= 0;
        len += got > 0 ? (size_t)got : 0;
    }
    return len;
}

static bool holds(const uint8_t *in, size_t len, const char *text)
{
    return memmem(in, len, text, strlen(text)) != NULL;
}

/** One lie: its bytes follow a frame length (0 = the bytes hold their own), and what must come back. */
struct lie {
    const char *what;
    const void *bytes;
    size_t len;
    bool framed;
    const char *error; /* must be in the reply */
    bool closes;
};

static void tell(const char *where, const struct lie *lie)
{
    uint8_t reply[65536];
    char what[200];
    bool closed;
    const int fd = dial(where);
    const uint32_t length = htonl((uint32_t)lie->len);
    if (lie->framed)
        send(fd, &length, sizeof length, MSG_NOSIGNAL);
    send(fd, lie->bytes, lie->len, MSG_NOSIGNAL);
    const size_t len = listen_to(fd, reply, sizeof reply, &closed);
    const bool good = holds(reply, len, lie->error) && (closed || !lie->closes);
    snprintf(what, sizeof what, "%s: %s%s", lie->what, lie->error, closed ? ", closed" : "");
    verdict(good, what);
    close(fd);
}

static void tell_bombs(const char *where)
{
    static uint8_t chain[94];
    static uint8_t deep[41];
    for (size_t i = 0; i < 93; i += 3)
        memcpy(chain + i, "\xdc\xff\xff", 3);
    memset(deep, 0x91, sizeof deep);
    const struct lie lies[] = {
        {"an array of a million", "\xdd\x00\x10\x00\x00", 5, true, "MALFORMED", true},
        {"an array of four billion", "\xdd\xff\x00\x00\x00", 5, true, "MALFORMED", true},
        {"a chain of huge arrays", chain, sizeof chain, true, "MALFORMED", true},
        {"forty nested arrays", deep, sizeof deep, true, "MALFORMED", true},
        {"a map of four billion", "\xdf\xff\xff\xff\xff", 5, true, "MALFORMED", true},
        {"a byte that is no msgpack", "\xc1", 1, true, "MALFORMED", true},
        {"an extension type", "\xd4\x01\x01", 3, true, "MALFORMED", true},
        {"an empty frame", "", 0, true, "MALFORMED", true},
        {"a frame of 4 GiB", "\xff\xff\xff\xff", 4, false, "FRAME_TOO_LONG", true},
        {"a web browser", "GET / HTTP/1.1\r\n\r\n", 18, false, "FRAME_TOO_LONG", true},
        {"a number instead of a request", "\x01", 1, true, "MALFORMED", true},
        {"an unknown op", "\x94\x00\x01\xa4nope\x90", 9, true, "UNKNOWN_OP", false},
    };
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        tell(where, &lies[i]);
}

static void tell_noise(const char *where)
{
    uint8_t noise[4096];
    uint8_t reply[4096];
    bool all_closed = true;
    for (int i = 0; i < 50; i++) {
        bool closed;
        const int fd = dial(where);
        if (getrandom(noise, sizeof noise, 0) != sizeof noise)
            die("no random bytes", where);
        noise[0] = noise[1] = 0; /* a length that may be believed */
        send(fd, noise, sizeof noise, MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        listen_to(fd, reply, sizeof reply, &closed);
        all_closed = all_closed && closed;
        close(fd);
    }
    verdict(all_closed, "fifty connections full of noise: all closed");
}

static void tell_half(const char *where)
{
    bool closed;
    uint8_t reply[64];
    const int fd = dial(where);
    send(fd, "\x00\x00\x10\x00\x94", 5, MSG_NOSIGNAL); /* 4 KiB announced, one byte comes */
    shutdown(fd, SHUT_WR);
    listen_to(fd, reply, sizeof reply, &closed);
    verdict(closed, "half a frame and a goodbye: closed");
    close(fd);
}

/* ---- gossip ---- */

struct forger {
    struct keyring ring;
    struct packet_ctx ctx;
    uint64_t counter;
    uint8_t packet[PEER_BODY_MAX + PACKET_OVERHEAD];
};

static void read_ring(const char *path, struct keyring *ring)
{
    static uint8_t text[4096];
    struct keyring_fault fault;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        die("cannot read", path);
    const size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    if (keyring_parse(slice_of(text, len), ring, &fault) != OK)
        die("not a keyring", path);
}

static void forger_init(struct forger *f, const char *ring, const char *cluster)
{
    struct run run;
    read_ring(ring, &f->ring);
    if (getrandom(run.bytes, RUN_LEN, 0) != RUN_LEN)
        die("no random bytes", ring);
    packet_ctx_init(&f->ctx, &f->ring, slice_text(cluster),
                    hash_node_id(slice_text(cluster), slice_text("mallory")), &run);
    f->counter = 0;
}

static void set_args(struct peer_msg *m, struct addr own)
{
    static const struct slice name = {(const uint8_t *)"mallory", 7};
    if (m->type == PEER_PING)
        m->args.ping.challenge = 0x1234;
    else if (m->type == PEER_PING_REQ)
        m->args.ping_req = (struct peer_ping_req){.name = name, .gen = 1, .addr = own};
    else if (m->type == PEER_NOT_ME)
        m->args.reply = (struct peer_reply){.name = name, .gen = 1};
    else if (m->type == PEER_PULL || m->type == PEER_GONE)
        m->args.ranges = (struct peer_ranges){.at = {{.epoch = 1, .lo = 1, .hi = 1000}}, .n = 1};
    else if (m->type == PEER_TRACE)
        m->args.trace = (struct peer_trace){.epoch = 1, .seq = 1};
    else if (m->type == PEER_SURVEY)
        m->args.survey = (struct peer_survey){.most = PEER_HEARD_MAX};
}

/* The body of a message with our own record; 0 when it cannot be written so. */
static size_t write_body(const struct forger *f, enum peer_type type, struct sockaddr_in own,
                         uint8_t body[PEER_BODY_MAX])
{
    static struct peer_msg m;
    struct addr addr = {.ip_len = 4, .port = 6248};
    size_t len = 0;
    memcpy(addr.ip, &own.sin_addr, 4);
    m = (struct peer_msg){.type = (uint8_t)type, .gen = 1, .records_n = 1};
    m.records[0] = (struct peer_record){.name = slice_text("mallory"),
                                        .gen = 1,
                                        .state = PEER_ALIVE,
                                        .epoch = run_epoch(&f->ctx.run),
                                        .addr = addr};
    set_args(&m, addr);
    return peer_encode(&m, body, PEER_BODY_MAX, &len) == OK ? len : 0;
}

static size_t seal(struct forger *f, uint64_t dest, struct slice body)
{
    const struct packet_out what = {.class = dest == 0 ? PACKET_JOIN : PACKET_MEMBER,
                                    .channel = CHANNEL_UDP,
                                    .dest = dest,
                                    .counter = ++f->counter,
                                    .body = body};
    return packet_seal(&f->ctx, &what, f->packet, sizeof f->packet);
}

#define JOIN_LEN 400 /* of a body; a shorter PING of class join is refused */

/* A PING that a node with the right key and cluster would have to answer. */
static size_t forge(struct forger *f, uint64_t dest, struct sockaddr_in own)
{
    uint8_t body[PEER_BODY_MAX];
    const size_t len = write_body(f, PEER_PING, own, body);
    if (len == 0)
        die("cannot encode", "PING");
    return seal(f, dest, slice_of(body, peer_pad(body, len, JOIN_LEN)));
}

static int gossip_socket(struct sockaddr_in own, struct sockaddr_in to)
{
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0 ||
        connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("cannot bind", "UDP");
    return fd;
}

/* Send, and say whether anything comes back within a moment. */
static bool answered(int fd, const void *bytes, size_t len)
{
    uint8_t reply[2048];
    send(fd, bytes, len, 0);
    if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 300) <= 0)
        return false;
    return recv(fd, reply, sizeof reply, 0) > 0;
}

static void send_noise(int fd)
{
    static uint8_t noise[65507];
    for (size_t len = 0; len < 1300; len += 13) {
        if (getrandom(noise, len, 0) != (ssize_t)len)
            die("no random bytes", "UDP");
        send(fd, noise, len, 0);
        memcpy(noise, "\x5C\x4A\x01\x00", 4);
        send(fd, noise, len, 0);
    }
    verdict(!answered(fd, noise, sizeof noise), "noise of every length, 64 KiB too: silence");
}

static int gossip(char **argv)
{
    static struct forger right;
    static struct forger wrong_key;
    static struct forger wrong_cluster;
    static struct forger plain;
    const struct sockaddr_in to = address(argv[2]);
    const struct sockaddr_in own = address(argv[3]);
    const int fd = gossip_socket(own, to);
    forger_init(&right, argv[4], "e2e");
    forger_init(&wrong_key, argv[5], "e2e");
    forger_init(&wrong_cluster, argv[4], "elsewhere");
    forger_init(&plain, argv[4], "e2e");
    plain.ctx.mode = SEAL_OFF;
    send_noise(fd);
    size_t len = forge(&wrong_key, 0, own);
    verdict(!answered(fd, wrong_key.packet, len), "sealed with another key: silence");
    len = forge(&wrong_cluster, 0, own);
    verdict(!answered(fd, wrong_cluster.packet, len), "for another cluster: silence");
    len = forge(&plain, 0, own);
    verdict(!answered(fd, plain.packet, len), "not sealed at all: silence");
    len = forge(&right, 0xDEAD, own);
    verdict(!answered(fd, right.packet, len), "for another node: silence");
    len = forge(&right, 0, own);
    right.packet[len - 1] ^= 1;
    verdict(!answered(fd, right.packet, len), "one bit changed: silence");
    len = forge(&right, 0, own);
    verdict(answered(fd, right.packet, len), "the right key, cluster and class: an answer");
    verdict(!answered(fd, right.packet, len), "the same again: silence");
    close(fd);
    return wrong != 0;
}

/* ---- amplification ---- */

#define QUIET_MS 100
#define LATE_MS  2000 /* a node that looks for us tries again within that */

/* All that comes back until nothing has for a moment. */
static size_t bytes_back(int fd, int quiet_ms)
{
    uint8_t reply[2048];
    size_t bytes = 0;
    while (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, quiet_ms) > 0) {
        const ssize_t got = recv(fd, reply, sizeof reply, 0);
        bytes += got > 0 ? (size_t)got : 0;
    }
    return bytes;
}

struct tally {
    size_t sent, back;
};

/* Send one datagram, and count what it brings: from a run that has proven nothing, no more than it cost,
 * or so many times that. */
static void amplify_by(int fd, const char *what, struct slice bytes, size_t most, struct tally *all)
{
    char line[160];
    send(fd, bytes.at, bytes.len, 0);
    const size_t back = bytes_back(fd, QUIET_MS);
    all->sent += bytes.len;
    all->back += back;
    snprintf(line, sizeof line, "%s: %zu bytes bring %zu", what, bytes.len, back);
    verdict(back <= most * bytes.len, line);
}

static void amplify_one(int fd, const char *what, struct slice bytes, struct tally *all)
{
    amplify_by(fd, what, bytes, 1, all);
}

/* Each type from a run that is not proven, with a record of ours, without a destination and with ours. */
static void amplify_types(int fd, struct forger *f, struct sockaddr_in own, uint64_t node,
                          struct tally *all)
{
    uint8_t body[PEER_BODY_MAX];
    char what[64];
    for (int type = PEER_PING; type <= PEER_KINDS; type++) {
        const size_t len = write_body(f, (enum peer_type)type, own, body);
        for (int to_all = 0; len > 0 && to_all < 2; to_all++) {
            const size_t n = seal(f, to_all ? 0 : node, slice_of(body, len));
            snprintf(what, sizeof what, "type %d, class %s", type, to_all ? "join" : "member");
            amplify_one(fd, what, slice_of(f->packet, n), all);
        }
    }
}

/* Somebody's packet, recorded: taken once, and no more. It asks to be let in, so the address in it is asked
 * who is there, three times at most, beside the answer: 1.6 times what it cost. */
static void amplify_replay(int fd, struct forger *f, struct sockaddr_in own, struct tally *all)
{
    const size_t len = forge(f, 0, own);
    amplify_by(fd, "a recorded JOIN", slice_of(f->packet, len), 2, all);
    for (int i = 0; i < 10; i++)
        send(fd, f->packet, len, 0);
    amplify_one(fd, "the same, ten times more and once more", slice_of(f->packet, len), all);
}

static int amplify(char **argv)
{
    static struct forger plain, sealed;
    static const uint8_t noise[1200];
    struct tally all = {0};
    char line[80];
    const struct sockaddr_in own = address(argv[3]);
    const int fd = gossip_socket(own, address(argv[2]));
    forger_init(&plain, argv[4], "e2e");
    forger_init(&sealed, argv[4], "e2e");
    plain.ctx.mode = SEAL_OFF;
    amplify_one(fd, "noise", slice_of(noise, sizeof noise), &all);
    amplify_types(fd, &plain, own, hash_node_id(slice_text("e2e"), slice_text(argv[5])), &all);
    amplify_replay(fd, &sealed, own, &all);
    all.back += bytes_back(fd, LATE_MS);
    close(fd);
    snprintf(line, sizeof line, "all together, and later: %zu bytes bring %zu", all.sent, all.back);
    verdict(all.back <= all.sent, line);
    return wrong != 0;
}

/* ---- a flood ---- */

#define FLOOD_SOCKETS 256 /* each with an address and a port of its own */
#define FLOOD_KINDS   5
#define FLOOD_BATCH   (4 * FLOOD_KINDS)

struct flood {
    int fds[FLOOD_SOCKETS];
    uint8_t bytes[FLOOD_KINDS][PEER_BODY_MAX + PACKET_OVERHEAD];
    struct iovec parts[FLOOD_KINDS];
    struct mmsghdr heads[FLOOD_BATCH];
};

static void flood_add(struct flood *f, size_t i, const void *bytes, size_t len)
{
    memcpy(f->bytes[i], bytes, len);
    f->parts[i] = (struct iovec){.iov_base = f->bytes[i], .iov_len = len};
}

/* Noise, another key, not sealed, one bit changed, for another node: a counter for each. */
static void flood_make(struct flood *f, const char *ring, const char *other, struct sockaddr_in own)
{
    static struct forger by;
    static uint8_t noise[400] = "no packet";
    flood_add(f, 0, noise, sizeof noise);
    forger_init(&by, other, "e2e");
    flood_add(f, 1, by.packet, forge(&by, 0, own));
    forger_init(&by, ring, "e2e");
    const size_t len = forge(&by, 0, own);
    by.packet[len - 1] ^= 1;
    flood_add(f, 2, by.packet, len);
    flood_add(f, 3, by.packet, forge(&by, 0xDEAD, own));
    by.ctx.mode = SEAL_OFF;
    flood_add(f, 4, by.packet, forge(&by, 0, own));
}

static void flood_open(struct flood *f, struct sockaddr_in to)
{
    for (uint32_t i = 0; i < FLOOD_SOCKETS; i++) {
        struct sockaddr_in own = {.sin_family = AF_INET};
        own.sin_addr.s_addr = htonl(0x7F040001U + i / 2); /* 127.4.0.1 and on, two ports each */
        f->fds[i] = gossip_socket(own, to);
    }
    for (size_t i = 0; i < FLOOD_BATCH; i++)
        f->heads[i].msg_hdr =
            (struct msghdr){.msg_iov = &f->parts[i % FLOOD_KINDS], .msg_iovlen = 1};
}

static time_t now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

static int flood(char **argv)
{
    static struct flood f;
    unsigned long sent = 0;
    const time_t end = now_s() + (time_t)strtoul(argv[5], NULL, 10);
    flood_make(&f, argv[3], argv[4], address("127.4.0.1"));
    flood_open(&f, address(argv[2]));
    for (size_t i = 0; now_s() < end; i++) {
        const int n = sendmmsg(f.fds[i % FLOOD_SOCKETS], f.heads, FLOOD_BATCH, 0);
        sent += n > 0 ? (unsigned long)n : 0;
    }
    printf("sent %lu\n", sent);
    return 0;
}

/* ---- streams ---- */

static int stream(const char *where)
{
    uint8_t bytes[4096] = {0};
    uint8_t reply[64];
    bool closed;
    int fd = dial(where);
    send(fd, "\xff\xff\xff\xff", 4, MSG_NOSIGNAL);
    verdict(listen_to(fd, reply, sizeof reply, &closed) == 0 && closed,
            "a peer frame of 4 GiB: closed without a word");
    close(fd);
    fd = dial(where);
    if (getrandom(bytes + 4, sizeof bytes - 4, 0) < 0)
        die("no random bytes", where);
    memcpy(bytes, "\x00\x00\x01\x00", 4);
    send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
    verdict(listen_to(fd, reply, sizeof reply, &closed) == 0 && closed,
            "garbage frames: closed without a word");
    close(fd);
    return wrong != 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "clients") == 0) {
        tell_bombs(argv[2]);
        tell_noise(argv[2]);
        tell_half(argv[2]);
        return wrong != 0;
    }
    if (argc == 6 && strcmp(argv[1], "gossip") == 0)
        return gossip(argv);
    if (argc == 3 && strcmp(argv[1], "stream") == 0)
        return stream(argv[2]);
    if (argc == 6 && strcmp(argv[1], "amplify") == 0)
        return amplify(argv);
    if (argc == 6 && strcmp(argv[1], "flood") == 0)
        return flood(argv);
    fprintf(stderr,
            "usage: hostile clients|stream IP:PORT, hostile gossip IP:PORT FROM KEY OTHER,\n"
            "       hostile amplify IP:PORT FROM:PORT KEY NAME, hostile flood IP:PORT KEY OTHER "
            "SECONDS\n");
    return 2;
}
