/** One call after the other: results, refusals, and everything that a node or a network may do. */

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "client/inside.h"

#include "fake_node.h"

#define LONG_MS  20000
#define SHORT_MS 50

static struct fake node;

static bool holds(struct scrubjay_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.at, text, bytes.len) == 0;
}

static const struct scrubjay_bytes KEY = {"package-123", 11};

/* ---- addresses ---- */

static void expect_address(const char *text, const char *host, const char *port)
{
    struct address a;
    cr_assert(address_parse(text, &a), "%s", text);
    cr_expect_str_eq(a.host, host);
    cr_expect_str_eq(a.port, port);
}

Test(address, hosts_and_ports_are_told_apart)
{
    expect_address(NULL, "127.0.0.1", "6247");
    expect_address("cache", "cache", "6247");
    expect_address("cache:7000", "cache", "7000");
    expect_address("[::1]:7000", "::1", "7000");
    expect_address("[::1]", "::1", "6247");
    expect_address("::1", "::1", "6247");
}

Test(address, what_is_no_address_is_refused)
{
    static const char *const bad[] = {"",      ":1",   "a:",   "a:0",    "a:65536",
                                      "a:12x", "[::1", "[]:1", "[::1]7", "a:000001"};
    struct address a;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        cr_expect_not(address_parse(bad[i], &a), "%s", bad[i]);
}

/* ---- plain calls ---- */

/** Answers everything as an obedient node would; a key "stale" refuses its fill. */
static void obey(struct fake *f, int fd, unsigned nth)
{
    static const struct slice applied[] = {{(const uint8_t *)"fake", 4}};
    const struct client_acks acks = {.stamp = slice_text("stamp-of-twenty-four-byt"),
                                     .level = {ACK_LOCAL, 0},
                                     .reached = true,
                                     .applied = applied,
                                     .applied_n = 1};
    const struct client_got miss = {.status = STATUS_MISS, .token = slice_text("token")};
    const struct client_fault fault = {.has_id = true, .id = 0, .name = "NOT_READY"};
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    while (fake_take(f, fd, &q)) {
        struct client_fault told = fault;
        told.id = q.id;
        memcpy(told.text, "node is draining", 17);
        const bool stale = slice_eq(q.fill.key, slice_text("stale"));
        if (q.op == OP_GET && slice_eq(q.fill.key, slice_text("package-123")))
            fake_hit(f, q.id, "in transit");
        else if (q.op == OP_GET)
            client_reply_get(&f->w, q.id, &miss);
        else if (q.op == OP_FILL && slice_eq(q.fill.token, slice_text("token")))
            client_reply_fill(&f->w, q.id, stale ? "invalidated" : NULL);
        else if (q.op == OP_TOUCH)
            client_reply_bool(&f->w, q.id, !stale);
        else if (q.op == OP_PUT || q.op == OP_INVALIDATE)
            client_reply_acks(&f->w, q.id, &acks);
        else if (q.op == OP_MEMBERS)
            client_reply_raw(&f->w, q.id, slice_of("\x81\xA1\x61\x01", 4));
        else if (q.op == OP_PING)
            client_reply_text(&f->w, q.id, slice_text("pong"));
        else
            client_reply_error(&f->w, &told);
        fake_send(f, fd);
    }
}

static struct scrubjay *begin(fake_script *script, unsigned connections, uint32_t timeout_ms)
{
    fake_start(&node, script, connections);
    return fake_client(&node, timeout_ms);
}

static void end(struct scrubjay *c)
{
    scrubjay_free(c);
    fake_join(&node);
}

Test(client, a_hit_has_its_value)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(obey, 1, LONG_MS);
    cr_assert_eq(scrubjay_get(c, "", KEY, &got), SCRUBJAY_OK, "%s", scrubjay_error(c));
    cr_expect(holds(got.value, "in transit") && got.token.len == 0);
    cr_expect(got.ttl_ms == UINT64_MAX);
    cr_expect_str_eq(scrubjay_error(c), "");
    end(c);
}

Test(client, the_token_of_a_miss_can_be_handed_straight_to_a_fill)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(obey, 1, LONG_MS);
    const struct scrubjay_bytes key = scrubjay_text("absent");
    const struct scrubjay_bytes tags[] = {scrubjay_text("a"), scrubjay_text("b")};
    const struct scrubjay_store store = {.ttl_ms = 5, .tags = tags, .tags_n = 2};
    cr_assert_eq(scrubjay_get(c, "", key, &got), SCRUBJAY_MISS);
    cr_expect_eq(scrubjay_fill(c, "", key, KEY, got.token, &store), SCRUBJAY_OK);
    end(c);
}

