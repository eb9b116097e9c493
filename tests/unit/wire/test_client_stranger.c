/** Logging in as bytes, and how little a client may send before. */

#include <criterion/criterion.h>
#include <string.h>

#include "wire/client_answer.h"
#include "wire/client_stranger.h"

#include "client_kit.h"

static uint8_t bytes[512];

static struct slice nonce(uint8_t from)
{
    static uint8_t all[2][CLIENT_NONCE_LEN];
    uint8_t *at = all[from == 0x40];
    for (uint8_t i = 0; i < CLIENT_NONCE_LEN; i++)
        at[i] = (uint8_t)(from + i);
    return slice_of(at, CLIENT_NONCE_LEN);
}

static struct client_request decode(const char *file, const char *field)
{
    struct client_request request;
    struct client_fault fault;
    cr_assert_eq(client_request_decode(kit_codec(), kit_vector(file, field), &request, &fault), OK);
    return request;
}

Test(client_stranger, a_login_is_golden)
{
    static const char *const fields[] = {"claim", "prove"};
    for (size_t i = 0; i < 2; i++) {
        const struct client_request request = decode("client_login", fields[i]);
        struct writer w = writer_of(bytes, sizeof bytes);
        cr_expect_eq(request.op, OP_HELLO);
        cr_expect_eq(client_op_needs(request.op), 0);
        cr_expect_eq(request.auth.len, i == 0 ? 35 : 32);
        cr_expect_eq(request.share.len, 0);
        client_request_encode(&w, &request);
        cr_expect(slice_eq(writer_slice(&w), kit_vector_whole("client_login", fields[i])));
    }
}

Test(client_stranger, a_login_with_shares_is_golden)
{
    struct client_reply reply;
    struct client_challenge told;
    const struct client_request request = decode("client_sealed", "claim");
    struct writer w = writer_of(bytes, sizeof bytes);
    cr_expect(request.auth.len == 35 && request.share.len == CLIENT_SHARE_LEN);
    client_request_encode(&w, &request);
    cr_expect(slice_eq(writer_slice(&w), kit_vector_whole("client_sealed", "claim")));
    const struct slice challenge = kit_vector("client_sealed", "challenge");
    cr_assert_eq(client_reply_decode(kit_codec(), challenge, &reply), OK);
    cr_assert_eq(client_challenge_decode(kit_codec(), reply.result, &told), OK);
    cr_assert_eq(told.share.len, CLIENT_SHARE_LEN);
    w = writer_of(bytes, sizeof bytes);
    client_reply_challenge(&w, 1, &told);
    cr_expect(slice_eq(writer_slice(&w), kit_vector_whole("client_sealed", "challenge")));
    cr_expect_leq(w.len, CLIENT_STRANGER_OUT_MAX);
}

Test(client_stranger, a_challenge_is_golden_and_read_back)
{
    struct client_reply reply;
    struct client_challenge told;
    uint8_t proof[CLIENT_NONCE_LEN];
    const struct slice golden = kit_vector_whole("client_login", "challenge");
    memcpy(proof, golden.at + golden.len - sizeof proof, sizeof proof);
    const struct client_challenge challenge = {.cluster = slice_text("scrubjay"),
                                               .nonce = nonce(0x60),
                                               .proof = slice_of(proof, sizeof proof)};
    struct writer w = writer_of(bytes, sizeof bytes);
    client_reply_challenge(&w, 1, &challenge);
    cr_assert(slice_eq(writer_slice(&w), golden));
    cr_assert_leq(w.len, CLIENT_STRANGER_OUT_MAX);
    cr_assert_eq(client_reply_decode(kit_codec(), slice_of(bytes + 4, w.len - 4), &reply), OK);
    cr_assert_eq(client_challenge_decode(kit_codec(), reply.result, &told), OK);
    cr_expect(slice_eq(told.cluster, challenge.cluster) && slice_eq(told.nonce, challenge.nonce) &&
              slice_eq(told.proof, challenge.proof));
}

Test(client_stranger, what_is_no_challenge_is_refused)
{
    static const char *const results[] = {"\x80", "\xC0", "\x81\xA5proof\xC4\x01x", "\x01"};
    struct client_challenge told = {.cluster = slice_text("kept")};
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        cr_expect_eq(client_challenge_decode(kit_codec(), slice_text(results[i]), &told),
                     ERR_MALFORMED);
    cr_expect(slice_eq(told.cluster, slice_text("kept")));
}

/** A hello with an option of n bytes. */
static void hello_with(const char *option, size_t n, struct kit_request *r)
{
    kit_begin(r, "hello", 2);
    pack_str(&r->p, slice_text("c"));
    pack_map(&r->p, 1);
    pack_str(&r->p, slice_text(option));
    kit_fill(r, n);
}

Test(client_stranger, auth_has_32_to_64_bytes)
{
    static const char wanted[] = "auth must be a bin of 32 to 64 bytes";
    struct kit_request r;
    hello_with("auth", 32, &r);
    cr_expect_eq(kit_expect_taken(&r).auth.len, 32);
    hello_with("auth", 64, &r);
    cr_expect_eq(kit_expect_taken(&r).auth.len, 64);
    hello_with("auth", 31, &r);
    kit_expect_refused(&r, "BAD_OPTION", wanted);
    hello_with("auth", 65, &r);
    kit_expect_refused(&r, "BAD_OPTION", wanted);
}

