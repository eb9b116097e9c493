/** Every option at -1, 0 and +1 of its limits, and what does not go together. */

#include <criterion/criterion.h>

#include "base/slice.h"
#include "wire/client_op.h"

#include "client_kit.h"

/** An op and its positional arguments, each valid; one option's name follows. */
static void begin(struct kit_request *r, const char *op, const char *option)
{
    const struct client_op_spec *spec = client_op_named(slice_text(op));
    cr_assert_not_null(spec);
    const bool aims = spec->op == OP_INVALIDATE || spec->op == OP_BEGIN;
    kit_begin(r, op, spec->args_n + (size_t)1);
    for (size_t i = 0; i < spec->args_n; i++) {
        if (aims && i == 1)
            pack_str(&r->p, slice_text("key"));
        else if ((aims && i == 2) || (spec->op == OP_MGET && i == 1))
            pack_array(&r->p, 1), kit_fill(r, 1);
        else
            kit_fill(r, spec->args_n == 1 ? CLIENT_STAMP_LEN : i > 0);
    }
    pack_map(&r->p, 1);
    pack_str(&r->p, slice_text(option));
}

/** The same with a number for the option. */
static void begin_number(struct kit_request *r, const char *op, const char *option, uint64_t value)
{
    begin(r, op, option);
    pack_u64(&r->p, value);
}

static void expect_number_refused(const char *op, const char *option, uint64_t value,
                                  const char *text)
{
    struct kit_request r;
    begin_number(&r, op, option, value);
    kit_expect_refused(&r, "BAD_OPTION", text);
}

static struct client_request take_number(const char *op, const char *option, uint64_t value)
{
    static struct kit_request r;
    begin_number(&r, op, option, value);
    return kit_expect_taken(&r);
}

/* ---- get, mget ---- */

static void begin_after(struct kit_request *r, size_t len)
{
    begin(r, "get", "after");
    kit_fill(r, len);
}

Test(client_options, after_has_1_to_8_stamps)
{
    static const size_t bad[] = {1, 23, 25, 191, 193, 216};
    struct kit_request r;
    begin_after(&r, 0);
    kit_expect_refused(&r, "BAD_STAMP",
                       "after has 0 bytes; it must have 24 for each of 1 to 8 stamps");
    begin_after(&r, 216);
    kit_expect_refused(&r, "BAD_STAMP",
                       "after has 216 bytes; it must have 24 for each of 1 to 8 stamps");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct client_request request;
        struct client_fault fault;
        begin_after(&r, bad[i]);
        cr_expect_neq(client_request_decode(kit_codec(), writer_slice(&r.w), &request, &fault), OK);
    }
    begin_after(&r, 24);
    cr_expect_eq(kit_expect_taken(&r).read.after.len, 24);
    begin_after(&r, 192);
    cr_expect_eq(kit_expect_taken(&r).read.after.len, 192);
    begin(&r, "mget", "after");
    pack_u64(&r.p, 1);
    kit_expect_refused(&r, "BAD_ARGS", "after must be bin or str");
}

Test(client_options, stale_is_a_truth)
{
    struct kit_request r;
    begin(&r, "get", "stale");
    pack_bool(&r.p, true);
    cr_expect(kit_expect_taken(&r).read.stale);
    begin(&r, "get", "stale");
    pack_bool(&r.p, false);
    cr_expect_not(kit_expect_taken(&r).read.stale);
    expect_number_refused("get", "stale", 1, "stale must be true or false");
}

Test(client_options, wait_ms_is_0_to_60000)
{
    cr_expect_eq(take_number("get", "wait_ms", 0).read.wait_ms, 0);
    cr_expect_eq(take_number("mget", "wait_ms", 60000).read.wait_ms, 60000);
    expect_number_refused("get", "wait_ms", 60001, "wait_ms has 60,001 ms; the limit is 60,000");
}

