/** Replies and pushes: what a node writes are the golden bytes, and a client reads the same out. */

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "wire/client_answer.h"

#include "client_kit.h"

#define ANSWER_CAP 1024

static uint8_t answer[ANSWER_CAP];

static struct writer begin(void)
{
    return writer_of(answer, sizeof answer);
}

static void expect_golden(const struct writer *w, const char *field)
{
    const struct slice golden = kit_vector_whole("client_reply", field);
    cr_assert_eq(w->err, OK);
    cr_expect(slice_eq(writer_slice(w), golden), "%s", field);
}

static struct slice token(void)
{
    static uint8_t bytes[24];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(0xA0 + i);
    return slice_of(bytes, sizeof bytes);
}

static struct slice stamp(void)
{
    static uint8_t bytes[24];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(0xB0 + i);
    return slice_of(bytes, sizeof bytes);
}

Test(client_reply, errors_are_golden)
{
    struct client_fault fault = {.has_id = true, .id = 3, .name = "KEY_TOO_LONG"};
    struct writer w = begin();
    memcpy(fault.text, "key has 1,200 bytes; the limit is 1,024", 40);
    client_reply_error(&w, &fault);
    expect_golden(&w, "error");
    fault = (struct client_fault){.close = true, .name = "MALFORMED"};
    memcpy(fault.text, "message type is not 0: nodes take requests only", 48);
    w = begin();
    client_reply_error(&w, &fault);
    expect_golden(&w, "error_close");
}

static bool is_error(const struct writer *w)
{
    return client_reply_is_error(writer_slice(w));
}

Test(client_reply, an_error_is_told_from_a_result_by_its_bytes)
{
    static const uint32_t ids[] = {0, 127, 128, 255, 256, 65535, 65536, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        const struct client_fault fault = {.has_id = true, .id = ids[i], .name = "BUSY"};
        const struct client_got got = {.status = STATUS_MISS};
        struct writer w = begin();
        client_reply_error(&w, &fault);
        cr_assert(is_error(&w), "%u", ids[i]);
        w = begin();
        client_reply_fill(&w, ids[i], NULL);
        cr_assert_not(is_error(&w), "%u", ids[i]);
        w = begin();
        client_reply_get(&w, ids[i], &got);
        cr_assert_not(is_error(&w), "%u", ids[i]);
    }
    struct writer w = begin();
    client_reply_error(&w, &(struct client_fault){.close = true, .name = "MALFORMED"});
    cr_assert(is_error(&w), "without an id");
}

Test(client_reply, scalars_are_golden)
{
    struct writer w = begin();
    client_reply_text(&w, 2, slice_text("pong"));
    expect_golden(&w, "pong");
    w = begin();
    client_reply_bool(&w, 8, true);
    expect_golden(&w, "touched");
    w = begin();
    client_reply_raw(&w, 8, slice_of("\xC3", 1));
    expect_golden(&w, "touched");
}

Test(client_reply, gets_are_golden)
{
    const struct client_got hit = {STATUS_HIT, .value = slice_text("in transit"), .age_ms = 5,
                                   .ttl_ms = 29995};
    const struct client_got empty = {STATUS_HIT, .ttl_ms = UINT64_MAX};
    const struct client_got miss = {STATUS_MISS, .token = token()};
    struct writer w = begin();
    client_reply_get(&w, 3, &hit);
    expect_golden(&w, "hit");
    w = begin();
    client_reply_get(&w, 3, &empty);
    expect_golden(&w, "hit_empty");
    w = begin();
    client_reply_get(&w, 3, &miss);
    expect_golden(&w, "miss");
}

Test(client_reply, gets_beyond_hit_and_miss_are_golden)
{
    const struct client_got proven = {STATUS_HIT,          .value = slice_text("in transit"),
                                      .age_ms = 5,         .ttl_ms = 29995,
                                      .has_version = true, .version = 7,
                                      .has_proof = true,   .proof_ms = 12};
    const struct client_got stale = {STATUS_STALE, .value = slice_text("in transit"),
                                     .token = token(), .age_ms = 31000, .ttl_ms = UINT64_MAX};
    const struct client_got wait = {STATUS_WAIT, .ttl_ms = UINT64_MAX};
    const struct client_got unproven = {STATUS_UNPROVEN, .has_proof = true, .proof_ms = 2400};
    const struct client_got *const gots[] = {&proven, &stale, &wait, &unproven};
    static const char *const names[] = {"hit_proven", "stale", "wait", "unproven"};
    for (size_t i = 0; i < ARRAY_LEN(gots); i++) {
        struct writer w = begin();
        client_reply_get(&w, 13, gots[i]);
        expect_golden(&w, names[i]);
    }
}

