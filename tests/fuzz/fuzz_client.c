/**
 * tests/fuzz/fuzz_client.c - the client protocol, as a node and as a client read it.
 *
 * The input is a run of frames. A stranger's frames are held to their limits, and no run of them is ever a
 * login: nobody can guess a proof. A request that decodes must survive encoding and decoding again; a
 * refusal must name itself and leave the output alone; what is read as a plain request means the same to
 * the general decoder; results are read by every reader there is. As records the input opens nothing, and as text of
 * records it comes out as it was.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seal/login.h"
#include "wire/client.h"
#include "wire/client_answer.h"
#include "wire/client_plain.h"
#include "wire/client_stranger.h"

#define VALUE_MAX (1U << 16)
#define ENCODED   (1U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/** A decoder whose memory lives as long as the process. */
static struct client_codec *make_codec(void)
{
    static uint8_t memory[1 << 17];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    struct client_codec *c = client_codec_new(&arena, VALUE_MAX);
    assert(c != NULL);
    return c;
}

static struct slice encode(const struct client_request *request, uint8_t *room)
{
    struct writer w = writer_of(room, ENCODED);
    client_request_encode(&w, request);
    assert(w.err == OK);
    return writer_slice(&w);
}

/** Names of options are forgotten in encoding, meanings are not: the second round must be exact. */
static void check_round_trip(struct client_codec *c, const struct client_request *request)
{
    static uint8_t first[ENCODED], second[ENCODED];
    struct client_request again;
    struct client_fault fault;
    struct slice frame;
    size_t need;
    const struct slice once = encode(request, first);
    assert(client_frame(c, once, &frame, &need, &fault) == OK && need == once.len);
    assert(client_request_decode(c, frame, &again, &fault) == OK);
    assert(again.id == request->id && again.op == request->op);
    assert(slice_eq(encode(&again, second), once));
}

static void check_refusal(const struct client_fault *fault)
{
    assert(fault->name != NULL);
    assert(fault->text[0] != '\0' && memchr(fault->text, '\0', sizeof fault->text) != NULL);
    assert(fault->close == !fault->has_id);
    uint8_t room[CLIENT_ERROR_MAX];
    struct writer w = writer_of(room, sizeof room);
    client_reply_error(&w, fault);
    assert(w.err == OK);
}

/** request is NULL when the general decoder refused the frame. */
static void check_plain(struct client_codec *c, struct slice frame,
                        const struct client_request *request)
{
    static uint8_t one[ENCODED], other[ENCODED];
    struct client_plain plain;
    if (!client_plain_read(c, frame, &plain))
        return;
    const struct client_request as_whole = {
        .id = plain.id,
        .op = plain.op,
        .ns = plain.ns,
        .fill = {
            .key = plain.key, .value = plain.value, .token = plain.token, .ttl_ms = plain.ttl_ms}};
    assert(request != NULL);
    assert(slice_eq(encode(&as_whole, one), encode(request, other)));
}

/** The same of an mget or mfill. Comes last: the lists of request lie in the memory that is used here. */
static void check_many(struct client_codec *c, struct slice frame,
                       const struct client_request *request)
{
    static uint8_t one[ENCODED], other[ENCODED];
    struct client_request many;
    const struct slice whole = request != NULL ? encode(request, other) : slice_of(NULL, 0);
    if (!client_plain_many(c, frame, &many))
        return;
    assert(request != NULL);
    assert(slice_eq(encode(&many, one), whole));
}

static void read_as_node(struct client_codec *c, struct slice frame)
{
    struct client_request request;
    struct client_fault fault;
    const bool good = client_request_decode(c, frame, &request, &fault) == OK;
    check_plain(c, frame, good ? &request : NULL);
    if (good)
        check_round_trip(c, &request);
    else
        check_refusal(&fault);
    check_many(c, frame, good ? &request : NULL);
}

static void check_acked(const struct client_acked *acked, size_t len)
{
    assert(acked->applied_n + acked->missing_n <= CLIENT_ACKED_MAX);
    assert(acked->tokens_n <= CLIENT_TARGETS_MAX && acked->stamp.len <= CLIENT_TOKEN_MAX);
    for (size_t i = 0; i < acked->applied_n + acked->missing_n; i++)
        assert(acked->applied[i].len < len); /* missing ones lie behind applied ones */
    for (size_t i = 0; i < acked->tokens_n; i++)
        assert(acked->tokens[i].len <= CLIENT_TOKEN_MAX);
}

/** What an invalidation is answered with, or pushed as. */
static void read_invalidated(struct client_codec *c, const struct client_reply *reply)
{
    struct client_event event;
    struct client_acked acked;
    struct client_dry_run dry;
    if (client_acked_decode(c, reply->result, &acked) == OK)
        check_acked(&acked, reply->result.len);
    if (client_dry_run_decode(c, reply->result, &dry) == OK)
        assert(reply->result.len > 2);
    if (client_event_decode(c, reply->result, &event) == OK)
        assert(event.target.len <= CLIENT_KEY_MAX && event.scope != SCOPE_TAGS_ALL);
}

static void read_as_client(struct client_codec *c, struct slice frame)
{
    struct client_reply reply;
    struct client_got got;
    struct client_stored stored;
    bool truth;
    if (client_reply_decode(c, frame, &reply) != OK)
        return;
    assert(reply.result.len > 0);
    read_invalidated(c, &reply);
    if (client_got_decode(c, reply.result, &got) == OK)
        assert(got.status == STATUS_MISS || got.token.len <= CLIENT_TOKEN_MAX);
    if (client_stored_decode(c, reply.result, &stored) == OK)
        assert(stored.reason.len <= reply.result.len);
    if (client_bool_decode(c, reply.result, &truth) == OK)
        assert(reply.result.len == 1);
}