Test(client_options, within_ms_is_1_to_an_hour)
{
    expect_number_refused("get", "within_ms", 0, "within_ms has 0 ms; the least is 1");
    cr_expect_eq(take_number("get", "within_ms", 1).read.within_ms, 1);
    cr_expect_eq(take_number("get", "within_ms", 3600000).read.within_ms, 3600000);
    expect_number_refused("get", "within_ms", 3600001,
                          "within_ms has 3,600,001 ms; the limit is 3,600,000");
    expect_number_refused("get", "within_ms", UINT64_MAX,
                          "within_ms has 18,446,744,073,709,551,615 ms; the limit is 3,600,000");
}

/* ---- fill, put ---- */

Test(client_options, fresh_ms_has_the_limit_of_a_time_to_live)
{
    cr_expect_eq(take_number("put", "fresh_ms", CLIENT_TTL_MS_MAX).fill.fresh_ms,
                 CLIENT_TTL_MS_MAX);
    expect_number_refused("put", "fresh_ms", CLIENT_TTL_MS_MAX + 1,
                          "fresh_ms has 315,360,000,001 ms; the limit is 315,360,000,000");
}

Test(client_options, a_version_is_any_number)
{
    struct kit_request r;
    const struct client_request least = take_number("put", "version", 0);
    cr_expect(least.fill.has_version && least.fill.version == 0);
    const struct client_request most = take_number("invalidate", "version", UINT64_MAX);
    cr_expect(most.fill.has_version && most.fill.version == UINT64_MAX);
    begin(&r, "put", "version");
    pack_str(&r.p, slice_text("7"));
    kit_expect_refused(&r, "BAD_OPTION", "version must be an unsigned integer");
}

Test(client_options, entries_of_an_mfill_have_the_options_of_a_fill)
{
    struct kit_request r;
    kit_begin(&r, "mfill", 2);
    kit_fill(&r, 0);
    pack_array(&r.p, 1);
    pack_array(&r.p, 4);
    kit_fill(&r, 1);
    kit_fill(&r, 1);
    kit_fill(&r, 24);
    pack_map(&r.p, 2);
    pack_str(&r.p, slice_text("version"));
    pack_u64(&r.p, 9);
    pack_str(&r.p, slice_text("fresh_ms"));
    pack_u64(&r.p, 5);
    const struct client_request taken = kit_expect_taken(&r);
    cr_expect(taken.fills[0].has_version && taken.fills[0].version == 9);
    cr_expect_eq(taken.fills[0].fresh_ms, 5);
}

/* ---- acknowledgement ---- */

static const char LEVELS[] =
    "ack must be \"local\", \"quorum\", \"all\", \"fenced\" or 1 to 1,023 other nodes";

Test(client_options, an_ack_is_a_word)
{
    static const enum client_ack_level levels[] = {ACK_LOCAL, ACK_QUORUM, ACK_ALL, ACK_FENCED};

    static const char *const ops[] = {"put", "invalidate", "begin", "commit"};
    struct kit_request r;
    for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
        begin(&r, ops[i], "ack");
        pack_str(&r.p, slice_text(client_ack_text(levels[i])));
        cr_expect_eq(kit_expect_taken(&r).ack.level, levels[i]);
    }
    begin(&r, "put", "ack");
    pack_str(&r.p, slice_text("most"));
    kit_expect_refused(&r, "BAD_OPTION", LEVELS);
    begin(&r, "put", "ack");
    pack_nil(&r.p);
    kit_expect_refused(&r, "BAD_OPTION", LEVELS);
}

Test(client_options, an_ack_is_1_to_1023_other_nodes)
{
    expect_number_refused("put", "ack", 0, "ack has 0 nodes; the least is 1");
    const struct client_request one = take_number("put", "ack", 1);
    cr_expect(one.ack.level == ACK_NODES && one.ack.k == 1);
    cr_expect_eq(take_number("invalidate", "ack", 1023).ack.k, 1023);
    expect_number_refused("invalidate", "ack", 1024, "ack has 1,024 nodes; the limit is 1,023");
}