Test(client_reply, a_get_has_at_most_128_bytes_beside_its_value)
{
    static uint8_t longest[CLIENT_TOKEN_MAX];
    static uint8_t value[70000]; /* of the longest head */
    static uint8_t room[sizeof value + 2 * CLIENT_GOT_MAX];
    const struct client_got got = {.status = STATUS_STALE,
                                   .value = slice_of(value, sizeof value),
                                   .token = slice_of(longest, 24),
                                   .age_ms = UINT64_MAX,
                                   .ttl_ms = UINT64_MAX - 1,
                                   .has_version = true,
                                   .version = UINT64_MAX,
                                   .has_proof = true,
                                   .proof_ms = UINT64_MAX};
    struct writer w = writer_of(room, sizeof room);
    client_reply_many_get(&w, &got);
    cr_assert_eq(w.err, OK);
    cr_expect_leq(w.len, sizeof value + CLIENT_GOT_MAX);
}

Test(client_reply, fills_are_golden)
{
    struct writer w = begin();
    client_reply_fill(&w, 4, NULL);
    expect_golden(&w, "stored");
    w = begin();
    client_reply_fill(&w, 4, "invalidated");
    expect_golden(&w, "refused");
}

Test(client_reply, lists_are_golden)
{
    const struct client_got hit = {STATUS_HIT, .value = slice_text("1"), .age_ms = 7,
                                   .ttl_ms = UINT64_MAX};
    const struct client_got miss = {STATUS_MISS, .token = token()};
    struct writer w = begin();
    size_t mark = client_reply_many_begin(&w, 9, 2);
    client_reply_many_get(&w, &hit);
    client_reply_many_get(&w, &miss);
    client_reply_many_end(&w, mark);
    expect_golden(&w, "many");
    w = begin();
    mark = client_reply_many_begin(&w, 10, 2);
    client_reply_many_fill(&w, NULL);
    client_reply_many_fill(&w, "token_key");
    client_reply_many_end(&w, mark);
    expect_golden(&w, "many_stored");
}

Test(client_reply, acks_are_golden)
{
    const struct slice names[] = {slice_text("node-a")};
    const struct client_acks acks = {.stamp = stamp(),
                                     .level = {ACK_LOCAL, 0},
                                     .reached = true,
                                     .applied = names,
                                     .applied_n = 1};
    struct writer w = begin();
    client_reply_acks(&w, 6, &acks);
    expect_golden(&w, "acks");
}

Test(client_reply, acks_that_are_missing_are_golden)
{
    const struct slice names[] = {slice_text("node-a"), slice_text("node-b"), slice_text("node-c")};
    const struct client_acks acks = {.stamp = stamp(),
                                     .level = {ACK_NODES, 2},
                                     .applied = names,
                                     .applied_n = 2,
                                     .missing = names + 2,
                                     .missing_n = 1};
    struct writer w = begin();
    client_reply_acks(&w, 17, &acks);
    expect_golden(&w, "acks_missing");
}

Test(client_reply, acks_fit_into_the_room_that_is_told)
{
    static struct slice names[64];
    static uint8_t room[CLIENT_ACKS_MAX + 2 * 64 * CLIENT_ACKS_NAME_MAX];
    static char name[63];
    struct client_acks acks = {.stamp = stamp(),
                               .level = {ACK_NODES, CLIENT_ACK_K_MAX},
                               .applied = names,
                               .applied_n = ARRAY_LEN(names),
                               .missing = names,
                               .missing_n = ARRAY_LEN(names)};
    memset(name, 'n', sizeof name);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        names[i] = slice_of(name, sizeof name);
    struct writer w = writer_of(room, sizeof room);
    client_reply_acks(&w, UINT32_MAX, &acks);
    cr_expect_eq(w.err, OK);
}

Test(client_reply, a_begin_is_golden)
{
    const struct slice names[] = {slice_text("node-a")};
    const struct slice tokens[] = {token(), {0}};
    const struct client_acks acks = {
        .stamp = stamp(), .level = {ACK_ALL, 0}, .reached = true, .applied = names, .applied_n = 1};
    struct writer w = begin();
    client_reply_begin(&w, 22, &acks, tokens, 2);
    expect_golden(&w, "begun");
}