Test(client_stranger, a_share_has_32_bytes)
{
    static const char wanted[] = "share must be a bin of 32 bytes";
    struct kit_request r;
    hello_with("share", 32, &r);
    cr_expect_eq(kit_expect_taken(&r).share.len, 32);
    hello_with("share", 31, &r);
    kit_expect_refused(&r, "BAD_OPTION", wanted);
    hello_with("share", 33, &r);
    kit_expect_refused(&r, "BAD_OPTION", wanted);
}

Test(client_stranger, a_share_of_another_length_is_no_challenge)
{
    struct client_reply reply;
    struct client_challenge told;
    const struct slice golden = kit_vector_whole("client_sealed", "challenge");
    memcpy(bytes, golden.at, golden.len - 1);
    bytes[3]--; /* the frame */
    bytes[golden.len - CLIENT_SHARE_LEN - 1]--;
    cr_assert_eq(client_reply_decode(kit_codec(), slice_of(bytes + 4, golden.len - 5), &reply), OK);
    cr_expect_eq(client_challenge_decode(kit_codec(), reply.result, &told), ERR_MALFORMED);
}

/** A frame whose length says n, and n bytes of it. */
static enum err frame_of(uint32_t n, struct slice *frame, size_t *need, struct client_fault *fault)
{
    struct writer w = writer_of(bytes, sizeof bytes);
    write_u32(&w, n);
    return client_stranger_frame(slice_of(bytes, 4 + n), frame, need, fault);
}

Test(client_stranger, a_frame_has_at_most_256_bytes)
{
    struct slice frame;
    struct client_fault fault;
    size_t need;
    cr_expect_eq(frame_of(255, &frame, &need, &fault), OK);
    cr_expect_eq(frame_of(256, &frame, &need, &fault), OK);
    cr_expect(frame.len == 256 && need == 260);
    cr_expect_eq(frame_of(257, &frame, &need, &fault), ERR_LIMIT);
    cr_expect_str_eq(fault.name, "FRAME_TOO_LONG");
    cr_expect(fault.close && !fault.has_id);
    cr_expect_eq(client_stranger_frame(slice_of("\xFF\xFF\xFF\xFF", 4), &frame, &need, &fault),
                 ERR_LIMIT, "judged by its length alone");
    cr_expect_eq(client_stranger_frame(slice_of("\0\0\1", 3), &frame, &need, &fault), ERR_SHORT);
    cr_expect_eq(need, 4);
    cr_expect_eq(client_stranger_frame(slice_of("\0\0\1\0x", 5), &frame, &need, &fault), ERR_SHORT);
    cr_expect_eq(need, 260);
}

/** An array of n elements, of which each is nil. */
static enum err nodes(size_t n)
{
    struct client_fault fault;
    struct writer w = writer_of(bytes, sizeof bytes);
    write_u8(&w, 0xDC);
    write_u16(&w, (uint16_t)(n - 1));
    for (size_t i = 1; i < n; i++)
        write_u8(&w, 0xC0);
    return client_stranger_check(writer_slice(&w), &fault);
}

Test(client_stranger, a_frame_has_at_most_16_values)
{
    cr_expect_eq(nodes(15), OK);
    cr_expect_eq(nodes(16), OK);
    cr_expect_eq(nodes(17), ERR_LIMIT);
}

Test(client_stranger, a_frame_has_at_most_3_levels)
{
    struct client_fault fault;
    cr_expect_eq(client_stranger_check(slice_text("\x91\x91\xC0"), &fault), OK);
    cr_expect_eq(client_stranger_check(slice_text("\x91\x91\x91\xC0"), &fault), OK);
    cr_expect_eq(client_stranger_check(slice_text("\x91\x91\x91\x91\xC0"), &fault), ERR_LIMIT);
    cr_expect(fault.close);
    cr_expect_eq(client_stranger_check(slice_text("\xC1"), &fault), ERR_MALFORMED);
    cr_expect_eq(client_stranger_check(slice_text("\xDD\xFF\xFF\xFF\xFF"), &fault), ERR_LIMIT);
}

Test(client_stranger, the_longest_login_fits)
{
    char name[CLIENT_NAME_MAX];
    struct client_fault fault;
    struct slice frame;
    size_t need;
    static const uint8_t auth[CLIENT_AUTH_MAX];
    memset(name, 'n', sizeof name);
    const struct client_request request = {.id = UINT32_MAX,
                                           .op = OP_HELLO,
                                           .client = slice_of(name, sizeof name),
                                           .proto = CLIENT_PROTO,
                                           .auth = slice_of(auth, sizeof auth),
                                           .share = slice_of(auth, CLIENT_SHARE_LEN)};
    struct writer w = writer_of(bytes, sizeof bytes);
    client_request_encode(&w, &request);
    cr_assert_eq(client_stranger_frame(writer_slice(&w), &frame, &need, &fault), OK);
    cr_expect_eq(client_stranger_check(frame, &fault), OK);
}
