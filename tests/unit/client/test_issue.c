/** Reads with conditions, writes with acknowledgements, intents: what is sent and what is given back. */

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "client/inside.h"

#include "fake_node.h"

#define LONG_MS  20000
#define SHORT_MS 50

static struct fake node;

static const struct scrubjay_bytes KEY = {"package-123", 11};
static const struct slice NAMES[] = {
    {(const uint8_t *)"a", 1}, {(const uint8_t *)"b", 1}, {(const uint8_t *)"c", 1}};

static struct scrubjay_stamp stamp_of(char fill)
{
    struct scrubjay_stamp stamp = {.len = CLIENT_STAMP_LEN};
    memset(stamp.bytes, fill, stamp.len);
    return stamp;
}

static bool holds(struct scrubjay_bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.at, text, bytes.len) == 0;
}

/** The request as it came, for the test to look at once the node has stopped. */
static struct client_request seen;
static uint8_t seen_bytes[256]; /* of its `after` or stamp */

static void remember(const struct client_request *q)
{
    const struct slice bytes = q->read.after.len > 0 ? q->read.after : q->stamp;
    seen = *q;
    cr_assert_leq(bytes.len, sizeof seen_bytes);
    if (bytes.len > 0)
        memcpy(seen_bytes, bytes.at, bytes.len);
}

/** Acks as asked for: two have it; a third is missing unless the level is "local". */
static struct client_acks acks_for(const struct client_request *q)
{
    const bool local = q->ack.level <= ACK_LOCAL;
    return (struct client_acks){.stamp = slice_text("stamp-of-twenty-four-byt"),
                                .level = local ? (struct client_ack){.level = ACK_LOCAL} : q->ack,
                                .reached = local,
                                .applied = NAMES,
                                .applied_n = local ? 1 : 2,
                                .missing = NAMES + 2,
                                .missing_n = local ? 0 : 1};
}

/** A get is answered with the status that its key names; everything else as it wants. */
static void answer(struct fake *f, const struct client_request *q)
{
    static const struct slice tokens[] = {{(const uint8_t *)"t0", 2}, {0}};
    const struct client_acks acks = acks_for(q);
    struct client_got got = {.status = STATUS_UNPROVEN, .ttl_ms = UINT64_MAX};
    if (q->op == OP_GET && slice_eq(q->fill.key, slice_text("stale")))
        got = (struct client_got){.status = STATUS_STALE,
                                  .value = slice_text("old"),
                                  .token = slice_text("t"),
                                  .ttl_ms = UINT64_MAX,
                                  .has_version = true,
                                  .version = 7};
    else if (q->op == OP_GET && slice_eq(q->fill.key, slice_text("wait")))
        got.status = STATUS_WAIT;
    got.has_proof = got.status == STATUS_UNPROVEN;
    got.proof_ms = 3;
    if (q->op == OP_GET)
        client_reply_get(&f->w, q->id, &got);
    else if (q->op == OP_BEGIN)
        client_reply_begin(&f->w, q->id, &acks, tokens, 2);
    else if (q->dry_run)
        client_reply_dry_run(&f->w, q->id, 3, 1234);
    else if (q->op == OP_TRACE || q->op == OP_NAMESPACES)
        client_reply_raw(&f->w, q->id, slice_of("\x81\xA1\x61\x01", 4));
    else
        client_reply_acks(&f->w, q->id, &acks);
}

static void obey(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    while (fake_take(f, fd, &q)) {
        remember(&q);
        answer(f, &q);
        fake_send(f, fd);
    }
}

static struct scrubjay *begin(void)
{
    fake_start(&node, obey, 1);
    return fake_client(&node, LONG_MS);
}

/** Afterwards `seen` may be looked at. */
static void end(struct scrubjay *c)
{
    scrubjay_free(c);
    fake_join(&node);
}

/* ---- reading ---- */