Test(client_reply, a_dry_run_is_golden)
{
    struct writer w = begin();
    client_reply_dry_run(&w, 19, 3, 1234);
    expect_golden(&w, "dry_run");
}

Test(client_reply, a_hello_is_golden)
{
    static const char *const features[] = {"get", "fill"};
    const struct client_hello hello = {.version = "0.1.0",
                                       .node = slice_text("node-a"),
                                       .epoch = 0xA0A1A2A3A4A5A6A7,
                                       .cluster = slice_text("scrubjay"),
                                       .features = features,
                                       .features_n = 2,
                                       .value_max = CLIENT_VALUE_MAX};
    struct writer w = begin();
    client_reply_hello(&w, 1, &hello);
    expect_golden(&w, "hello");
}

Test(client_reply, pushes_are_golden)
{
    struct writer w = begin();
    client_push_invalidated(&w, slice_text(""), SCOPE_KEY, slice_text("package-123"), stamp());
    expect_golden(&w, "push_key");
    w = begin();
    client_push_invalidated(&w, slice_text(""), SCOPE_ALL, slice_text(""), stamp());
    expect_golden(&w, "push_all");
}

Test(client_reply, a_reply_that_does_not_fit_leaves_no_bytes)
{
    const struct client_got miss = {STATUS_MISS, .token = token()};
    struct writer before = begin();
    client_reply_get(&before, 3, &miss);
    for (size_t cap = 0; cap < before.len; cap++) {
        struct writer w = writer_of(answer, cap);
        client_reply_get(&w, 3, &miss);
        cr_assert(w.err == ERR_SPACE && w.len == 0);
    }
}

Test(client_reply, an_error_frame_has_at_most_512_bytes)
{
    struct client_fault fault = {.has_id = true, .id = UINT32_MAX, .name = "TOO_MANY_TARGETS"};
    struct writer w = begin();
    memset(fault.text, 'x', sizeof fault.text - 1);
    client_reply_error(&w, &fault);
    cr_expect(w.err == OK && w.len <= CLIENT_ERROR_MAX);
}

/* ---- read by clients ---- */

static struct client_reply decode(const char *field)
{
    struct client_reply reply;
    const struct slice frame = kit_vector("client_reply", field);
    cr_assert_eq(client_reply_decode(kit_codec(), frame, &reply), OK, "%s", field);
    return reply;
}

Test(client_reply, an_error_is_read_with_its_name_and_text)
{
    const struct client_reply error = decode("error");
    cr_expect(!error.push && error.has_id && error.id == 3);
    cr_expect(slice_eq(error.error, slice_text("KEY_TOO_LONG")));
    cr_expect(slice_eq(error.text, slice_text("key has 1,200 bytes; the limit is 1,024")));
    const struct client_reply closing = decode("error_close");
    cr_expect(!closing.has_id && slice_eq(closing.error, slice_text("MALFORMED")));
}

Test(client_reply, a_hit_is_read_with_its_value)
{
    struct client_got got;
    const struct client_reply hit = decode("hit");
    cr_assert_eq(client_got_decode(kit_codec(), hit.result, &got), OK);
    cr_expect(got.status == STATUS_HIT && slice_eq(got.value, slice_text("in transit")));
    cr_expect(got.age_ms == 5 && got.ttl_ms == 29995 && got.token.len == 0);
    const struct client_reply empty = decode("hit_empty");
    cr_assert_eq(client_got_decode(kit_codec(), empty.result, &got), OK);
    cr_expect(got.status == STATUS_HIT && got.value.len == 0 && got.ttl_ms == UINT64_MAX);
}

Test(client_reply, a_miss_is_read_with_its_token)
{
    struct client_got got;
    const struct client_reply miss = decode("miss");
    cr_assert_eq(client_got_decode(kit_codec(), miss.result, &got), OK);
    cr_expect(got.status == STATUS_MISS && slice_eq(got.token, token()));
}

Test(client_reply, gets_beyond_hit_and_miss_are_read)
{
    struct client_got got;
    cr_assert_eq(client_got_decode(kit_codec(), decode("hit_proven").result, &got), OK);
    cr_expect(got.has_version && got.version == 7 && got.has_proof && got.proof_ms == 12);
    cr_assert_eq(client_got_decode(kit_codec(), decode("stale").result, &got), OK);
    cr_expect(got.status == STATUS_STALE && slice_eq(got.value, slice_text("in transit")));
    cr_expect(slice_eq(got.token, token()) && got.age_ms == 31000 && !got.has_version);
    cr_assert_eq(client_got_decode(kit_codec(), decode("wait").result, &got), OK);
    cr_expect(got.status == STATUS_WAIT && got.value.len == 0 && got.token.len == 0);
    cr_assert_eq(client_got_decode(kit_codec(), decode("unproven").result, &got), OK);
    cr_expect(got.status == STATUS_UNPROVEN && got.has_proof && got.proof_ms == 2400);
}