Test(client_options, timeout_ms_is_1_to_60000)
{
    expect_number_refused("put", "timeout_ms", 0, "timeout_ms has 0 ms; the least is 1");
    cr_expect_eq(take_number("put", "timeout_ms", 1).timeout_ms, 1);
    cr_expect_eq(take_number("commit", "timeout_ms", 60000).timeout_ms, 60000);
    expect_number_refused("invalidate", "timeout_ms", 60001,
                          "timeout_ms has 60,001 ms; the limit is 60,000");
}

Test(client_options, an_intent_lasts_1_to_600000_ms)
{
    expect_number_refused("begin", "timeout_ms", 0, "timeout_ms has 0 ms; the least is 1");
    cr_expect_eq(take_number("begin", "timeout_ms", 600000).timeout_ms, 600000);
    expect_number_refused("begin", "timeout_ms", 600001,
                          "timeout_ms has 600,001 ms; the limit is 600,000");
}

/* ---- scopes ---- */

static void begin_scope(struct kit_request *r, const char *scope, size_t targets_n, bool option)
{
    kit_begin(r, "invalidate", option ? 4 : 3);
    kit_fill(r, 0);
    pack_str(&r->p, slice_text(scope));
    pack_array(&r->p, targets_n);
    for (size_t i = 0; i < targets_n; i++)
        kit_fill(r, 1);
    if (option)
        pack_map(&r->p, 1);
}

static void say_soft(struct kit_request *r, const char *scope, size_t targets_n, bool soft)
{
    begin_scope(r, scope, targets_n, true);
    pack_str(&r->p, slice_text("soft"));
    pack_bool(&r->p, soft);
}

Test(client_options, soft_goes_with_four_scopes)
{
    static const char *const good[] = {"key", "tag", "namespace", "all"};
    struct kit_request r;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        say_soft(&r, good[i], i < 2, true);
        cr_expect(kit_expect_taken(&r).soft, "%s", good[i]);
    }
    say_soft(&r, "prefix", 1, true);
    kit_expect_refused(&r, "BAD_OPTION",
                       "soft goes with scope \"key\", \"tag\", \"namespace\" or \"all\", not with "
                       "\"prefix\"");
    say_soft(&r, "tags_all", 2, true);
    kit_expect_refused(&r, "BAD_OPTION",
                       "soft goes with scope \"key\", \"tag\", \"namespace\" or \"all\", not with "
                       "\"tags_all\"");
    say_soft(&r, "prefix", 1, false);
    cr_expect_not(kit_expect_taken(&r).soft);
}

Test(client_options, a_version_goes_with_keys_only)
{
    static const char *const bad[] = {"tag", "prefix"};
    struct kit_request r;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        begin_scope(&r, bad[i], 1, true);
        pack_str(&r.p, slice_text("version"));
        pack_u64(&r.p, 1);
        kit_expect_refused(&r, "BAD_OPTION",
                           i == 0 ? "version goes with scope \"key\", not with \"tag\""
                                  : "version goes with scope \"key\", not with \"prefix\"");
    }
}

Test(client_options, a_conjunction_has_2_to_16_tags)
{
    struct kit_request r;
    begin_scope(&r, "tags_all", 0, false);
    kit_expect_refused(&r, "NO_TARGETS", "tags_all has 0 targets; the least is 1");
    begin_scope(&r, "tags_all", 1, false);
    kit_expect_refused(&r, "BAD_ARGS",
                       "tags_all has 1 target; the least is 2: for one use scope \"tag\"");
    begin_scope(&r, "tags_all", 2, false);
    cr_expect_eq(kit_expect_taken(&r).targets_n, 2);
    begin_scope(&r, "tags_all", 16, false);
    cr_expect_eq(kit_expect_taken(&r).targets_n, 16);
    begin_scope(&r, "tags_all", 17, false);
    kit_expect_refused(&r, "TOO_MANY_TARGETS", "tags_all has 17 targets; the limit is 16");
}

