/**
 * tests/e2e/strangers.c - connections that never log in, and where a process keeps its keys.
 *
 *   strangers idle IP:PORT N       open N connections, eight from each address of 127.2.0.0/16, say "open",
 *                                  and wait until the node has closed them all; tell how many it closed
 *                                  after how many ms at most
 *   strangers beg  IP:PORT         send a stranger's frames at each limit, and beyond; one line a case
 *   strangers keys PID FILE        count the keys of a clients file in the memory of a process: raw and as
 *                                  base64, in memory that is locked and not dumped, and elsewhere
 *   strangers ring PID FILE        the same for a keyring: the keys as its file has them, and what is derived
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "seal/clients.h"
#include "seal/keyring.h"
#include "wire/client_stranger.h"

#define OF_EACH  8
#define WAIT_MS  10000
#define CHUNK    (1U << 20)
#define TEXT_LEN 44

static void die(const char *what, const char *who)
{
    fprintf(stderr, "strangers: %s: %s: %s\n", what, who, strerror(errno));
    exit(2);
}

static struct sockaddr_in address(const char *text)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    struct sockaddr_in a = {.sin_family = AF_INET};
    if (colon == NULL || (size_t)(colon - text) >= sizeof host)
        die("not an address", text);
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    a.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
        die("not an address", text);
    return a;
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int dial(const struct sockaddr_in *to, uint32_t from)
{
    struct sockaddr_in own = {.sin_family = AF_INET};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    own.sin_addr.s_addr = htonl(from);
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0 ||
        connect(fd, (const struct sockaddr *)to, sizeof *to) != 0)
        die("cannot connect", inet_ntoa(own.sin_addr));
    return fd;
}

/* ---- idling ---- */