Test(client, a_refused_fill_says_why)
{
    struct scrubjay *c = begin(obey, 1, LONG_MS);
    const struct scrubjay_bytes token = scrubjay_text("token");
    cr_expect_eq(scrubjay_fill(c, "", scrubjay_text("stale"), KEY, token, NULL), SCRUBJAY_REFUSED);
    cr_expect_str_eq(scrubjay_error_name(c), "invalidated");
    cr_expect_str_eq(scrubjay_error(c),
                     "the value was not stored (invalidated): it may be older than what the "
                     "cluster has heard of; get the key again, and fill what you then read from "
                     "its source");
    end(c);
}

Test(client, an_error_of_the_node_keeps_its_name_and_text)
{
    struct scrubjay *c = begin(obey, 1, LONG_MS);
    struct scrubjay_bytes stats;
    cr_expect_eq(scrubjay_inspect(c, "stats", &stats), SCRUBJAY_ERROR);
    cr_expect_str_eq(scrubjay_error_name(c), "NOT_READY");
    cr_expect_str_eq(scrubjay_error(c), "the node answered NOT_READY: node is draining");
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_OK, "the connection goes on");
    cr_expect_str_eq(scrubjay_error_name(c), "");
    end(c);
}

Test(client, puts_and_invalidations_give_their_stamp_and_whole_result)
{
    struct scrubjay_stamp stamp;
    struct scrubjay *c = begin(obey, 1, LONG_MS);
    cr_expect_eq(scrubjay_put(c, "", KEY, KEY, NULL, &stamp), SCRUBJAY_OK);
    cr_expect_eq(stamp.len, CLIENT_STAMP_LEN);
    scrubjay_set_reason(c, "test");
    cr_expect_eq(scrubjay_invalidate(c, "", SCRUBJAY_KEY, &KEY, 1, NULL), SCRUBJAY_OK);
    cr_expect_gt(scrubjay_result(c).len, 24);
    cr_expect_eq(scrubjay_invalidate(c, "", SCRUBJAY_ALL, NULL, 0, &stamp), SCRUBJAY_OK);
    end(c);
}

Test(client, touch_and_inspect_answer)
{
    struct scrubjay_bytes members;
    struct scrubjay *c = begin(obey, 1, LONG_MS);
    cr_expect_eq(scrubjay_touch(c, "", KEY, 1000), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_touch(c, "", scrubjay_text("stale"), 1000), SCRUBJAY_MISS);
    cr_expect_eq(scrubjay_inspect(c, "members", &members), SCRUBJAY_OK);
    cr_expect_eq(members.len, 4);
    cr_expect_eq(scrubjay_inspect(c, "weather", &members), SCRUBJAY_INVALID);
    end(c);
}

/* ---- arguments that break a limit ---- */

Test(client, a_key_too_long_is_told_without_a_connection)
{
    struct scrubjay_value got;
    static char key[1200];
    const struct scrubjay_options options = {.address = "nowhere.invalid:1"};
    struct scrubjay *c = scrubjay_new(&options);
    const struct scrubjay_bytes bytes = {key, sizeof key};
    cr_expect_eq(scrubjay_get(c, "", bytes, &got), SCRUBJAY_INVALID);
    cr_expect_str_eq(scrubjay_error_name(c), "KEY_TOO_LONG");
    cr_expect_str_eq(scrubjay_error(c),
                     "key has 1,200 bytes; the limit is 1,024. Nothing was sent.");
    scrubjay_free(c);
}

Test(client, too_many_tags_targets_and_bytes_are_refused)
{
    static struct scrubjay_bytes many[CLIENT_TARGETS_MAX + 1];
    static char value[1025];
    const struct scrubjay_options options = {.address = "nowhere.invalid:1", .value_max = 1024};
    const struct scrubjay_store store = {.tags = many, .tags_n = 17};
    const struct scrubjay_bytes big = {value, sizeof value};
    struct scrubjay *c = scrubjay_new(&options);
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = KEY;
    cr_expect_eq(scrubjay_put(c, "", KEY, KEY, &store, NULL), SCRUBJAY_INVALID);
    cr_expect_str_eq(scrubjay_error_name(c), "TOO_MANY_TAGS");
    cr_expect_eq(scrubjay_invalidate(c, "", SCRUBJAY_KEY, many, ARRAY_LEN(many), NULL),
                 SCRUBJAY_INVALID);
    cr_expect_eq(scrubjay_put(c, "", KEY, big, NULL, NULL), SCRUBJAY_INVALID);
    cr_expect_str_eq(scrubjay_error_name(c), "VALUE_TOO_LONG");
    cr_expect_eq(scrubjay_fill(c, "", KEY, KEY, (struct scrubjay_bytes){0}, NULL),
                 SCRUBJAY_INVALID);
    cr_expect_str_eq(scrubjay_error_name(c), "NO_TOKEN");
    scrubjay_free(c);
}

