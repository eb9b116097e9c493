#include "fake_node.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

static void *serve(void *arg)
{
    struct fake *f = arg;
    for (unsigned i = 0; i < f->connections; i++) {
        const int fd = accept(f->listener, NULL, NULL);
        f->sealed = false;
        f->script(f, fd, i);
        close(fd);
    }
    return NULL;
}

void fake_start(struct fake *f, fake_script *script, unsigned connections)
{
    struct arena arena;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    f->script = script;
    f->connections = connections;
    f->listener = socket(AF_INET, SOCK_STREAM, 0);
    arena_init(&arena, f->memory, sizeof f->memory);
    f->codec = client_codec_new(&arena, CLIENT_VALUE_MAX);
    cr_assert_not_null(f->codec);
    cr_assert_eq(bind(f->listener, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(listen(f->listener, 8), 0);
    cr_assert_eq(getsockname(f->listener, (struct sockaddr *)&at, &len), 0);
    snprintf(f->address, sizeof f->address, "127.0.0.1:%d", ntohs(at.sin_port));
    cr_assert_eq(pthread_create(&f->thread, NULL, serve, f), 0);
}

void fake_join(struct fake *f)
{
    pthread_join(f->thread, NULL);
    close(f->listener);
    client_codec_free(f->codec);
}

void fake_seal(struct fake *f, const struct tunnel *keys)
{
    f->sealed = true;
    f->records = (struct records){.keys = *keys};
}

static struct records *records_of(struct fake *f)
{
    return f->sealed ? &f->records : NULL;
}

bool fake_take(struct fake *f, int fd, struct client_request *request)
{
    struct client_fault fault;
    if (!records_read(records_of(f), fd, f->frame, 4))
        return false;
    struct reader r = reader_of(slice_of(f->frame, 4));
    const uint32_t len = read_u32(&r);
    cr_assert_leq(len, sizeof f->frame);
    if (!records_read(records_of(f), fd, f->frame, len))
        return false;
    cr_assert_eq(client_request_decode(f->codec, slice_of(f->frame, len), request, &fault), OK);
    f->w = writer_of(f->reply, sizeof f->reply);
    return true;
}

void fake_bytes(int fd, const void *at, size_t len)
{
    (void)records_send_raw(fd, at, len);
}

void fake_send(struct fake *f, int fd)
{
    cr_assert_eq(f->w.err, OK);
    (void)records_send(records_of(f), fd, writer_slice(&f->w));
    f->w.len = 0;
}

void fake_greet(struct fake *f, int fd)
{
    const struct client_hello hello = {.version = "0", .node = slice_text("fake"), .epoch = 1};
    struct client_request request;
    cr_assert(fake_take(f, fd, &request) && request.op == OP_HELLO);
    client_reply_hello(&f->w, request.id, &hello);
    fake_send(f, fd);
}

void fake_hit(struct fake *f, uint32_t id, const char *value)
{
    const struct client_got got = {
        .status = STATUS_HIT, .value = slice_text(value), .ttl_ms = UINT64_MAX};
    client_reply_get(&f->w, id, &got);
}

struct scrubjay *fake_client(const struct fake *f, uint32_t timeout_ms)
{
    const struct scrubjay_options options = {
        .address = f->address, .name = "test", .timeout_ms = timeout_ms};
    struct scrubjay *c = scrubjay_new(&options);
    cr_assert_not_null(c);
    return c;
}
