#include "loop/udp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Behind the others: it needs struct timespec and does not say so. */
#include <linux/errqueue.h>

#include "loop/address.h"
#include "node/node.h"

#define BUFFER_LEN   (NODE_DATAGRAM_IN_MAX + 16) /* the node sees, drops and counts longer ones */
#define KERNEL_BYTES (4 << 20)
#define ERRORS_MAX   64 /* read in one go */
#define EV_PRIORITY  2

struct udp {
    struct ev_loop *ev;
    ev_io io;
    int family;
    struct udp_events events;
    struct udp_counters counters;
    struct mmsghdr heads[UDP_BATCH];
    struct iovec iovs[UDP_BATCH];
    struct sockaddr_storage froms[UDP_BATCH];
    uint8_t bytes[UDP_BATCH][BUFFER_LEN];
};

/** Sizes are wishes (net.core.rmem_max may be lower); the rest every Linux has. */
static void set_options(int fd, int family)
{
    const int on = 1, size = KERNEL_BYTES, dont4 = IP_PMTUDISC_DO, dont6 = IPV6_PMTUDISC_DO;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    /* A v6 wildcard socket carries IPv4, too, and obeys both. */
    (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &dont4, sizeof dont4);
    (void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    if (family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &dont6, sizeof dont6);
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on);
    }
}

static int family_of(int fd)
{
    int family = AF_INET;
    socklen_t len = sizeof family;
    (void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len);
    return family;
}

static void point_heads(struct udp *u)
{
    for (size_t i = 0; i < UDP_BATCH; i++) {
        u->iovs[i] = (struct iovec){.iov_base = u->bytes[i], .iov_len = BUFFER_LEN};
        u->heads[i].msg_hdr = (struct msghdr){.msg_name = &u->froms[i],
                                              .msg_namelen = sizeof u->froms[i],
                                              .msg_iov = &u->iovs[i],
                                              .msg_iovlen = 1};
    }
}

/* ---- what the network says ---- */

static const struct sock_extended_err *find_error(struct msghdr *head)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c != NULL; c = CMSG_NXTHDR(head, c)) {
        if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
            return (const struct sock_extended_err *)(const void *)CMSG_DATA(c);
    }
    return NULL;
}

static void tell_failure(struct udp *u, uint32_t err, const struct addr *to)
{
    if (err == ECONNREFUSED) {
        u->counters.refused++;
        u->events.failed(u->events.ctx, UDP_UNREACHABLE, to);
    } else if (err == EMSGSIZE) {
        u->counters.too_big++;
        u->events.failed(u->events.ctx, UDP_TOO_BIG, to);
    }
}

static bool read_error(struct udp *u)
{
    union {
        struct cmsghdr align;
        uint8_t bytes[512];
    } control;

    uint8_t sent[8]; /* the datagram that failed: of no interest */
    struct sockaddr_storage to = {.ss_family = AF_UNSPEC};
    struct iovec iov = {.iov_base = sent, .iov_len = sizeof sent};
    struct msghdr head = {.msg_name = &to,
                          .msg_namelen = sizeof to,
                          .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof control.bytes};
    if (recvmsg(u->io.fd, &head, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
        return false;
    const struct sock_extended_err *err = find_error(&head);
    const struct addr addr = address_of_sock(&to);
    /* Errors of our own system were the result of the send already. */
    if (err != NULL && err->ee_origin != SO_EE_ORIGIN_LOCAL && addr_known(&addr))
        tell_failure(u, err->ee_errno, &addr);
    return true;
}

static void read_errors(struct udp *u)
{
    for (int i = 0; i < ERRORS_MAX && read_error(u); i++)
        ;
}

/* ---- receiving ---- */

static void give(struct udp *u, size_t i)
{
    const struct addr from = address_of_sock(&u->froms[i]);
    u->counters.in++;
    u->events.datagram(u->events.ctx, &from, slice_of(u->bytes[i], u->heads[i].msg_len));
}

static void on_readable(struct ev_loop *ev, ev_io *io, int revents)
{
    struct udp *u = io->data;
    (void)ev;
    (void)revents;
    point_heads(u);
    const int n = recvmmsg(io->fd, u->heads, UDP_BATCH, MSG_DONTWAIT, NULL);
    /* Woken without data, or told of an error: the error queue has something. */
    if (n <= 0)
        read_errors(u);
    for (int i = 0; i < n; i++)
        give(u, (size_t)i);
    u->events.batch_end(u->events.ctx);
}

/* ---- sending ---- */

static bool try_send(const struct udp *u, const struct address_sock *to, struct slice bytes)
{
    return sendto(u->io.fd, bytes.at, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL,
                  (const struct sockaddr *)&to->at, to->len) >= 0;
}

void udp_send(struct udp *u, const struct addr *to, struct slice bytes)
{
    struct address_sock sock;
    bool sent = address_to_sock(to, u->family, &sock) == OK;
    if (sent && !try_send(u, &sock, bytes)) {
        const struct addr kept = *to; /* `to` may be the node's, which is about to be called */
        const int err = errno;
        sent = false;
        /* A pending error of an earlier datagram is told by, and instead of, the next send. */
        read_errors(u);
        if (err == EMSGSIZE)
            tell_failure(u, EMSGSIZE, &kept);
        else if (err != EAGAIN)
            sent = try_send(u, &sock, bytes);
    }
    u->counters.out += sent;
    u->counters.dropped_out += !sent;
}

/* ---- life ---- */

struct udp *udp_new(struct ev_loop *ev, int fd, const struct udp_events *events)
{
    struct udp *u = calloc(1, sizeof *u);
    if (u == NULL) {
        close(fd);
        return NULL;
    }
    u->ev = ev;
    u->family = family_of(fd);
    u->events = *events;
    set_options(fd, u->family);
    ev_io_init(&u->io, on_readable, fd, EV_READ);
    ev_set_priority(&u->io, EV_PRIORITY);
    u->io.data = u;
    ev_io_start(ev, &u->io);
    return u;
}

void udp_free(struct udp *u)
{
    if (u == NULL)
        return;
    ev_io_stop(u->ev, &u->io);
    close(u->io.fd);
    free(u);
}

struct udp_counters udp_counters(const struct udp *u)
{
    return u->counters;
}
