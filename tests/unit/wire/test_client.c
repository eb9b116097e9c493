/** Requests as bytes: golden frames, round trips, framing, and everything that a peer may do wrong. */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

#include "client_kit.h"

static const char *const VECTORS[] = {
    "hello",
    "ping",
    "get",
    "fill",
    "put",
    "invalidate_keys",
    "invalidate_all",
    "touch",
    "mget",
    "mfill",
    "subscribe",
    "unsubscribe",
    "members",
    "get_fresh",
    "mget_after",
    "fill_version",
    "put_quorum",
    "invalidate_soft",
    "invalidate_tags_all",
    "invalidate_dry",
    "trace",
    "namespaces",
    "matrix",
    "begin",
    "commit",
    "abort",
    "put_txn",
};

static struct client_request decode_vector(const char *field)
{
    struct client_request request;
    struct client_fault fault;
    const struct slice frame = kit_vector("client_request", field);
    const enum err err = client_request_decode(kit_codec(), frame, &request, &fault);
    cr_assert_eq(err, OK, "%s: %s", field, err == OK ? "" : fault.text);
    return request;
}

static struct slice encode(const struct client_request *request)
{
    static uint8_t bytes[1 << 16];
    struct writer w = writer_of(bytes, sizeof bytes);
    client_request_encode(&w, request);
    cr_assert_eq(w.err, OK);
    return writer_slice(&w);
}

static bool reads(struct slice bytes, const char *text)
{
    return slice_eq(bytes, slice_text(text));
}

Test(client, golden_requests_decode_and_encode_to_the_same_bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(VECTORS); i++) {
        const struct client_request request = decode_vector(VECTORS[i]);
        const struct slice again = encode(&request);
        cr_expect(slice_eq(again, kit_vector_whole("client_request", VECTORS[i])), "%s",
                  VECTORS[i]);
    }
}

Test(client, a_golden_fill_has_its_fields)
{
    const struct client_request fill = decode_vector("fill");
    cr_expect(fill.id == 4 && fill.op == OP_FILL);
    cr_expect(reads(fill.ns, "shop"));
    cr_expect(reads(fill.fill.key, "package-123"));
    cr_expect(reads(fill.fill.value, "in transit"));
    cr_expect(fill.fill.token.len == 24 && fill.fill.token.at[0] == 0xA0);
    cr_expect_eq(fill.fill.ttl_ms, 30000);
    cr_assert_eq(fill.fill.tags_n, 2);
    cr_expect(reads(fill.fill.tags[1], "hub-7"));
}

Test(client, golden_lists_have_their_elements)
{
    const struct client_request keys = decode_vector("invalidate_keys");
    cr_expect(keys.scope == SCOPE_KEY && keys.targets_n == 2);
    cr_expect(reads(keys.targets[1], "package-124") && reads(keys.reason, "import"));
    const struct client_request filters = decode_vector("subscribe");
    cr_expect_eq(filters.filters_n, 2);
    cr_expect(filters.filters[0].len == 0 && filters.filters[1].len == 0);
    cr_expect(reads(filters.filters[2], "shop") && reads(filters.filters[3], "package-"));
    const struct client_request fills = decode_vector("mfill");
    cr_expect(fills.fills_n == 2 && fills.fills[0].ttl_ms == 0 && fills.fills[1].ttl_ms == 1);
    cr_expect(reads(fills.fills[1].key, "b") && fills.fills[1].value.len == 0);
}

Test(client, golden_options_have_their_values)
{
    const struct client_request get = decode_vector("get_fresh");
    cr_expect(get.read.after.len == CLIENT_STAMP_LEN && get.read.after.at[0] == 0xB0);
    cr_expect(get.read.stale && get.read.wait_ms == 500 && get.read.within_ms == 1000);
    const struct client_request put = decode_vector("put_quorum");
    cr_expect(put.ack.level == ACK_QUORUM && put.ack.k == 0 && put.timeout_ms == 2000);
    cr_expect(put.fill.has_version && put.fill.version == UINT64_MAX);
    const struct client_request soft = decode_vector("invalidate_soft");
    cr_expect(soft.soft && !soft.dry_run && soft.ack.level == ACK_NODES && soft.ack.k == 2);
    const struct client_request dry = decode_vector("invalidate_dry");
    cr_expect(dry.dry_run && !dry.soft && dry.scope == SCOPE_PREFIX);
    cr_expect(dry.ack.level == ACK_DEFAULT && dry.timeout_ms == 0);
}

