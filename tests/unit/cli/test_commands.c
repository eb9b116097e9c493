/** Whole commands against a node that does as it is told: output, messages and exit status. */

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "cli/jay.h"
#include "wire/client.h"

/* ---- a node of one connection ---- */

static int listener;
static struct client_codec *codec;
static pthread_t thread;

static const struct slice NAMES[] = {
    {(const uint8_t *)"n1", 2}, {(const uint8_t *)"n2", 2}, {(const uint8_t *)"n3", 2}};

#define STAMP "737373737373737373737373737373737373737373737373"

static const char TRACE[] =
    "\x86\xA5stamp\xA2"
    "73"
    "\xA6origin\xA2n1\xA3seq\x07\xA5"
    "count\x01\xA6issuer\xA2n1"
    "\xA5nodes\x92"
    "\x87\xA4name\xA2n1\xA5state\xA7"
    "applied\xA7late_ms\xCB\x3F\xD0\0\0\0\0\0\0"
    "\xADlate_error_ms\xCB\x3F\xB0\0\0\0\0\0\0\xA7wait_ms\xCB\x3F\xC0\0\0\0\0\0\0\xA6"
    "age_ms"
    "\x05\xA8"
    "acked_ms\xCB\x3F\xE0\0\0\0\0\0\0"
    "\x87\xA4name\xA2n2\xA5state\xA6silent\xA7late_ms\xC0"
    "\xADlate_error_ms\xC0\xA7wait_ms\xC0\xA6"
    "age_ms\xC0\xA8"
    "acked_ms\xC0";

static const char MATRIX[] = "\x84\xA4node\xA2n1\xA7took_ms\xCB\x3F\xD0\0\0\0\0\0\0"
                             "\xA7origins\x92"
                             "\x83\xA5"
                             "epoch\xA2"
                             "0a\xA6member\xA2n1\xA6newest\x09"
                             "\x83\xA5"
                             "epoch\xA2"
                             "0b\xA6member\xC0\xA6newest\x03"
                             "\xA7members\x92"
                             "\x87\xA4name\xA2n1\xA5"
                             "epoch\xA2"
                             "0a\xA8"
                             "answered\xC3\xA8"
                             "after_ms\xCB\x3F\xD0\0\0\0\0\0\0"
                             "\xA4left\0\xA6"
                             "behind\x92\0\x02\xA7unheard\x92\0\0"
                             "\x87\xA4name\xA2n2\xA5"
                             "epoch\xA2"
                             "0c\xA8"
                             "answered\xC2\xA8"
                             "after_ms\xC0\xA4left\xC0\xA6"
                             "behind\x92\xC0\xC0\xA7unheard\x92\xC0\xC0";

static struct client_got got_for(const struct client_request *q)
{
    const struct client_got miss = {.status = STATUS_MISS, .token = slice_text("tok")};
    const struct client_got hit = {.status = STATUS_HIT,
                                   .value = slice_text("v"),
                                   .age_ms = 1,
                                   .ttl_ms = UINT64_MAX,
                                   .has_version = true,
                                   .version = 7};
    const struct client_got stale = {.status = STATUS_STALE,
                                     .value = slice_text("old"),
                                     .token = slice_text("t"),
                                     .ttl_ms = UINT64_MAX};
    const struct client_got wait = {.status = STATUS_WAIT};
    const struct client_got unproven = {
        .status = STATUS_UNPROVEN, .has_proof = true, .proof_ms = 9};
    const struct client_got all[] = {hit, miss, stale, wait, unproven};
    return all[q->fill.key.at[0] - '0']; /* the key names the status */
}

static struct client_request seen_put; /* its slices' lengths alone: the frame is gone */