Test(client, a_bad_address_is_told_at_the_first_call)
{
    const struct scrubjay_options options = {.address = "cache:port"};
    struct scrubjay *c = scrubjay_new(&options);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_INVALID);
    cr_expect_str_eq(scrubjay_error(c),
                     "\"cache:port\" is no address: write HOST:PORT, HOST or [V6]:PORT");
    scrubjay_free(c);
}

/* ---- a node that is not there, or not a node ---- */

/** A port of which nobody listens: bound and closed again. */
static void free_port(char *address, size_t cap)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    snprintf(address, cap, "127.0.0.1:%d", ntohs(at.sin_port));
}

Test(client, nobody_there_is_told_with_what_to_do)
{
    char address[32];
    free_port(address, sizeof address);
    const struct scrubjay_options options = {.address = address};
    struct scrubjay *c = scrubjay_new(&options);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_CONNECT);
    cr_expect_not_null(strstr(scrubjay_error(c), "nothing listens there. Start scrubjayd"));
    c->retry_ms = UINT64_MAX; /* as if the pause had only begun */
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_CONNECT);
    cr_expect_not_null(strstr(scrubjay_error(c), "the next attempt is due in"));
    cr_expect_eq(scrubjay_connect(c), SCRUBJAY_CONNECT);
    cr_expect_not_null(strstr(scrubjay_error(c), "nothing listens there"));
    scrubjay_free(c);
}

Test(client, pauses_between_attempts_grow_to_a_limit)
{
    char address[32];
    free_port(address, sizeof address);
    const struct scrubjay_options options = {.address = address};
    struct scrubjay *c = scrubjay_new(&options);
    uint32_t before = 0;
    for (int i = 0; i < 12; i++) {
        cr_expect_eq(scrubjay_connect(c), SCRUBJAY_CONNECT);
        cr_expect(c->backoff_ms > before || c->backoff_ms == 2000);
        before = c->backoff_ms;
    }
    cr_expect_eq(before, 2000);
    scrubjay_free(c);
}

static void speak_redis(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    (void)fake_take(f, fd, &q);
    fake_bytes(fd, "-ERR unknown command\r\n", 22);
}

static void speak_nonsense(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    (void)fake_take(f, fd, &q);
    fake_bytes(fd, "\0\0\0\3\x93\1\xC1", 7);
}

Test(client, another_protocol_is_told)
{
    struct scrubjay *c = begin(speak_redis, 1, LONG_MS);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_PROTOCOL);
    cr_expect_not_null(strstr(scrubjay_error(c), "does not speak scrubjay's protocol"));
    end(c);
}

Test(client, garbage_after_the_hello_is_told_and_ends_the_connection)
{
    struct scrubjay *c = begin(speak_nonsense, 1, LONG_MS);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_PROTOCOL);
    cr_expect_lt(c->fd, 0);
    end(c);
}

static void answer_wrongly(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    (void)fake_take(f, fd, &q);
    client_reply_text(&f->w, q.id, slice_text("not what a get answers"));
    fake_send(f, fd);
}

Test(client, a_result_of_the_wrong_shape_is_no_crash)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(answer_wrongly, 1, LONG_MS);
    cr_expect_eq(scrubjay_get(c, "", KEY, &got), SCRUBJAY_PROTOCOL);
    end(c);
}

static void refuse_frame(struct fake *f, int fd, unsigned nth)
{
    struct client_fault fault = {.close = true, .name = "FRAME_TOO_LONG", .text = "too much"};
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    (void)fake_take(f, fd, &q);
    client_reply_error(&f->w, &fault);
    fake_send(f, fd);
}

Test(client, an_error_without_an_id_is_told_and_ends_the_connection)
{
    struct scrubjay *c = begin(refuse_frame, 1, LONG_MS);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_ERROR);
    cr_expect_str_eq(scrubjay_error_name(c), "FRAME_TOO_LONG");
    cr_expect_lt(c->fd, 0);
    end(c);
}