Test(issue, a_read_with_conditions_sends_them_all)
{
    const struct scrubjay_stamp after[] = {stamp_of('x'), stamp_of('y')};
    const struct scrubjay_read read = {
        .after = after, .after_n = 2, .stale = true, .wait_ms = 5, .within_ms = 7};
    struct scrubjay_value got;
    struct scrubjay *c = begin();
    cr_expect_eq(scrubjay_get_with(c, "", scrubjay_text("stale"), &read, &got), SCRUBJAY_STALE);
    cr_expect(holds(got.value, "old") && holds(got.token, "t"));
    cr_expect(got.has_version && got.version == 7 && !got.has_proof);
    end(c);
    cr_expect(seen.read.stale && seen.read.wait_ms == 5 && seen.read.within_ms == 7);
    cr_expect(seen.read.after.len == 48 && seen_bytes[0] == 'x' && seen_bytes[47] == 'y');
}

Test(issue, a_read_tells_waiting_and_lack_of_proof)
{
    struct scrubjay_value got;
    struct scrubjay *c = begin();
    cr_expect_eq(scrubjay_get(c, "", scrubjay_text("wait"), &got), SCRUBJAY_WAIT);
    cr_expect_eq(scrubjay_get(c, "", scrubjay_text("strict"), &got), SCRUBJAY_UNPROVEN);
    cr_expect(got.has_proof && got.proof_ms == 3 && got.value.len == 0);
    end(c);
    cr_expect(seen.read.after.len == 0 && !seen.read.stale && seen.read.wait_ms == 0);
}

Test(issue, conditions_beyond_their_limits_are_not_sent)
{
    static struct scrubjay_stamp after[SCRUBJAY_AFTER_MAX + 1];
    const struct scrubjay_options options = {.address = "nowhere.invalid:1"};
    struct scrubjay *c = scrubjay_new(&options);
    struct scrubjay_value got;
    struct scrubjay_read read = {.after = after, .after_n = ARRAY_LEN(after)};
    for (size_t i = 0; i < ARRAY_LEN(after); i++)
        after[i] = stamp_of('x');
    cr_expect_eq(scrubjay_get_with(c, "", KEY, &read, &got), SCRUBJAY_INVALID);
    cr_expect_str_eq(scrubjay_error(c), "a get is after 9 stamps; the limit is 8");
    read = (struct scrubjay_read){.wait_ms = 60001};
    cr_expect_eq(scrubjay_get_with(c, "", KEY, &read, &got), SCRUBJAY_INVALID);
    cr_expect_str_eq(scrubjay_error_name(c), "BAD_OPTION");
    after[0].len = 23;
    read = (struct scrubjay_read){.after = after, .after_n = 1};
    cr_expect_eq(scrubjay_get_with(c, "", KEY, &read, &got), SCRUBJAY_INVALID);
    cr_expect_str_eq(scrubjay_error_name(c), "BAD_STAMP");
    scrubjay_free(c);
}

/* ---- writing ---- */

Test(issue, a_put_sends_its_version_token_and_level)
{
    const struct scrubjay_store store = {.ttl_ms = 9,
                                         .fresh_ms = 8,
                                         .has_version = true,
                                         .version = 7,
                                         .token = {"t", 1},
                                         .ack = {SCRUBJAY_ACK_LOCAL, .timeout_ms = 6}};
    struct scrubjay_stamp stamp = {.len = 0};
    struct scrubjay *c = begin();
    cr_expect_eq(scrubjay_put(c, "", KEY, KEY, &store, &stamp), SCRUBJAY_OK);
    cr_expect_eq(stamp.len, CLIENT_STAMP_LEN);
    end(c);
    cr_expect(seen.fill.ttl_ms == 9 && seen.fill.fresh_ms == 8 && seen.fill.token.len == 1);
    cr_expect(seen.fill.has_version && seen.fill.version == 7);
    cr_expect(seen.ack.level == ACK_LOCAL && seen.timeout_ms == 6);
}