Test(client, a_golden_conjunction_is_one_aim_with_its_tags)
{
    const struct client_request tags = decode_vector("invalidate_tags_all");
    cr_expect(tags.scope == SCOPE_TAGS_ALL && tags.targets_n == 2);
    cr_expect(reads(tags.targets[0], "hub-7") && reads(tags.targets[1], "express"));
}

Test(client, a_golden_intent_is_named_by_its_txn)
{
    const struct client_request begin = decode_vector("begin");
    cr_expect(begin.op == OP_BEGIN && begin.scope == SCOPE_KEY && begin.targets_n == 1);
    cr_expect(begin.ack.level == ACK_ALL && begin.timeout_ms == 5000);
    const struct client_request commit = decode_vector("commit");
    cr_expect(commit.stamp.len == CLIENT_STAMP_LEN && commit.stamp.at[23] == 0xC7);
    cr_expect(commit.ack.level == ACK_FENCED);
    cr_expect_eq(decode_vector("abort").stamp.len, CLIENT_STAMP_LEN);
    const struct client_request put = decode_vector("put_txn");
    cr_expect(put.stamp.len == CLIENT_STAMP_LEN && put.stamp.at[0] == 0xB0);
    cr_expect(put.fill.token.len == 24 && put.fill.token.at[0] == 0xA0);
    cr_expect_eq(decode_vector("put").stamp.len, 0, "none, unless it is given");
}

Test(client, an_op_by_name_and_keys_as_str_mean_the_same)
{
    const struct client_request request = decode_vector("get_by_name");
    const struct slice canonical = encode(&request);
    cr_expect(slice_eq(canonical, kit_vector_whole("client_request", "get")));
}

Test(client, the_session_of_the_specification_is_understood)
{
    static const char *const requests[] = {"get_1", "fill_2", "get_3"};
    static const char *const replies[] = {"miss_1", "stored_2", "hit_3"};
    for (uint32_t i = 0; i < 3; i++) {
        struct client_request request;
        struct client_reply reply;
        struct client_fault fault;
        const struct slice asked = kit_vector("client_session", requests[i]);
        cr_assert_eq(client_request_decode(kit_codec(), asked, &request, &fault), OK);
        cr_expect_eq(request.id, i + 1);
        const struct slice said = kit_vector("client_session", replies[i]);
        cr_assert_eq(client_reply_decode(kit_codec(), said, &reply), OK);
        cr_expect(reply.id == i + 1 && reply.error.len == 0);
    }
}

/* ---- what is refused, keeping the connection ---- */

Test(client, an_unknown_op_is_named)
{
    struct kit_request r;
    kit_begin(&r, "gett", 0);
    kit_expect_refused(&r, "UNKNOWN_OP", "unknown op \"gett\"");
    kit_begin(&r, "a\"b\x01\xFFzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", 0);
    kit_expect_refused(&r, "UNKNOWN_OP",
                       "unknown op \"a?b??zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz...\"");
}

Test(client, an_unknown_op_number_is_told)
{
    struct kit_request r;
    kit_begin(&r, "", 0);
    r.w.len -= 2; /* take "" and [] back */
    pack_u64(&r.p, 4000);
    pack_array(&r.p, 0);
    kit_expect_refused(&r, "UNKNOWN_OP", "unknown op 4,000");
    r.w.len -= 4;
    pack_nil(&r.p);
    pack_array(&r.p, 0);
    kit_expect_refused(&r, "UNKNOWN_OP", "op is neither a name nor a number");
}

static void begin_option(struct kit_request *r, const char *op, size_t args_n, const char *option)
{
    kit_begin(r, op, args_n + 1);
    for (size_t i = 0; i < args_n; i++)
        kit_fill(r, i == 0 ? 0 : 1);
    pack_map(&r->p, 1);
    pack_str(&r->p, slice_text(option));
}

Test(client, an_unknown_option_is_named)
{
    struct kit_request r;
    begin_option(&r, "get", 2, "before");
    pack_nil(&r.p);
    kit_expect_refused(&r, "UNKNOWN_OPTION", "get has no option \"before\"");
    begin_option(&r, "fill", 4, "ack");
    pack_u64(&r.p, 1);
    kit_expect_refused(&r, "UNKNOWN_OPTION", "fill has no option \"ack\"");
    begin_option(&r, "fill", 4, "token");
    pack_u64(&r.p, 1);
    kit_expect_refused(&r, "UNKNOWN_OPTION", "fill has no option \"token\"");
    begin_option(&r, "hello", 1, "auto");
    pack_nil(&r.p);
    kit_expect_refused(&r, "UNKNOWN_OPTION", "hello has no option \"auto\"");
}