static void answer(const struct client_request *q, struct writer *w)
{
    seen_put = q->op == OP_PUT ? *q : seen_put;
    const bool reached = q->ack.level != ACK_QUORUM;
    const struct slice token = slice_text("tok");
    const struct client_acks acks = {.stamp = slice_text("ssssssssssssssssssssssss"),
                                     .level = {reached ? ACK_LOCAL : ACK_QUORUM, 0},
                                     .reached = reached,
                                     .applied = NAMES,
                                     .applied_n = 1,
                                     .missing = NAMES + 1,
                                     .missing_n = reached ? 0 : 2};
    const struct client_hello hello = {.version = "0", .node = NAMES[0]};
    const struct client_got got = q->op == OP_GET ? got_for(q) : (struct client_got){0};
    if (q->op == OP_HELLO)
        client_reply_hello(w, q->id, &hello);
    else if (q->op == OP_GET)
        client_reply_get(w, q->id, &got);
    else if (q->dry_run)
        client_reply_dry_run(w, q->id, 3, 1234);
    else if (q->op == OP_TRACE)
        client_reply_raw(w, q->id, slice_of(TRACE, sizeof TRACE - 1));
    else if (q->op == OP_MATRIX)
        client_reply_raw(w, q->id, slice_of(MATRIX, sizeof MATRIX - 1));
    else if (q->op == OP_BEGIN)
        client_reply_begin(w, q->id, &acks, &token, 1);
    else if (q->op == OP_FILL)
        client_reply_fill(w, q->id, NULL);
    else
        client_reply_acks(w, q->id, &acks);
}

/** Answer what has come; *len bytes wait in `in`. */
static void answer_all(int fd, uint8_t *in, size_t *len)
{
    static uint8_t out[4096];
    struct client_request q;
    struct client_fault fault;
    struct slice frame;
    size_t need;
    while (client_frame(codec, slice_of(in, *len), &frame, &need, &fault) == OK) {
        struct writer w = writer_of(out, sizeof out);
        cr_assert_eq(client_request_decode(codec, frame, &q, &fault), OK, "%s", fault.text);
        answer(&q, &w);
        cr_assert_eq(send(fd, out, w.len, MSG_NOSIGNAL), (ssize_t)w.len);
        *len -= need;
        memmove(in, in + need, *len);
    }
}

static void *serve(void *unused)
{
    static uint8_t in[65536];
    size_t len = 0;
    ssize_t n;
    const int fd = accept(listener, NULL, NULL);
    (void)unused;
    while ((n = recv(fd, in + len, sizeof in - len, 0)) > 0) {
        len += (size_t)n;
        answer_all(fd, in, &len);
    }
    close(fd);
    return NULL;
}