Test(issue, a_level_that_was_not_reached_is_told_with_the_names)
{
    const struct scrubjay_aim aim = {"shop", SCRUBJAY_KEY, &KEY, 1};
    const struct scrubjay_how how = {
        .has_version = true, .version = 3, .ack = {SCRUBJAY_ACK_NODES, 2, 500}};
    struct scrubjay_stamp stamp = {.len = 0};
    struct scrubjay_acks acks;
    struct scrubjay *c = begin();
    cr_expect_eq(scrubjay_invalidate_with(c, &aim, &how, &stamp), SCRUBJAY_UNREACHED);
    cr_expect_eq(stamp.len, CLIENT_STAMP_LEN, "it was issued all the same");
    cr_expect_str_eq(scrubjay_error(c),
                     "acknowledgement level 2 was not reached in time: 2 applied "
                     "it, 1 are missing. It stays in force and goes on spreading.");
    cr_assert_eq(scrubjay_acked(c, &acks), SCRUBJAY_OK);
    cr_expect(!acks.reached && acks.level == SCRUBJAY_ACK_NODES && acks.nodes == 2);
    cr_assert(acks.applied_n == 2 && acks.missing_n == 1);
    cr_expect(holds(acks.applied[1], "b") && holds(acks.missing[0], "c"));
    end(c);
    cr_expect(seen.fill.has_version && seen.fill.version == 3 && seen.timeout_ms == 500);
}

Test(issue, acks_belong_to_the_last_call_only)
{
    struct scrubjay_acks acks;
    struct scrubjay_value got;
    struct scrubjay *c = begin();
    cr_expect_eq(scrubjay_acked(c, &acks), SCRUBJAY_INVALID);
    cr_expect_eq(scrubjay_invalidate(c, "", SCRUBJAY_ALL, NULL, 0, NULL), SCRUBJAY_OK);
    cr_assert_eq(scrubjay_acked(c, &acks), SCRUBJAY_OK);
    cr_expect(acks.reached && acks.level == SCRUBJAY_ACK_LOCAL && acks.applied_n == 1);
    cr_expect_eq(scrubjay_get(c, "", scrubjay_text("wait"), &got), SCRUBJAY_WAIT);
    cr_expect_eq(scrubjay_acked(c, &acks), SCRUBJAY_INVALID);
    end(c);
}

Test(issue, a_conjunction_and_a_soft_kill_are_sent)
{
    const struct scrubjay_bytes tags[] = {scrubjay_text("x"), scrubjay_text("y")};
    const struct scrubjay_aim both = {"", SCRUBJAY_TAGS_ALL, tags, 2};
    const struct scrubjay_aim each = {"", SCRUBJAY_TAG, tags, 2};
    const struct scrubjay_how soft = {.soft = true};
    struct scrubjay *c = begin();
    cr_expect_eq(scrubjay_invalidate_with(c, &both, NULL, NULL), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_invalidate_with(c, &both, &soft, NULL), SCRUBJAY_INVALID);
    cr_expect_str_eq(scrubjay_error_name(c), "BAD_OPTION");
    cr_expect_eq(scrubjay_invalidate_with(c, &each, &soft, NULL), SCRUBJAY_OK);
    end(c);
    cr_expect(seen.soft && seen.scope == SCOPE_TAG && seen.targets_n == 2);
}

Test(issue, a_dry_run_counts)
{
    const struct scrubjay_aim aim = {"", SCRUBJAY_PREFIX, &KEY, 1};
    struct scrubjay_matches told;
    struct scrubjay_acks acks;
    struct scrubjay *c = begin();
    cr_assert_eq(scrubjay_dry_run(c, &aim, &told), SCRUBJAY_OK);
    cr_expect(told.entries == 3 && told.bytes == 1234);
    cr_expect_eq(scrubjay_acked(c, &acks), SCRUBJAY_INVALID);
    end(c);
    cr_expect(seen.dry_run);
}

Test(issue, scopes_and_levels_out_of_range_are_refused)
{
    const struct scrubjay_options options = {.address = "nowhere.invalid:1"};
    const struct scrubjay_aim aim = {"", (enum scrubjay_scope)7, &KEY, 1};
    const struct scrubjay_aim good = {"", SCRUBJAY_KEY, &KEY, 1};
    const struct scrubjay_how how = {.ack = {.level = (enum scrubjay_ack_level)6}};
    struct scrubjay *c = scrubjay_new(&options);
    cr_expect_eq(scrubjay_invalidate_with(c, &aim, NULL, NULL), SCRUBJAY_INVALID);
    cr_expect_eq(scrubjay_invalidate_with(c, &good, &how, NULL), SCRUBJAY_INVALID);
    cr_expect_str_eq(scrubjay_error(c), "level 6 is none of enum scrubjay_ack_level");
    scrubjay_free(c);
}