Test(client, an_option_given_twice_is_refused)
{
    struct kit_request r;
    begin_option(&r, "put", 3, "ttl_ms");
    pack_u64(&r.p, 1);
    pack_str(&r.p, slice_text("ttl_ms"));
    pack_u64(&r.p, 2);
    uint8_t *map = r.w.at + r.w.len - (1 + 6 + 1 + 1 + 6 + 1) - 1;
    cr_assert_eq(*map, 0x81);
    *map = 0x82;
    kit_expect_refused(&r, "BAD_ARGS", "option \"ttl_ms\" is given twice");
}

Test(client, another_protocol_version_is_refused)
{
    struct kit_request r;
    begin_option(&r, "hello", 1, "proto");
    pack_u64(&r.p, 2);
    kit_expect_refused(&r, "BAD_ARGS", "proto must be 1: no other protocol version is supported");
}

Test(client, a_scope_that_does_not_exist_is_refused_with_those_that_do)
{
    static const char *const scopes[] = {"tags_any", "", "keys"};
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        struct kit_request r;
        kit_begin(&r, "invalidate", 3);
        kit_fill(&r, 0);
        pack_str(&r.p, slice_text(scopes[i]));
        pack_array(&r.p, 0);
        kit_expect_refused(&r, "BAD_ARGS",
                           "scope must be \"key\", \"tag\", \"tags_all\", \"prefix\", "
                           "\"namespace\" or \"all\"");
    }
}

Test(client, wide_scopes_take_no_targets)
{
    struct kit_request r;
    kit_begin(&r, "invalidate", 3);
    kit_fill(&r, 0);
    pack_str(&r.p, slice_text("namespace"));
    pack_array(&r.p, 1);
    kit_fill(&r, 1);
    kit_expect_refused(&r, "BAD_ARGS",
                       "targets must be [] for the scopes \"namespace\" and \"all\"");
}

Test(client, a_wrong_number_of_arguments_tells_the_right_one)
{
    struct kit_request r;
    kit_begin(&r, "get", 1);
    kit_fill(&r, 1);
    kit_expect_refused(&r, "BAD_ARGS", "get takes [ns, key] and an optional map; 1 given");
    kit_begin(&r, "ping", 2);
    pack_nil(&r.p);
    pack_nil(&r.p);
    kit_expect_refused(&r, "BAD_ARGS", "ping takes [] and an optional map; 2 given");
}

Test(client, arguments_of_the_wrong_type_are_named)
{
    struct kit_request r;
    kit_begin(&r, "get", 2);
    kit_fill(&r, 0);
    pack_u64(&r.p, 5);
    kit_expect_refused(&r, "BAD_ARGS", "key must be bin or str");
    begin_option(&r, "put", 3, "tags");
    pack_bool(&r.p, true);
    kit_expect_refused(&r, "BAD_ARGS", "tags must be an array of bin or str");
    kit_begin(&r, "ping", 1);
    pack_nil(&r.p);
    kit_expect_refused(&r, "BAD_ARGS", "the last argument must be a map of options");
    kit_begin(&r, "subscribe", 1);
    pack_nil(&r.p);
    kit_expect_refused(&r, "BAD_ARGS", "a filter must be [ns, prefix or nil]");
}

/* ---- what closes the connection ---- */

static void expect_closed(struct slice frame, const char *text)
{
    struct client_request request;
    struct client_fault fault;
    cr_assert_neq(client_request_decode(kit_codec(), frame, &request, &fault), OK, "%s", text);
    cr_expect(fault.close && !fault.has_id);
    cr_expect_str_eq(fault.name, "MALFORMED");
    cr_expect_str_eq(fault.text, text);
}

#define FRAME(...)                                                                                 \
    slice_of(((const uint8_t[]){__VA_ARGS__}), sizeof((const uint8_t[]){__VA_ARGS__}))

Test(client, what_is_no_request_closes_the_connection)
{
    expect_closed(FRAME(0xC0), "request is not an array of four: [0, id, op, args]");
    expect_closed(FRAME(0x93, 0, 1, 2), "request is not an array of four: [0, id, op, args]");
    expect_closed(FRAME(0x94, 1, 1, 2, 0x90), "message type is not 0: nodes take requests only");
    expect_closed(FRAME(0x94, 0, 0xFF, 2, 0x90),
                  "id is not an unsigned integer up to 4,294,967,295");
    expect_closed(FRAME(0x94, 0, 0xCF, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0x90),
                  "id is not an unsigned integer up to 4,294,967,295");
    expect_closed(FRAME(0x94, 0, 1, 2, 0x90, 0),
                  "frame is not exactly one msgpack value without extensions");
    expect_closed(slice_of(NULL, 0), "frame is not exactly one msgpack value without extensions");
    expect_closed(FRAME(0xC1), "frame is not exactly one msgpack value without extensions");
    expect_closed(FRAME(0x94, 0, 1, 2, 0xD4, 1, 1),
                  "frame is not exactly one msgpack value without extensions");
}