static void start(char *address, size_t cap)
{
    static uint8_t memory[1 << 17];
    struct arena arena;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    arena_init(&arena, memory, sizeof memory);
    codec = client_codec_new(&arena, 4096);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_not_null(codec);
    cr_assert_eq(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    snprintf(address, cap, "127.0.0.1:%d", ntohs(at.sin_port));
    cr_assert_eq(pthread_create(&thread, NULL, serve, NULL), 0);
}

/** Run one command line, whose last word is NULL. Returns: its exit status. */
static enum jay_exit run(bool json, const char *const *words)
{
    static struct jay_args args;
    char address[32];
    char *argv[16] = {0};
    int argc = 0;
    for (; words[argc] != NULL; argc++)
        argv[argc] = (char *)words[argc];
    start(address, sizeof address);
    const struct scrubjay_options options = {.address = address, .timeout_ms = 20000};
    struct jay j = {.server = "here", .ns = "", .json = json, .client = scrubjay_new(&options)};
    const struct jay_command *command = jay_find_command(argv[0]);
    cr_assert_not_null(command);
    enum jay_exit status = jay_parse_command(&j, command, argc, argv, &args);
    if (status == JAY_OK)
        status = command->run(&j, &args);
    (void)scrubjay_connect(j.client); /* so that the node has somebody to accept */
    scrubjay_free(j.client);
    pthread_join(thread, NULL);
    client_codec_free(codec);
    close(listener);
    fflush(stdout);
    fflush(stderr);
    return status;
}

#define RUN(...)  run(false, (const char *const[]){__VA_ARGS__, NULL})
#define JSON(...) run(true, (const char *const[]){__VA_ARGS__, NULL})

static void redirect(void)
{
    cr_redirect_stdout();
    cr_redirect_stderr();
}

/* ---- get ---- */

Test(commands, a_stale_value_is_printed_and_called_so, .init = redirect)
{
    cr_expect_eq(RUN("get", "2", "--stale"), JAY_OK);
    cr_expect_stdout_eq_str("old");
    cr_expect_stderr_eq_str(
        "jay: this value is out of date; -o json tells the token for a newer one\n");
}

Test(commands, somebody_elses_loading_is_a_negative_answer, .init = redirect)
{
    cr_expect_eq(RUN("get", "3"), JAY_NEGATIVE);
    cr_expect_stderr_eq_str(
        "jay: \"3\" is being loaded by somebody else; ask again, or use the source\n");
}

Test(commands, lack_of_proof_is_a_negative_answer, .init = redirect)
{
    cr_expect_eq(RUN("get", "4", "--within", "1s"), JAY_NEGATIVE);
    cr_expect_stderr_eq_str(
        "jay: here cannot show that its copy of \"4\" is new enough; use the source\n");
}

Test(commands, a_hit_in_json_has_all_its_members, .init = redirect)
{
    cr_expect_eq(JSON("get", "0"), JAY_OK);
    cr_expect_stdout_eq_str("{\n  \"status\": \"hit\",\n  \"key\": \"0\",\n  \"value\": \"v\",\n  "
                            "\"age_ms\": 1,\n  \"ttl_ms\": null,\n  \"version\": 7,\n  "
                            "\"proof_ms\": null\n}\n");
}

Test(commands, an_unproven_get_in_json_is_negative_too, .init = redirect)
{
    cr_expect_eq(JSON("get", "4"), JAY_NEGATIVE);
    cr_expect_stdout_eq_str(
        "{\n  \"status\": \"unproven\",\n  \"key\": \"4\",\n  \"proof_ms\": 9\n}\n");
}

Test(commands, a_fill_of_what_somebody_else_loads_is_left_alone, .init = redirect)
{
    cr_expect_eq(RUN("fill", "3", "value"), JAY_NEGATIVE);
    cr_expect_stdout_eq_str("");
}

Test(commands, a_fill_of_what_is_stale_uses_its_token, .init = redirect)
{
    cr_expect_eq(RUN("fill", "2", "value"), JAY_OK);
    cr_expect_stdout_eq_str("stored\n");
}

/* ---- invalidate ---- */

Test(commands, acknowledgements_are_listed_by_name, .init = redirect)
{
    cr_expect_eq(RUN("invalidate", "k"), JAY_OK);
    cr_expect_stdout_eq_str(STAMP "\napplied: n1\n");
    cr_expect_stderr_eq_str("");
}

Test(commands, a_level_that_is_not_reached_is_a_negative_answer, .init = redirect)
{
    cr_expect_eq(RUN("invalidate", "k", "--ack", "quorum"), JAY_NEGATIVE);
    cr_expect_stdout_eq_str(STAMP "\napplied: n1\nmissing: n2, n3\n");
    cr_expect_stderr_eq_str(
        "jay: acknowledgement level quorum was not reached in time: 1 applied it, 2 "
        "are missing. It stays in force and goes on spreading.\n");
}

Test(commands, acknowledgements_in_json_are_the_protocols, .init = redirect)
{
    cr_expect_eq(JSON("put", "k", "v", "--ack", "quorum"), JAY_NEGATIVE);
    cr_expect_stdout_eq_str("{\n  \"stamp\": \"" STAMP "\",\n  \"acks\": {\n    \"level\": "
                            "\"quorum\",\n    \"reached\": false,\n    \"applied\": [\n      "
                            "\"n1\"\n    ],\n    \"missing\": [\n      \"n2\",\n      "
                            "\"n3\"\n    ]\n  }\n}\n");
}

Test(commands, a_dry_run_only_counts, .init = redirect)
{
    cr_expect_eq(RUN("invalidate", "--prefix", "p", "--dry-run"), JAY_OK);
    cr_expect_stdout_eq_str("3 entries, 1234 bytes at here; nothing was dropped\n");
}

Test(commands, a_dry_run_in_json_has_no_stamp, .init = redirect)
{
    cr_expect_eq(JSON("invalidate", "k", "--dry-run"), JAY_OK);
    cr_expect_stdout_eq_str("{\n  \"stamp\": null,\n  \"matches\": 3,\n  \"bytes\": 1234\n}\n");
}

Test(commands, one_kind_of_target_at_a_time, .init = redirect)
{
    cr_expect_eq(RUN("invalidate", "k", "--tags-all", "a,b"), JAY_USAGE);
    cr_expect_stderr_eq_str("jay: more than one kind of target; give keys, --tag, --tags-all, "
                            "--prefix, --namespace or --all\n");
}

Test(commands, what_the_protocol_refuses_is_a_usage_error, .init = redirect)
{
    cr_expect_eq(RUN("invalidate", "--prefix", "p", "--soft"), JAY_USAGE);
    cr_expect_stderr_eq_str("jay: soft goes with scope \"key\", \"tag\", \"namespace\" or \"all\", "
                            "not with \"prefix\". Nothing was sent.\n");
}

/* ---- intents, traces ---- */

Test(commands, a_begin_prints_its_txn_and_tokens, .init = redirect)
{
    cr_expect_eq(RUN("begin", "k", "--hold", "5s"), JAY_OK);
    cr_expect_stdout_eq_str(STAMP "\napplied: n1\ntoken: 746f6b  k\n");
}

Test(commands, a_begin_in_json_names_the_key_of_each_token, .init = redirect)
{
    cr_expect_eq(JSON("begin", "k"), JAY_OK);
    cr_expect_stdout_eq_str(
        "{\n  \"txn\": \"" STAMP "\",\n  \"acks\": {\n    \"level\": \"local\",\n    "
        "\"reached\": true,\n    \"applied\": [\n      \"n1\"\n    ],\n    \"missing\": []\n  "
        "},\n  \"tokens\": [\n    {\n      \"key\": \"k\",\n      \"token\": \"746f6b\"\n    "
        "}\n  ]\n}\n");
}

Test(commands, a_put_may_end_what_was_begun, .init = redirect)
{
    cr_expect_eq(RUN("put", "k", "v", "--txn", STAMP, "--token", "746f6b"), JAY_OK);
    cr_expect_stdout_eq_str(STAMP "\napplied: n1\n");
    cr_expect(seen_put.stamp.len == CLIENT_STAMP_LEN && seen_put.fill.token.len == 3);
}

Test(commands, a_put_of_no_txn_is_a_usage_error, .init = redirect)
{
    cr_expect_eq(RUN("put", "k", "v", "--txn", "xyz"), JAY_USAGE);
    cr_expect_stderr_eq_str(
        "jay: \"xyz\" is no txn: give the 48 hex digits that \"jay begin\" printed\n");
}

Test(commands, a_commit_prints_its_stamp, .init = redirect)
{
    cr_expect_eq(RUN("commit", STAMP), JAY_OK);
    cr_expect_stdout_eq_str(STAMP "\napplied: n1\n");
}

Test(commands, what_is_no_txn_is_a_usage_error, .init = redirect)
{
    cr_expect_eq(RUN("abort", "xyz"), JAY_USAGE);
    cr_expect_stderr_eq_str(
        "jay: \"xyz\" is no txn: give the 48 hex digits that \"jay begin\" printed\n");
}

Test(commands, a_trace_is_a_table_of_nodes, .init = redirect)
{
    cr_expect_eq(RUN("trace", STAMP), JAY_NEGATIVE, "a silent node may not have it");
    cr_expect_stdout_eq_str("stamp   73\norigin  n1\nseq     7\ncount   1\nissuer  n1\n\n"
                            "NODE  STATE    LATE     +/-      WAIT     ACKED    AGE\n"
                            "n1    applied  0.250ms  0.062ms  0.125ms  0.500ms  5ms\n"
                            "n2    silent   -        -        -        -        -\n");
    cr_expect_stderr_eq_str("jay: not every node is known to have applied it\n");
}

Test(commands, a_matrix_is_a_table_of_members_and_origins, .init = redirect)
{
    cr_expect_eq(RUN("matrix"), JAY_NEGATIVE, "a silent member may lack something");
    cr_expect_stdout_eq_str("MEMBER  AFTER   LACKS  n1  0b\n"
                            "n1      0.25ms  2      0   2\n"
                            "n2      -       -      -   -\n");
    cr_expect_stderr_eq_str("jay: not every member has said that it has everything\n");
}

Test(commands, a_matrix_is_printed_as_it_came, .init = redirect)
{
    cr_expect_eq(JSON("matrix"), JAY_NEGATIVE);
    cr_expect_stderr_eq_str("jay: not every member has said that it has everything\n");
}