/** Wait until the node has closed each. Returns: how many it closed. */
static size_t await_ends(struct pollfd *all, size_t n, uint64_t deadline_ms)
{
    size_t closed = 0;
    while (closed < n && now_ms() < deadline_ms) {
        char bytes[1024];
        (void)poll(all, (nfds_t)n, 100);
        for (size_t i = 0; i < n; i++) {
            if (all[i].fd < 0 || all[i].revents == 0)
                continue;
            if (recv(all[i].fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
                continue;
            close(all[i].fd);
            all[i].fd = -1;
            closed++;
        }
    }
    return closed;
}

static int idle(const char *where, size_t n)
{
    const struct sockaddr_in to = address(where);
    struct rlimit files = {.rlim_cur = n + 64, .rlim_max = n + 64};
    struct pollfd *all = calloc(n, sizeof *all);
    if (all == NULL || setrlimit(RLIMIT_NOFILE, &files) != 0)
        die("cannot hold so many", where);
    for (size_t i = 0; i < n; i++)
        all[i] = (struct pollfd){.fd = dial(&to, 0x7F020001U + (uint32_t)(i / OF_EACH)),
                                 .events = POLLIN};
    const uint64_t opened = now_ms();
    printf("open\n");
    fflush(stdout);
    const size_t closed = await_ends(all, n, opened + WAIT_MS);
    printf("closed %zu after %" PRIu64 "\n", closed, now_ms() - opened);
    free(all);
    return closed != n;
}

/* ---- at the limits ---- */

static int wrong;

/** Send a frame; it must be answered with this error, and close the connection or not. */
static void beg(const struct sockaddr_in *to, const char *what, struct slice frame,
                const char *error, bool closes)
{
    uint8_t reply[1024];
    size_t len = 0;
    bool closed = false;
    const uint32_t head = htonl((uint32_t)frame.len);
    const int fd = dial(to, 0x7F030001U);
    (void)send(fd, &head, sizeof head, MSG_NOSIGNAL);
    (void)send(fd, frame.at, frame.len, MSG_NOSIGNAL);
    while (!closed && poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 300) > 0) {
        const ssize_t n = recv(fd, reply + len, sizeof reply - len, 0);
        closed = n <= 0;
        len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    const bool good = memmem(reply, len, error, strlen(error)) != NULL && closed == closes;
    printf("%s  %s: %s%s\n", good ? "ok  " : "FAIL", what, error, closes ? ", closed" : "");
    wrong += !good;
}

static int beg_all(const char *where)
{
    const struct sockaddr_in to = address(where);
    uint8_t frame[CLIENT_STRANGER_FRAME_MAX + 1] = {0x94, 0x00, 0x01, 0x01, 0x92, 0xC4};
    for (size_t len = CLIENT_STRANGER_FRAME_MAX - 1; len <= sizeof frame; len++) {
        char what[64];
        /* A hello with a name that fills the frame, and nil where options would be. */
        frame[6] = (uint8_t)(len - 8);
        frame[len - 1] = 0xC0;
        snprintf(what, sizeof what, "a frame of %zu bytes", len);
        beg(&to, what, slice_of(frame, len), len > 256 ? "FRAME_TOO_LONG" : "BAD_ARGS", len > 256);
    }
    beg(&to, "3 levels", slice_text("\x94\x01\x01\x02\x91\x91\xC0"), "MALFORMED", true);
    beg(&to, "4 levels", slice_text("\x94\x01\x01\x02\x91\x91\x91\xC0"), "3 levels", true);
    beg(&to, "16 values", slice_text("\x94\x01\x01\x02\x9B\1\1\1\1\1\1\1\1\1\1\1"), "message type",
        true);
    beg(&to, "17 values", slice_text("\x94\x01\x01\x02\x9C\1\1\1\1\1\1\1\1\1\1\1\1"), "16 values",
        true);
    beg(&to, "a get", slice_of("\x94\x00\x01\x03\x92\xC4\x01k\xC4\x01k", 11), "AUTH_REQUIRED",
        false);
    return wrong != 0;
}

/* ---- keys in memory ---- */

#define NEEDLES_MAX (2 * CLIENTS_MAX)

/** What is looked for. */
struct needle {
    uint8_t bytes[TEXT_LEN];
    size_t len;
    size_t kind;
};

static struct needle needles[NEEDLES_MAX];
static size_t needles_n;
static const char *kinds[2];

struct finds {
    size_t n[2]; /* by kind */
};

static void look_for(const void *what, size_t len, size_t kind)
{
    struct needle *n = &needles[needles_n++];
    memcpy(n->bytes, what, len);
    n->len = len;
    n->kind = kind;
}

static size_t count(const uint8_t *in, size_t len, const void *what, size_t what_len)
{
    size_t n = 0;
    for (const uint8_t *at = in; (at = memmem(at, len - (size_t)(at - in), what, what_len)) != NULL;
         at++)
        n++;
    return n;
}

static struct slice read_text(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        die("cannot read", path);
    const size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    return slice_of(text, len);
}

/** The keys of clients: raw, and as their file has them. */
static void look_for_clients(const char *path)
{
    static struct clients table, room;
    struct clients_fault fault;
    if (clients_parse(read_text(path), &table, &room, &fault) != OK)
        die(fault.reason, path);
    kinds[0] = "raw";
    kinds[1] = "text";
    for (size_t i = 0; i < table.n; i++) {
        char line[CLIENTS_LINE_MAX];
        (void)clients_line(&table.all[i], line);
        look_for(table.all[i].key, CLIENTS_KEY_LEN, 0);
        look_for(line + strlen(table.all[i].id) + 1, TEXT_LEN, 1);
    }
}

/** The keys of a ring: what is derived, and what its one line has, as it is and raw. */
static void look_for_ring(const char *path)
{
    struct keyring ring = {.n = 0};
    struct keyring_fault fault;
    uint8_t raw[CLIENTS_KEY_LEN];
    const struct slice text = read_text(path);
    if (keyring_parse(text, &ring, &fault) != OK)
        die(fault.reason, path);
    kinds[0] = "derived";
    kinds[1] = "kept";
    for (size_t i = 0; i < ring.n; i++) {
        look_for(ring.keys[i].udp, KEYRING_KEY_LEN, 0);
        look_for(ring.keys[i].tcp, KEYRING_KEY_LEN, 0);
    }
    const struct slice key = slice_of(text.at + strlen(ring.keys[0].label) + 1, TEXT_LEN);
    if (ring.n != 1 || !clients_key_read(key, raw))
        die("not one line of a label and a key", path);
    look_for(key.at, key.len, 1);
    look_for(raw, sizeof raw, 1);
}

/** Look through one mapping, in pieces that overlap by what is looked for. */
static void scan(FILE *mem, uint64_t from, uint64_t to, struct finds *out)
{
    static uint8_t piece[CHUNK + TEXT_LEN];
    for (uint64_t at = from; at < to; at += CHUNK) {
        const uint64_t want = to - at < sizeof piece ? to - at : sizeof piece;
        if (fseeko(mem, (off_t)at, SEEK_SET) != 0)
            continue;
        const size_t len = fread(piece, 1, (size_t)want, mem);
        for (size_t i = 0; i < needles_n && len > 0; i++)
            out->n[needles[i].kind] += count(piece, len, needles[i].bytes, needles[i].len);
        clearerr(mem);
    }
}

static FILE *open_of(const char *pid, const char *what)
{
    char name[64];
    snprintf(name, sizeof name, "/proc/%s/%s", pid, what);
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        die("cannot open", name);
    return file;
}

/** One mapping, as the first of its lines in smaps has it. */
struct mapping {
    uint64_t from, to;
    bool readable;
};

/** false: line is no first line. */
static bool read_mapping(const char *line, struct mapping *out)
{
    char *end = NULL;
    const uint64_t from = strtoull(line, &end, 16);
    if (end == line || *end != '-')
        return false;
    out->from = from;
    out->to = strtoull(end + 1, &end, 16);
    out->readable = end[0] == ' ' && end[1] == 'r';
    return true;
}

/** The line of flags of a mapping that is neither swapped nor dumped. */
static bool is_guarded(const char *flags)
{
    return strstr(flags, " lo") != NULL && strstr(flags, " dd") != NULL;
}

static int find_keys(const char *pid)
{
    struct finds elsewhere = {0}, locked = {0};
    struct mapping m = {0};
    char line[512], place[512] = "";
    FILE *maps = open_of(pid, "smaps"), *mem = open_of(pid, "mem");
    while (fgets(line, sizeof line, maps) != NULL) {
        if (read_mapping(line, &m))
            memcpy(place, line, sizeof place);
        if (strncmp(line, "VmFlags:", 8) != 0 || !m.readable)
            continue;
        const size_t before = elsewhere.n[0] + elsewhere.n[1];
        scan(mem, m.from, m.to, is_guarded(line) ? &locked : &elsewhere);
        if (elsewhere.n[0] + elsewhere.n[1] > before)
            printf("in %s", place);
    }
    printf("locked %zu %s %zu %s, elsewhere %zu %s %zu %s\n", locked.n[0], kinds[0], locked.n[1],
           kinds[1], elsewhere.n[0], kinds[0], elsewhere.n[1], kinds[1]);
    return 0;
}

static int keys(const char *pid, const char *path)
{
    look_for_clients(path);
    return find_keys(pid);
}

static int ring(const char *pid, const char *path)
{
    look_for_ring(path);
    return find_keys(pid);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "idle") == 0)
        return idle(argv[2], strtoul(argv[3], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "beg") == 0)
        return beg_all(argv[2]);
    if (argc == 4 && strcmp(argv[1], "keys") == 0)
        return keys(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "ring") == 0)
        return ring(argv[2], argv[3]);
    fprintf(stderr,
            "usage: strangers idle IP:PORT N | beg IP:PORT | keys PID FILE | ring PID FILE\n");
    return 2;
}