Test(client, bombs_are_refused_before_memory_is_taken)
{
    static const char text[] = "frame has over 4,096 values or 8 levels; these are the limits";
    uint8_t nested[93];
    for (size_t i = 0; i < sizeof nested; i++)
        nested[i] = i % 3 == 0 ? 0xDC : 0xFF;
    expect_closed(FRAME(0xDD, 0x00, 0x98, 0x96, 0x80), text);
    expect_closed(FRAME(0xDD, 0xFF, 0, 0, 0), text);
    expect_closed(FRAME(0xDF, 0xFF, 0xFF, 0xFF, 0xFF), text);
    expect_closed(slice_of(nested, sizeof nested), text);
    memset(nested, 0x91, sizeof nested);
    expect_closed(slice_of(nested, sizeof nested), text);
}

Test(client, a_frame_cut_at_any_length_is_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(VECTORS); i++) {
        const struct slice frame = kit_vector("client_request", VECTORS[i]);
        for (size_t len = 0; len < frame.len; len++) {
            struct client_request request;
            struct client_fault fault;
            uint8_t *exact = malloc(len + 1); /* a sanitizer sees a read beyond */
            memcpy(exact, frame.at, len);
            const struct slice cut = slice_of(exact, len);
            cr_assert_neq(client_request_decode(kit_codec(), cut, &request, &fault), OK);
            free(exact);
        }
    }
}

/* ---- framing ---- */

static uint8_t stream[1 << 14];

/** All golden requests, one behind the other. */
static size_t fill_stream(void)
{
    struct writer w = writer_of(stream, sizeof stream);
    for (size_t i = 0; i < ARRAY_LEN(VECTORS); i++)
        write_bytes(&w, kit_vector_whole("client_request", VECTORS[i]));
    cr_assert_eq(w.err, OK);
    return w.len;
}

/** Take whole frames from stream[*at, end) until more bytes are needed. Returns how many. */
static size_t take_frames(size_t *at, size_t end)
{
    size_t taken = 0;
    for (;;) {
        struct client_request request;
        struct client_fault fault;
        struct slice frame;
        size_t need;
        const enum err err =
            client_frame(kit_codec(), slice_of(stream + *at, end - *at), &frame, &need, &fault);
        if (err == ERR_SHORT) {
            cr_assert_gt(need, end - *at, "more is needed than there is");
            return taken;
        }
        cr_assert_eq(err, OK);
        cr_assert_eq(client_request_decode(kit_codec(), frame, &request, &fault), OK);
        *at += need;
        taken++;
    }
}

Test(client, pipelined_frames_split_at_every_byte_are_all_taken)
{
    const size_t len = fill_stream();
    for (size_t cut = 0; cut <= len; cut++) {
        size_t at = 0;
        const size_t first = take_frames(&at, cut);
        const size_t second = take_frames(&at, len);
        cr_assert_eq(first + second, ARRAY_LEN(VECTORS));
        cr_assert_eq(at, len);
    }
}

Test(client, frames_that_come_byte_by_byte_are_all_taken)
{
    const size_t len = fill_stream();
    size_t at = 0, taken = 0;
    for (size_t end = 1; end <= len; end++)
        taken += take_frames(&at, end);
    cr_assert_eq(taken, ARRAY_LEN(VECTORS));
}

static enum err frame_of(uint32_t len, struct client_fault *fault)
{
    uint8_t bytes[4];
    struct slice frame;
    size_t need = 0;
    struct writer w = writer_of(bytes, sizeof bytes);
    write_u32(&w, len);
    const enum err err = client_frame(kit_codec(), writer_slice(&w), &frame, &need, fault);
    cr_expect_eq(need, err == ERR_SHORT ? len + (size_t)4 : 4);
    return err;
}

