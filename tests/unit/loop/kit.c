#include "kit.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "loop/address.h"

#define CODEC_MEMORY (8U << 20)

struct loop *kit_loop;
static pthread_t thread;
static ev_async stop, hold;
static pthread_barrier_t held; /* of control and of the test: met twice */
static int exit_status;

static void on_stop(struct ev_loop *ev, ev_async *wake, int revents)
{
    (void)ev;
    (void)revents;
    loop_stop(wake->data);
}

static void on_hold(struct ev_loop *ev, ev_async *wake, int revents)
{
    (void)ev;
    (void)wake;
    (void)revents;
    (void)pthread_barrier_wait(&held); /* it stands still */
    (void)pthread_barrier_wait(&held); /* until it is let go */
}

void kit_hold(void)
{
    ev_async_send(loop_ev(kit_loop), &hold);
    (void)pthread_barrier_wait(&held);
}

void kit_let_go(void)
{
    (void)pthread_barrier_wait(&held);
}

static void *run_loop(void *ctx)
{
    exit_status = loop_run(ctx);
    return NULL;
}

struct loop_cfg kit_cfg(void)
{
    struct loop_cfg cfg = {.name = "n",
                           .cluster = "test",
                           .profile = SWIM_TEST,
                           .budget_bytes = 32U << 20,
                           .value_max = KIT_VALUE_MAX,
                           .workers = 2,
                           .log.level = LOGGER_ERROR};
    cr_assert_eq(address_parse("127.0.0.1:0", &cfg.client), OK);
    cfg.gossip = cfg.client;
    return cfg;
}

void kit_make(const struct loop_cfg *cfg)
{
    char why[LOOP_WHY_MAX] = "";
    kit_loop = loop_new(cfg, why, sizeof why);
    cr_assert_neq(kit_loop, NULL, "%s", why);
    ev_async_init(&stop, on_stop);
    stop.data = kit_loop;
    ev_async_start(loop_ev(kit_loop), &stop);
    cr_assert_eq(pthread_barrier_init(&held, NULL, 2), 0); /* before there is another thread */
    ev_async_init(&hold, on_hold);
    ev_async_start(loop_ev(kit_loop), &hold);
}

struct loop *kit_still(int log_fd)
{
    char why[LOOP_WHY_MAX] = "";
    struct loop_cfg cfg = kit_cfg();
    cfg.budget_bytes = 8U << 20;
    cfg.value_max = 65536;
    cfg.workers = 1;
    cfg.log = (struct logger_cfg){.fd = log_fd};
    struct loop *l = loop_new(&cfg, why, sizeof why);
    cr_assert_neq(l, NULL, "%s", why);
    return l;
}

void kit_launch(void)
{
    cr_assert_eq(pthread_create(&thread, NULL, run_loop, kit_loop), 0);
}

void kit_end(void)
{
    ev_async_send(loop_ev(kit_loop), &stop);
    pthread_join(thread, NULL);
    cr_expect_eq(exit_status, 0);
    loop_free(kit_loop);
}

struct loop_counters kit_counters(void)
{
    struct loop_counters c;
    loop_counters(kit_loop, &c);
    return c;
}

/* ---- a client ---- */

struct client kit_dial(void)
{
    struct client c = {.memory = calloc(1, CODEC_MEMORY)};
    struct arena arena;
    struct address_sock sock;
    const struct addr at = loop_client_addr(kit_loop);
    arena_init(&arena, c.memory, CODEC_MEMORY);
    c.codec = client_codec_new(&arena, KIT_VALUE_MAX);
    cr_assert_neq(c.codec, NULL);
    c.fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(address_to_sock(&at, AF_INET, &sock), OK);
    cr_assert_eq(connect(c.fd, (struct sockaddr *)&sock.at, sock.len), 0);
    return c;
}

void kit_hang_up(struct client *c)
{
    close(c->fd);
    client_codec_free(c->codec);
    free(c->memory);
    free(c->frame);
    free(c->records);
}

