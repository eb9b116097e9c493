/**
 * tests/e2e/tap.c - somebody on the wire between a client and its node.
 *
 *   tap PORT NODE:PORT FILE [N]    listen on 127.0.0.1:PORT and say "open"; pass on what one connection after
 *                                  the other says, both ways, and write all of it into FILE. With N, one bit
 *                                  of the Nth byte that each client says, counted from 0, is changed
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define NOTHING SIZE_MAX /* is changed */

static void die(const char *what)
{
    fprintf(stderr, "tap: %s: %s\n", what, strerror(errno));
    exit(2);
}

static struct sockaddr_in address(const char *host, const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
        die(host);
    return a;
}

static int listen_on(const char *port)
{
    const struct sockaddr_in a = address("127.0.0.1", port);
    const int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 8) != 0)
        die("listen");
    return fd;
}

static int dial(const char *node)
{
    char host[64];
    const char *colon = strrchr(node, ':');
    if (colon == NULL || (size_t)(colon - node) >= sizeof host)
        die(node);
    memcpy(host, node, (size_t)(colon - node));
    host[colon - node] = '\0';
    const struct sockaddr_in a = address(host, colon + 1);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr *)&a, sizeof a) != 0)
        die(node);
    return fd;
}

/** Pass on what there is; *left: bytes until the one to change. false: that side has ended. */
static bool pass_on(int from, int to, FILE *file, size_t *left)
{
    unsigned char bytes[16384];
    const ssize_t n = recv(from, bytes, sizeof bytes, 0);
    if (n <= 0)
        return false;
    fwrite(bytes, 1, (size_t)n, file);
    fflush(file);
    if (*left < (size_t)n)
        bytes[*left] ^= 1;
    *left = *left < (size_t)n || *left == NOTHING ? NOTHING : *left - (size_t)n;
    return send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

static void serve(int client, int node, FILE *file, size_t change)
{
    size_t none = NOTHING;
    struct pollfd fds[2] = {{.fd = client, .events = POLLIN}, {.fd = node, .events = POLLIN}};
    while (poll(fds, 2, -1) > 0) {
        if (fds[0].revents != 0 && !pass_on(client, node, file, &change))
            return;
        if (fds[1].revents != 0 && !pass_on(node, client, file, &none))
            return;
    }
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: tap PORT NODE:PORT FILE [N]\n");
        return 2;
    }
    const int listener = listen_on(argv[1]);
    FILE *file = fopen(argv[3], "w");
    if (file == NULL)
        die(argv[3]);
    puts("open");
    fflush(stdout);
    for (;;) {
        const int client = accept(listener, NULL, NULL), node = dial(argv[2]);
        serve(client, node, file, argc == 5 ? (size_t)strtoul(argv[4], NULL, 10) : NOTHING);
        close(client);
        close(node);
    }
}