Test(client_options, targets_of_a_conjunction_are_tags)
{
    struct kit_request r;
    kit_begin(&r, "invalidate", 3);
    kit_fill(&r, 0);
    pack_str(&r.p, slice_text("tags_all"));
    pack_array(&r.p, 2);
    kit_fill(&r, 1);
    kit_fill(&r, 129);
    kit_expect_refused(&r, "TAG_TOO_LONG", "tag has 129 bytes; the limit is 128");
}

/* ---- trace, begin, commit, abort ---- */

Test(client_options, a_stamp_has_24_bytes)
{
    static const char *const ops[] = {"trace", "commit", "abort"};
    static const size_t lens[] = {0, 23, 25, 48};
    struct kit_request r;
    for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
        kit_begin(&r, ops[i], 1);
        kit_fill(&r, 24);
        cr_expect_eq(kit_expect_taken(&r).stamp.len, 24);
        for (size_t k = 0; k < ARRAY_LEN(lens); k++) {
            struct client_request request;
            struct client_fault fault;
            kit_begin(&r, ops[i], 1);
            kit_fill(&r, lens[k]);
            cr_expect_neq(client_request_decode(kit_codec(), writer_slice(&r.w), &request, &fault),
                          OK);
        }
    }
    kit_begin(&r, "trace", 1);
    kit_fill(&r, 23);
    kit_expect_refused(&r, "BAD_STAMP", "stamp has 23 bytes; it must have 24");
    kit_begin(&r, "commit", 1);
    kit_fill(&r, 25);
    kit_expect_refused(&r, "BAD_STAMP", "txn has 25 bytes; it must have 24");
    kit_begin(&r, "abort", 1);
    pack_nil(&r.p);
    kit_expect_refused(&r, "BAD_ARGS", "txn must be bin or str");
}

static void begin_begin(struct kit_request *r, const char *scope, size_t targets_n)
{
    kit_begin(r, "begin", 3);
    kit_fill(r, 0);
    pack_str(&r->p, slice_text(scope));
    pack_array(&r->p, targets_n);
    for (size_t i = 0; i < targets_n; i++)
        kit_fill(r, 1);
}

Test(client_options, a_put_may_name_a_txn_and_nothing_else_may)
{
    struct kit_request r;
    begin(&r, "put", "txn");
    kit_fill(&r, CLIENT_STAMP_LEN);
    cr_expect_eq(kit_expect_taken(&r).stamp.len, CLIENT_STAMP_LEN);
    begin(&r, "put", "txn");
    kit_fill(&r, CLIENT_STAMP_LEN - 1);
    kit_expect_refused(&r, "BAD_STAMP", "txn has 23 bytes; it must have 24");
    begin(&r, "fill", "txn");
    kit_fill(&r, CLIENT_STAMP_LEN);
    kit_expect_refused(&r, "UNKNOWN_OPTION", "fill has no option \"txn\"");
}

Test(client_options, an_intent_is_about_1_to_256_keys)
{
    struct kit_request r;
    begin_begin(&r, "key", 0);
    kit_expect_refused(&r, "NO_TARGETS", "begin has 0 targets; the least is 1");
    begin_begin(&r, "key", 256);
    cr_expect_eq(kit_expect_taken(&r).targets_n, 256);
    begin_begin(&r, "key", 257);
    kit_expect_refused(&r, "TOO_MANY_TARGETS", "begin has 257 targets; the limit is 256");
    begin_begin(&r, "tag", 1);
    kit_expect_refused(&r, "BAD_ARGS", "scope must be \"key\": a begin knows no other");
}

Test(client_options, an_abort_waits_for_nobody)
{
    struct kit_request r;
    begin(&r, "abort", "ack");
    pack_u64(&r.p, 1);
    kit_expect_refused(&r, "UNKNOWN_OPTION", "abort has no option \"ack\"");
}