void kit_seal(struct client *c, const struct tunnel *keys)
{
    c->records = calloc(1, sizeof *c->records);
    c->records->keys = *keys;
}

void kit_send(const struct client *c, struct slice bytes)
{
    cr_assert(records_send(c->records, c->fd, bytes));
}

bool kit_offer(struct client *c, struct client_request r)
{
    const size_t cap = r.fill.value.len + r.targets_n * 1100 + 4096;
    uint8_t *bytes = malloc(cap);
    struct writer w = writer_of(bytes, cap);
    r.id = ++c->id;
    client_request_encode(&w, &r);
    cr_assert_eq(w.err, OK);
    const bool sent = records_send(c->records, c->fd, writer_slice(&w));
    free(bytes);
    return sent;
}

uint32_t kit_ask(struct client *c, struct client_request r)
{
    cr_assert(kit_offer(c, r));
    return c->id;
}

bool kit_next(struct client *c, struct client_reply *reply)
{
    uint8_t head[4];
    if (!records_read(c->records, c->fd, head, sizeof head))
        return false;
    struct reader r = reader_of(slice_of(head, sizeof head));
    const uint32_t len = read_u32(&r);
    free(c->frame);
    c->frame = malloc(len);
    cr_assert(records_read(c->records, c->fd, c->frame, len));
    cr_assert_eq(client_reply_decode(c->codec, slice_of(c->frame, len), reply), OK);
    return true;
}

/** The next frame, which must be the reply to this id. */
static struct client_reply next_of(struct client *c, uint32_t id)
{
    struct client_reply reply;
    cr_assert(kit_next(c, &reply));
    cr_assert(!reply.push && reply.id == id, "a reply to %u, not to %u", reply.id, id);
    return reply;
}

struct client_reply kit_call(struct client *c, struct client_request r)
{
    return next_of(c, kit_ask(c, r));
}

static void no_error(const struct client_reply *reply)
{
    cr_assert_eq(reply->error.len, 0, "%.*s: %.*s", (int)reply->error.len,
                 (const char *)reply->error.at, (int)reply->text.len, (const char *)reply->text.at);
}

struct client_got kit_got(struct client *c, uint32_t id)
{
    struct client_got got;
    const struct client_reply reply = next_of(c, id);
    no_error(&reply);
    cr_assert_eq(client_got_decode(c->codec, reply.result, &got), OK);
    return got;
}

struct client_got kit_get(struct client *c, const char *key)
{
    return kit_got(c,
                   kit_ask(c, (struct client_request){.op = OP_GET, .fill.key = slice_text(key)}));
}

struct client_stored kit_fill(struct client *c, const char *key, const char *value,
                              struct slice token)
{
    struct client_stored stored;
    const struct client_reply reply = kit_call(
        c, (struct client_request){
               .op = OP_FILL,
               .fill = {.key = slice_text(key), .value = slice_text(value), .token = token}});
    no_error(&reply);
    cr_assert_eq(client_stored_decode(c->codec, reply.result, &stored), OK);
    return stored;
}

struct client_reply kit_put(struct client *c, const char *key, struct slice value)
{
    return kit_call(
        c, (struct client_request){.op = OP_PUT, .fill = {.key = slice_text(key), .value = value}});
}

struct client_acked kit_acked(struct client *c, struct client_request r)
{
    struct client_acked acked;
    const struct client_reply reply = kit_call(c, r);
    no_error(&reply);
    cr_assert_eq(client_acked_decode(c->codec, reply.result, &acked), OK);
    return acked;
}

struct client_acked kit_invalidate(struct client *c, const char *key)
{
    const struct slice name = slice_text(key);
    return kit_acked(
        c, (struct client_request){
               .op = OP_INVALIDATE, .scope = SCOPE_KEY, .targets = &name, .targets_n = 1});
}