/** One client, and somebody whom unknown ids are taken for. */
static const struct login_node *make_node(void)
{
    static struct clients clients;
    static const struct clients_one nobody = {.key = {0xEE}};
    static const struct login_node node = {
        .cluster = {(const uint8_t *)"fuzz", 4}, .clients = &clients, .nobody = &nobody};
    clients.n = 1;
    clients.all[0] = (struct clients_one){.id = "app", .rights = RIGHTS_ALL, .key = {7}, .tag = 1};
    return &node;
}

static void check_challenge(struct client_codec *c, const struct login *l,
                            const struct login_answer *answer)
{
    static uint8_t room[CLIENT_STRANGER_OUT_MAX];
    struct writer w = writer_of(room, sizeof room);
    struct client_reply reply;
    struct client_challenge told;
    const struct client_challenge challenge = {
        .cluster = slice_text("fuzz"),
        .nonce = slice_of(l->node_nonce, LOGIN_NONCE_LEN),
        .proof = slice_of(answer->proof, LOGIN_PROOF_LEN),
        .share = l->sealed ? slice_of(l->own.share, CLIENT_SHARE_LEN) : (struct slice){0}};
    client_reply_challenge(&w, UINT32_MAX, &challenge);
    assert(w.err == OK && l->challenged);
    const enum err err = client_reply_decode(c, slice_of(room + 4, w.len - 4), &reply);
    assert(err == OK && client_challenge_decode(c, reply.result, &told) == OK);
    assert(slice_eq(told.proof, challenge.proof) && slice_eq(told.share, challenge.share));
}

/** One frame of a stranger. Returns: does it stay? */
static bool hear(struct client_codec *c, const struct login_node *node, struct login *l,
                 struct slice frame)
{
    static const struct login_fresh fresh = {.nonce = {1}, .pair = {.secret = {2}, .share = {3}}};
    struct client_request request;
    struct client_fault fault;
    const uint8_t failures = l->failures;
    if (client_stranger_check(frame, &fault) != OK) {
        check_refusal(&fault);
        return false;
    }
    if (client_request_decode(c, frame, &request, &fault) != OK || request.op != OP_HELLO)
        return login_fail(l) != LOGIN_OVER;
    const struct login_word word = {.auth = request.auth, .share = request.share};
    const struct login_answer answer = login_hear(l, node, &word, &fresh);
    assert(answer.step != LOGIN_GRANTED);
    if (answer.step == LOGIN_CHALLENGE)
        check_challenge(c, l, &answer);
    else
        assert(l->failures == failures + 1);
    assert((answer.step == LOGIN_OVER) == (l->failures >= LOGIN_TRIES));
    return answer.step != LOGIN_OVER;
}

/** The whole input, as what a connection says that has not logged in. */
static void read_as_stranger(struct client_codec *c, struct slice rest)
{
    const struct login_node *node = make_node();
    struct login l = {.failures = 0};
    struct client_fault fault;
    struct slice frame;
    size_t need;
    enum err err = OK;
    bool stays = true;
    while (stays && err == OK) {
        err = client_stranger_frame(rest, &frame, &need, &fault);
        if (err == ERR_LIMIT)
            check_refusal(&fault);
        if (err != OK)
            break;
        assert(frame.len <= CLIENT_STRANGER_FRAME_MAX);
        stays = hear(c, node, &l, frame);
        rest = slice_of(rest.at + need, rest.len - need);
    }
}

/* ---- records of a sealed connection ---- */

#define RECORDS_TEXT (1U << 14)

/** Nobody without the key makes a record. */
static void check_forged(struct slice bytes)
{
    static uint8_t room[RECORDS_TEXT];
    struct tunnel_key key = {.bytes = {7}};
    struct tunnel_opened opened;
    memcpy(room, bytes.at, bytes.len);
    const enum err err = tunnel_open(&key, room, bytes.len, &opened);
    assert(key.number == 0 && (err != OK || opened.used == 0));
}

/** What is sealed comes out again, wherever what was sent was cut. */
static void check_records(struct slice text)
{
    static uint8_t room[2 * RECORDS_TEXT];
    struct tunnel_key seals = {.bytes = {7}}, opens = seals;
    struct tunnel_opened first, second;
    const size_t part = 64 + 64 * (size_t)text.at[0]; /* of a record */
    size_t len = 0;
    for (size_t at = 0; at < text.len; at += part) {
        const size_t n = text.len - at < part ? text.len - at : part;
        len += tunnel_seal(&seals, slice_of(text.at + at, n), room + len);
    }
    const size_t cut = len * text.at[text.len - 1] / UINT8_MAX;
    assert(tunnel_open(&opens, room, cut, &first) == OK && first.used <= cut);
    uint8_t *rest = room + first.used;
    assert(tunnel_open(&opens, rest, len - first.used, &second) == OK);
    assert(first.used + second.used == len && first.text_len + second.text_len == text.len);
    assert(memcmp(room, text.at, first.text_len) == 0);
    assert(memcmp(rest, text.at + first.text_len, second.text_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    static struct client_codec *c;
    struct slice rest = slice_of(at, len);
    struct client_fault fault;
    struct slice frame;
    size_t need;
    if (c == NULL)
        c = make_codec();
    read_as_stranger(c, rest);
    if (len > 0 && len <= RECORDS_TEXT) {
        check_forged(rest);
        check_records(rest);
    }
    while (client_frame(c, rest, &frame, &need, &fault) == OK) {
        assert(need == frame.len + 4 && need <= rest.len);
        read_as_node(c, frame);
        read_as_client(c, frame);
        rest = slice_of(rest.at + need, rest.len - need);
    }
    return 0;
}