Test(client, a_declared_length_is_checked_before_its_bytes_come)
{
    const uint32_t limit = KIT_VALUE_MAX + CLIENT_FRAME_EXTRA;
    struct client_fault fault;
    cr_expect_eq(frame_of(limit - 1, &fault), ERR_SHORT);
    cr_expect_eq(frame_of(limit, &fault), ERR_SHORT);
    cr_expect_eq(frame_of(limit + 1, &fault), ERR_LIMIT);
    cr_expect_str_eq(fault.name, "FRAME_TOO_LONG");
    cr_expect_str_eq(fault.text, "frame has 69,633 bytes; the limit is 69,632");
    cr_expect(fault.close && !fault.has_id);
    cr_expect_eq(frame_of(UINT32_MAX, &fault), ERR_LIMIT);
    cr_expect_str_eq(fault.text, "frame has 4,294,967,295 bytes; the limit is 69,632");
}

/* ---- round trips of random requests ---- */

static uint8_t random_bytes[4096];

static struct slice any(struct rng *r, size_t least, size_t most)
{
    const size_t len = least + rng_below(r, most - least + 1);
    return slice_of(random_bytes + rng_below(r, sizeof random_bytes - len), len);
}

static void any_fill(struct rng *r, struct client_fill *f, uint32_t op)
{
    f->key = any(r, 1, 64);
    f->value = any(r, 0, 2000);
    if (op != OP_PUT || rng_chance(r, 500))
        f->token = any(r, 1, CLIENT_TOKEN_MAX);
    f->ttl_ms = rng_chance(r, 500) ? 0 : rng_below(r, CLIENT_TTL_MS_MAX + 1);
    f->fresh_ms = rng_chance(r, 500) ? 0 : rng_below(r, CLIENT_TTL_MS_MAX + 1);
    f->has_version = rng_chance(r, 500);
    f->version = f->has_version ? rng_next(r) : 0;
    f->tags_n = rng_below(r, CLIENT_TAGS_MAX + 1);
    for (size_t i = 0; i < f->tags_n; i++)
        f->tags[i] = any(r, 1, CLIENT_TAG_MAX);
}

static bool same_fill(const struct client_fill *a, const struct client_fill *b)
{
    bool same = slice_eq(a->key, b->key) && slice_eq(a->value, b->value) &&
                slice_eq(a->token, b->token) && a->ttl_ms == b->ttl_ms &&
                a->fresh_ms == b->fresh_ms && a->has_version == b->has_version &&
                a->version == b->version && a->tags_n == b->tags_n;
    for (size_t i = 0; same && i < a->tags_n; i++)
        same = slice_eq(a->tags[i], b->tags[i]);
    return same;
}

Test(client, random_fills_and_puts_survive_the_way)
{
    const char *text = getenv("SEED");
    const uint64_t seed = text == NULL ? 1 : strtoull(text, NULL, 0);
    struct rng r;
    rng_init(&r, seed);
    for (size_t i = 0; i < sizeof random_bytes; i++)
        random_bytes[i] = (uint8_t)rng_next(&r);
    for (int i = 0; i < 2000; i++) {
        struct client_request sent = {.id = (uint32_t)rng_next(&r),
                                      .ns = any(&r, 0, CLIENT_NS_MAX)};
        struct client_request got;
        struct client_fault fault;
        sent.op = rng_chance(&r, 500) ? OP_FILL : OP_PUT;
        any_fill(&r, &sent.fill, sent.op);
        const struct slice whole = encode(&sent);
        const struct slice frame = slice_of(whole.at + 4, whole.len - 4);
        cr_assert_eq(client_request_decode(kit_codec(), frame, &got, &fault), OK, "SEED=%llu: %s",
                     (unsigned long long)seed, fault.text);
        cr_assert(got.id == sent.id && got.op == sent.op && slice_eq(got.ns, sent.ns));
        cr_assert(same_fill(&got.fill, &sent.fill), "SEED=%llu", (unsigned long long)seed);
    }
}

Test(client, a_request_that_does_not_fit_leaves_no_bytes)
{
    const struct client_request request = decode_vector("fill");
    const size_t whole = encode(&request).len;
    for (size_t cap = 0; cap < whole; cap++) {
        uint8_t bytes[256];
        struct writer w = writer_of(bytes, cap);
        client_request_encode(&w, &request);
        cr_assert(w.err == ERR_SPACE && w.len == 0);
    }
}

Test(client, a_codec_of_too_little_memory_is_not_made)
{
    static uint8_t memory[1 << 17];
    size_t len = 0;
    for (bool made = false; !made; len += 1024) {
        struct arena arena;
        arena_init(&arena, memory, len);
        struct client_codec *c = client_codec_new(&arena, CLIENT_VALUE_LIMIT);
        made = c != NULL;
        client_codec_free(c);
    }
    cr_expect_gt(len, 1024);
}