/* ---- intents and traces ---- */

Test(issue, an_intent_gives_a_txn_and_tokens)
{
    const struct scrubjay_bytes keys[] = {KEY, KEY};
    const struct scrubjay_aim aim = {"", SCRUBJAY_KEY, keys, 2};
    struct scrubjay_begun begun;
    struct scrubjay_stamp stamp;
    struct scrubjay_acks acks;
    struct scrubjay *c = begin();
    cr_assert_eq(scrubjay_begin(c, &aim, 5000, NULL, &begun), SCRUBJAY_OK);
    cr_assert(begun.txn.len == CLIENT_STAMP_LEN && begun.tokens_n == 2);
    cr_assert_eq(scrubjay_acked(c, &acks), SCRUBJAY_OK);
    cr_expect(holds(acks.applied[0], "a"));
    cr_expect(holds(begun.tokens[0], "t0") && begun.tokens[1].len == 0);
    cr_expect(seen.op == OP_BEGIN && seen.timeout_ms == 5000 && seen.targets_n == 2);
    cr_expect_eq(scrubjay_commit(c, &begun.txn, NULL, &stamp), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_abort(c, &begun.txn, NULL), SCRUBJAY_OK);
    end(c);
    cr_expect(seen.op == OP_ABORT && memcmp(seen_bytes, "stamp-of-twenty", 15) == 0);
}

Test(issue, a_put_names_the_txn_that_it_ends)
{
    const struct scrubjay_stamp txn = stamp_of('t');
    const struct scrubjay_stamp none = {.len = 0};
    struct scrubjay_store store = {.token = {"t", 1}, .txn = &txn};
    struct scrubjay *c = begin();
    cr_expect_eq(scrubjay_put(c, "", KEY, KEY, &store, NULL), SCRUBJAY_OK);
    store.txn = &none;
    cr_expect_eq(scrubjay_put(c, "", KEY, KEY, &store, NULL), SCRUBJAY_INVALID);
    end(c);
    cr_expect(seen.op == OP_PUT && seen.fill.token.len == 1);
    cr_expect(seen.stamp.len == CLIENT_STAMP_LEN && seen_bytes[0] == 't');
}

Test(issue, a_commit_waits_for_its_level)
{
    const struct scrubjay_stamp txn = stamp_of('t');
    const struct scrubjay_ack ack = {.level = SCRUBJAY_ACK_QUORUM, .timeout_ms = 70};
    struct scrubjay *c = begin();
    cr_expect_eq(scrubjay_commit(c, &txn, &ack, NULL), SCRUBJAY_UNREACHED);
    cr_expect_eq(c->extra_ms, 70, "on top of the client's own timeout");
    end(c);
    cr_expect(seen.ack.level == ACK_QUORUM && seen.timeout_ms == 70);
}

Test(issue, a_trace_and_the_namespaces_are_documents)
{
    const struct scrubjay_stamp stamp = stamp_of('s');
    struct scrubjay_bytes document;
    struct scrubjay *c = begin();
    cr_expect_eq(scrubjay_trace(c, &stamp, &document), SCRUBJAY_OK);
    cr_expect_eq(document.len, 4);
    cr_expect_eq(scrubjay_inspect(c, "namespaces", &document), SCRUBJAY_OK);
    cr_expect_eq(document.len, 4);
    end(c);
}

static void stay_silent(struct fake *f, int fd, unsigned nth)
{
    struct client_request q;
    (void)nth;
    fake_greet(f, fd);
    while (fake_take(f, fd, &q))
        continue;
}

Test(issue, a_call_that_asks_the_node_to_wait_waits_as_much_longer)
{
    const struct scrubjay_read read = {.wait_ms = 30};
    struct scrubjay_value got;
    fake_start(&node, stay_silent, 1);
    struct scrubjay *c = fake_client(&node, SHORT_MS);
    cr_assert_eq(scrubjay_connect(c), SCRUBJAY_OK);
    cr_expect_eq(scrubjay_get_with(c, "", KEY, &read, &got), SCRUBJAY_TIMEOUT);
    cr_expect_not_null(strstr(scrubjay_error(c), "did not answer within 80 ms"));
    end(c);
}