Test(client_reply, a_status_of_a_later_version_is_refused)
{
    struct client_got got;
    cr_expect_eq(client_got_decode(kit_codec(), slice_of("\x94\x05\xC0\xC0\xC0", 5), &got),
                 ERR_MALFORMED);
}

Test(client_reply, acks_are_read_with_their_names)
{
    struct client_acked acked;
    cr_assert_eq(client_acked_decode(kit_codec(), decode("acks").result, &acked), OK);
    cr_expect(slice_eq(acked.stamp, stamp()) && acked.reached && acked.level.level == ACK_LOCAL);
    cr_expect(acked.applied_n == 1 && acked.missing_n == 0 && acked.tokens_n == 0);
    cr_assert_eq(client_acked_decode(kit_codec(), decode("acks_missing").result, &acked), OK);
    cr_expect(acked.level.level == ACK_NODES && acked.level.k == 2 && !acked.reached);
    cr_assert(acked.applied_n == 2 && acked.missing_n == 1);
    cr_expect(slice_eq(acked.applied[1], slice_text("node-b")));
    cr_expect(slice_eq(acked.missing[0], slice_text("node-c")));
}

Test(client_reply, a_begin_is_read_with_its_tokens)
{
    struct client_acked acked;
    cr_assert_eq(client_acked_decode(kit_codec(), decode("begun").result, &acked), OK);
    cr_expect(slice_eq(acked.stamp, stamp()) && acked.level.level == ACK_ALL);
    cr_assert_eq(acked.tokens_n, 2);
    cr_expect(slice_eq(acked.tokens[0], token()) && acked.tokens[1].len == 0);
}

Test(client_reply, more_names_than_there_is_room_for_are_left_out)
{
    static uint8_t room[16384];
    static struct slice names[CLIENT_ACKED_MAX + 1];
    struct client_acked acked;
    struct client_reply reply;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        names[i] = slice_text("n");
    const struct client_acks acks = {.stamp = stamp(),
                                     .level = {ACK_ALL, 0},
                                     .applied = names,
                                     .applied_n = ARRAY_LEN(names),
                                     .missing = names,
                                     .missing_n = 1};
    struct writer w = writer_of(room, sizeof room);
    client_reply_acks(&w, 1, &acks);
    const struct slice whole = writer_slice(&w);
    cr_assert_eq(client_reply_decode(kit_codec(), slice_of(whole.at + 4, whole.len - 4), &reply),
                 OK);
    cr_assert_eq(client_acked_decode(kit_codec(), reply.result, &acked), OK);
    cr_expect(acked.applied_n == CLIENT_ACKED_MAX && acked.missing_n == 0);
}

Test(client_reply, a_dry_run_is_read)
{
    struct client_dry_run told;
    cr_assert_eq(client_dry_run_decode(kit_codec(), decode("dry_run").result, &told), OK);
    cr_expect(told.matches == 3 && told.bytes == 1234);
    cr_expect_eq(client_dry_run_decode(kit_codec(), decode("acks").result, &told), ERR_MALFORMED);
}

Test(client_reply, what_are_no_acks_is_refused)
{
    static const char *const results[] = {"\xC0",
                                          "\x90",
                                          "\x91\xA0",
                                          "\x92\xA0\xC0",
                                          "\x92\xA0\x80",
                                          "\x92\xA0\x81\xA7reached\xA0",
                                          "\x93\xA0\x81\xA7reached\xC3\xA0"};
    for (size_t i = 0; i < ARRAY_LEN(results); i++) {
        struct client_acked acked, untouched;
        memset(&untouched, 0x5A, sizeof untouched);
        memcpy(&acked, &untouched, sizeof acked);
        cr_expect_eq(client_acked_decode(kit_codec(), slice_text(results[i]), &acked),
                     ERR_MALFORMED, "%zu", i);
        cr_expect_eq(memcmp(&acked, &untouched, sizeof acked), 0);
    }
}