/* ---- connections that break, and slowness ---- */

/** Half an answer, then the end; a later connection is served well. */
static void break_once(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    fake_greet(f, fd);
    if (!fake_take(f, fd, &q))
        return;
    fake_hit(f, q.id, "whole");
    if (nth == 0)
        f->w.len -= 3;
    fake_send(f, fd);
    if (nth > 0)
        (void)fake_take(f, fd, &q);
}

Test(client, a_get_cut_off_on_a_new_connection_is_told)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(break_once, 2, LONG_MS);
    cr_expect_eq(scrubjay_get(c, "", KEY, &got), SCRUBJAY_CONNECT);
    cr_expect_not_null(strstr(scrubjay_error(c), "broke: the node closed it"));
    cr_expect_eq(scrubjay_get(c, "", KEY, &got), SCRUBJAY_OK, "the next call connects again");
    cr_expect(holds(got.value, "whole"));
    end(c);
}

Test(client, a_get_on_a_connection_that_went_stale_is_sent_again)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(break_once, 2, LONG_MS);
    cr_assert_eq(scrubjay_connect(c), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_get(c, "", KEY, &got), SCRUBJAY_OK, "%s", scrubjay_error(c));
    cr_expect(holds(got.value, "whole"));
    end(c);
}

Test(client, a_write_cut_off_is_unknown_and_not_sent_again)
{
    struct scrubjay *c = begin(break_once, 1, LONG_MS);
    cr_assert_eq(scrubjay_connect(c), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_invalidate(c, "", SCRUBJAY_KEY, &KEY, 1, NULL), SCRUBJAY_UNKNOWN);
    cr_expect_not_null(strstr(scrubjay_error(c), "the invalidate may or may not"));
    end(c);
}

/** Leaves as soon as it has greeted; a later connection is served well. */
static void leave_once(struct fake *f, int fd, unsigned nth)
{
    if (nth == 0)
        fake_greet(f, fd);
    else
        obey(f, fd, nth);
}

Test(client, a_write_to_a_node_that_has_left_goes_to_the_next_connection)
{
    struct scrubjay *c = begin(leave_once, 2, LONG_MS);
    cr_assert_eq(scrubjay_connect(c), SCRUBJAY_OK);
    struct pollfd gone = {.fd = c->fd, .events = POLLIN};
    cr_assert_eq(poll(&gone, 1, LONG_MS), 1);
    cr_expect_eq(scrubjay_invalidate(c, "", SCRUBJAY_KEY, &KEY, 1, NULL), SCRUBJAY_OK, "%s",
                 scrubjay_error(c));
    end(c);
}

static void dribble(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    while (fake_take(f, fd, &q)) {
        fake_hit(f, q.id, "drop by drop");
        for (size_t i = 0; i < f->w.len; i++)
            fake_bytes(fd, f->reply + i, 1);
    }
}

Test(client, an_answer_may_come_byte_by_byte)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(dribble, 1, LONG_MS);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(scrubjay_get(c, "", KEY, &got), SCRUBJAY_OK);
        cr_expect(holds(got.value, "drop by drop"));
    }
    end(c);
}

/** Answers a get only when the next one came: always one too late. */
static void lag(struct fake *f, int fd, unsigned nth)
{
    struct client_request first, second;
    (void)nth;
    fake_greet(f, fd);
    if (!fake_take(f, fd, &first) || !fake_take(f, fd, &second))
        return;
    fake_hit(f, first.id, "of the first");
    fake_hit(f, second.id, "of the second");
    fake_send(f, fd);
    (void)fake_take(f, fd, &first);
}

Test(client, a_late_answer_is_not_taken_for_the_next_one)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin(lag, 1, SHORT_MS);
    cr_assert_eq(scrubjay_connect(c), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_get(c, "", KEY, &got), SCRUBJAY_TIMEOUT);
    cr_expect_not_null(strstr(scrubjay_error(c), "did not answer within 50 ms"));
    c->timeout_ms = LONG_MS;
    cr_assert_eq(scrubjay_get(c, "", KEY, &got), SCRUBJAY_OK);
    cr_expect(holds(got.value, "of the second"));
    end(c);
}

static void stay_silent(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    while (fake_take(f, fd, &q))
        continue;
}

Test(client, a_node_that_never_answers_the_hello_is_a_timeout)
{
    struct scrubjay *c = begin(stay_silent, 1, SHORT_MS);
    cr_expect_eq(scrubjay_ping(c), SCRUBJAY_TIMEOUT);
    end(c);
}
