#include "dns_script.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "loop/address.h"

#define MESSAGE_MAX 1500
#define HEADER_LEN  12

struct question {
    char name[256];
    uint16_t type;
    size_t len; /* of the message up to here */
};

static struct question read_question(struct slice message)
{
    struct question q = {.name = ""};
    struct reader r = reader_of(message);
    size_t at = 0;
    (void)read_bytes(&r, HEADER_LEN);
    for (uint8_t len = read_u8(&r); len > 0; len = read_u8(&r)) {
        const struct slice label = read_bytes(&r, len);
        cr_assert_eq(r.err, OK);
        if (at > 0)
            q.name[at++] = '.';
        memcpy(q.name + at, label.at, label.len);
        at += label.len;
    }
    q.type = read_u16(&r);
    (void)read_u16(&r);
    q.len = message.len - r.rest.len;
    return q;
}

static void write_name(struct writer *w, const char *name)
{
    while (*name != '\0') {
        const size_t len = strcspn(name, ".");
        write_u8(w, (uint8_t)len);
        write_bytes(w, slice_of(name, len));
        name += len + (name[len] == '.');
    }
    write_u8(w, 0);
}

static void write_value(struct writer *w, uint16_t type, const char *value)
{
    uint8_t bytes[300];
    struct writer data = writer_of(bytes, sizeof bytes);
    struct address_target target;
    if (type == 33) {
        cr_assert_eq(address_split(value, &target), OK);
        write_u32(&data, 10 << 16 | 5); /* priority, weight */
        write_u16(&data, target.port);
        write_name(&data, target.host);
    } else {
        const int family = type == 1 ? AF_INET : AF_INET6;
        cr_assert_eq(inet_pton(family, value, bytes), 1);
        data.len = type == 1 ? 4 : 16;
    }
    write_u16(w, (uint16_t)data.len);
    write_bytes(w, writer_slice(&data));
}

static void write_answers(struct writer *w, const struct script_entry *e)
{
    for (size_t i = 0; i < 4 && e->values[i] != NULL; i++) {
        write_u16(w, 0xc00c); /* the name of the question */
        write_u16(w, e->type);
        write_u16(w, 1);
        write_u32(w, e->ttl_s);
        write_value(w, e->type, e->values[i]);
    }
}

static uint16_t count_values(const struct script_entry *e)
{
    uint16_t n = 0;
    while (e != NULL && n < 4 && e->values[n] != NULL)
        n++;
    return n;
}

static const struct script_entry *find_entry(const struct script *s, const struct question *q)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->entries[i].type == q->type && strcasecmp(s->entries[i].name, q->name) == 0)
            return &s->entries[i];
    }
    return NULL;
}

static void on_question(struct ev_loop *ev, ev_io *io, int revents)
{
    struct script *s = io->data;
    uint8_t in[MESSAGE_MAX], out[MESSAGE_MAX];
    struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
    socklen_t from_len = sizeof from;
    (void)ev;
    (void)revents;
    const ssize_t n = recvfrom(io->fd, in, sizeof in, 0, (struct sockaddr *)&from, &from_len);
    s->asked++;
    if (n < HEADER_LEN || s->silent)
        return;
    const struct question q = read_question(slice_of(in, (size_t)n));
    const struct script_entry *e = find_entry(s, &q);
    struct writer w = writer_of(out, sizeof out);
    write_bytes(&w, slice_of(in, 2));
    write_u16(&w, e == NULL ? 0x8583 : 0x8580); /* NXDOMAIN or NOERROR */
    write_u16(&w, 1);
    write_u16(&w, count_values(e));
    write_u32(&w, 0);
    write_bytes(&w, slice_of(in + HEADER_LEN, q.len - HEADER_LEN));
    if (e != NULL)
        write_answers(&w, e);
    cr_assert_eq(w.err, OK);
    cr_assert_eq(sendto(io->fd, out, w.len, 0, (struct sockaddr *)&from, from_len), (ssize_t)w.len);
}

void script_start(struct script *s, struct ev_loop *ev)
{
    struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    const struct addr bound = address_of_sock(&at);
    address_format(&bound, s->server);
    s->ev = ev;
    s->asked = 0;
    ev_io_init(&s->io, on_question, fd, EV_READ);
    s->io.data = s;
    ev_io_start(ev, &s->io);
}

void script_stop(struct script *s)
{
    ev_io_stop(s->ev, &s->io);
    close(s->io.fd);
}