Test(client_reply, an_ack_level_of_a_later_version_is_read_as_none)
{
    struct client_acked acked;
    cr_assert_eq(client_acked_decode(kit_codec(),
                                     slice_text("\x92\xA0\x82\xA5level\xA4most\xA7reached\xC3"),
                                     &acked),
                 OK);
    cr_expect(acked.reached && acked.level.level == ACK_DEFAULT);
}

Test(client_reply, small_results_are_read)
{
    struct client_stored stored;
    bool touched = false;
    cr_assert_eq(client_stored_decode(kit_codec(), decode("stored").result, &stored), OK);
    cr_expect(stored.stored && stored.reason.len == 0);
    cr_assert_eq(client_stored_decode(kit_codec(), decode("refused").result, &stored), OK);
    cr_expect(!stored.stored && slice_eq(stored.reason, slice_text("invalidated")));
    cr_assert_eq(client_bool_decode(kit_codec(), decode("touched").result, &touched), OK);
    cr_expect(touched);
}

Test(client_reply, pushes_are_read)
{
    struct client_event event;
    const struct client_reply key = decode("push_key");
    cr_expect(key.push && slice_eq(key.op, slice_text("invalidated")));
    cr_assert_eq(client_event_decode(kit_codec(), key.result, &event), OK);
    cr_expect(event.scope == SCOPE_KEY && slice_eq(event.target, slice_text("package-123")));
    cr_expect(slice_eq(event.stamp, stamp()));
    cr_assert_eq(client_event_decode(kit_codec(), decode("push_all").result, &event), OK);
    cr_expect(event.scope == SCOPE_ALL && event.target.len == 0);
}

Test(client_reply, a_conjunction_is_pushed_as_its_namespace)
{
    struct client_event event;
    struct client_reply reply;
    struct writer w = begin();
    client_push_invalidated(&w, slice_text("shop"), SCOPE_TAGS_ALL, slice_text("hub-7"), stamp());
    const struct slice whole = writer_slice(&w);
    cr_assert_eq(client_reply_decode(kit_codec(), slice_of(whole.at + 4, whole.len - 4), &reply),
                 OK);
    cr_assert_eq(client_event_decode(kit_codec(), reply.result, &event), OK);
    cr_expect(event.scope == SCOPE_NAMESPACE && event.target.len == 0);
    cr_expect(slice_eq(event.ns, slice_text("shop")));
}

Test(client_reply, a_scope_of_a_later_version_is_told_as_all)
{
    struct client_event event;
    struct slice args = decode("push_key").result;
    uint8_t bytes[128];
    memcpy(bytes, args.at, args.len);
    uint8_t *word = memmem(bytes, args.len, "key", 3);
    cr_assert_not_null(word);
    memcpy(word, "cat", 3);
    cr_assert_eq(client_event_decode(kit_codec(), slice_of(bytes, args.len), &event), OK);
    cr_expect(event.scope == SCOPE_ALL && event.target.len == 0);
}

Test(client_reply, a_reply_cut_at_any_length_is_refused)
{
    static const char *const fields[] = {"error",    "hit",   "miss",  "acks",   "hello",
                                         "push_key", "begun", "stale", "dry_run"};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const struct slice frame = kit_vector("client_reply", fields[i]);
        for (size_t len = 0; len < frame.len; len++) {
            struct client_reply reply;
            uint8_t *exact = malloc(len + 1);
            memcpy(exact, frame.at, len);
            cr_assert_neq(client_reply_decode(kit_codec(), slice_of(exact, len), &reply), OK);
            free(exact);
        }
    }
}

Test(client_reply, what_is_no_reply_is_refused_and_out_unchanged)
{
    static const char *const frames[] = {"\x94\x01\xC0\xC0",
                                         "\x90",
                                         "\xC0",
                                         "\x94\x03\x01\xC0\xC0",
                                         "\x93\x01\x01\xC0",
                                         "\x94\x01\x01\x90\xC0",
                                         "\xDD\xFF\xFF\xFF\xFF",
                                         "\x93\x02\x01\xC0",
                                         "\x94\x01\x01\xC0\xC0\xC0"};
    for (size_t i = 0; i < ARRAY_LEN(frames); i++) {
        struct client_reply reply, untouched;
        memset(&untouched, 0x5A, sizeof untouched);
        memcpy(&reply, &untouched, sizeof reply);
        cr_expect_neq(client_reply_decode(kit_codec(), slice_text(frames[i]), &reply), OK);
        cr_expect_eq(memcmp(&reply, &untouched, sizeof reply), 0);
    }
}
