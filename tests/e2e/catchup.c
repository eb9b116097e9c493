/**
 * tests/e2e/catchup.c - how long does a node that was cut off need, from its first packet on?
 *
 *   catchup HTTP_OF_A_PEER HTTP_OF_THE_NODE LIMIT_MS
 *
 * Looks at both every two milliseconds, by HTTP, while somebody mends the network. Prints "CONTACT HEALED"
 * in ms: from the begin until the node accepted a datagram of a peer, and from then until both showed the
 * same vector. Both are upper bounds: a look takes its time. Exit status 1 when the limit passed first.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "record.h"

#define PAGE_MAX 65536
#define LOOK_US  2000

static void die(const char *what, const char *who)
{
    fprintf(stderr, "catchup: %s: %s\n", what, who);
    exit(2);
}

static int dial(const char *where)
{
    char host[64];
    struct sockaddr_in a = {.sin_family = AF_INET};
    const struct timeval limit = {.tv_sec = 1};
    const char *colon = strrchr(where, ':');
    if (colon == NULL || (size_t)(colon - where) >= sizeof host)
        die("not an address", where);
    memcpy(host, where, (size_t)(colon - where));
    host[colon - where] = 0;
    a.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1 || fd < 0)
        die("not an address", where);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (const struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

/** A page as text, "" when it could not be had. Lent until the next call. */
static const char *page(const char *where, const char *path)
{
    static char text[PAGE_MAX];
    char request[128];
    size_t len = 0;
    const int fd = dial(where);
    text[0] = 0;
    if (fd < 0)
        return text;
    snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", path);
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) > 0) {
        ssize_t n;
        while ((n = recv(fd, text + len, PAGE_MAX - 1 - len, 0)) > 0)
            len += (size_t)n;
    }
    close(fd);
    text[len] = 0;
    return text;
}

/** What follows "NAME": in text; NULL when it is not there. */
static const char *member(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at == NULL ? NULL : at + strlen(name);
}

/** Datagrams of peers that this node has accepted: each tells what its sender has covered. 0 when it
 *  cannot be seen. */
static uint64_t accepted(const char *where)
{
    const char *at = member(page(where, "/v1/stats"), "\"datagrams_in\":");
    return at == NULL ? 0 : strtoull(at, NULL, 10);
}

static uint64_t vector_hash(const char *where)
{
    const char *at = member(page(where, "/v1/node"), "\"vector_hash\":\"");
    return at == NULL ? 0 : strtoull(at, NULL, 16);
}

static bool is_healed(const char *peer, const char *node)
{
    const uint64_t hash = vector_hash(node);
    return hash != 0 && hash == vector_hash(peer);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        die("usage", "catchup PEER:PORT NODE:PORT LIMIT_MS");
    const uint64_t begun = record_now();
    const uint64_t end = begun + strtoull(argv[3], NULL, 10) * 1000;
    const uint64_t before = accepted(argv[2]);
    uint64_t contact = 0;
    for (uint64_t now = begun; now < end; now = record_now()) {
        if (contact == 0 && accepted(argv[2]) > before)
            contact = now;
        if (contact != 0 && is_healed(argv[1], argv[2])) {
            printf("%" PRIu64 " %" PRIu64 "\n", (contact - begun) / 1000,
                   (record_now() - contact) / 1000);
            return 0;
        }
        usleep(LOOK_US);
    }
    fprintf(stderr, "catchup: %s\n", contact == 0 ? "no contact" : "contact, but not healed");
    return 1;
}
